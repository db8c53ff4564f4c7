package import NIOCore

/// The value at `cilium/cluster-config/<cluster>`: who the cluster is and what its store supports.
///
/// Mesh clients read it once per connection, before anything else. The bytes are those of Go's
/// `encoding/json` for Cilium's `CiliumClusterConfig`: compact, fields in order of declaration, zero values
/// left out.
package struct ClusterConfiguration: Sendable, Hashable {
    /// The cluster's id; zero when the value did not say.
    ///
    /// Not checked: see ``clusterID(in:)``.
    package var id: UInt32
    /// What the store supports.
    package var capabilities: Capabilities

    /// Creates a configuration from its parts, unchecked.
    package init(id: UInt32, capabilities: Capabilities) {
        self.id = id
        self.capabilities = capabilities
    }

    /// Creates the configuration of a cluster that this process serves.
    ///
    /// Canaries are always announced, because the server always writes them.
    package init(id: ClusterID, mesh: MaxConnectedClusters, serviceExportsEnabled: Bool? = nil) {
        self.id = id.rawValue
        self.capabilities = Capabilities(
            syncedCanaries: true,
            maxConnectedClusters: UInt32(mesh.rawValue),
            serviceExportsEnabled: serviceExportsEnabled
        )
    }

    /// Returns the id if a mesh of the given size can have it.
    ///
    /// - Throws: The same errors as ``ClusterID``'s initialiser.
    package func clusterID(in mesh: MaxConnectedClusters) throws(MeshSchemaError) -> ClusterID {
        try ClusterID(Int(self.id), in: mesh)
    }

    /// What a cluster's store supports.
    package struct Capabilities: Sendable, Hashable {
        /// A key below `cilium/synced/` appears once a resource is complete.
        package var syncedCanaries: Bool
        /// The objects are below `cilium/cache/`, mirrored from another store.
        package var cached: Bool
        /// The size of the mesh; zero when the value did not say.
        package var maxConnectedClusters: UInt32
        /// Whether the cluster exports services of the multi-cluster services API; `nil`: it does not know
        /// them.
        package var serviceExportsEnabled: Bool?
        /// How endpoint slices are exported; empty: not at all.
        ///
        /// Text, because later versions may add words.
        package var endpointSlicesExportMode: String

        /// Creates capabilities; what is left out is not supported.
        package init(
            syncedCanaries: Bool = false,
            cached: Bool = false,
            maxConnectedClusters: UInt32 = 0,
            serviceExportsEnabled: Bool? = nil,
            endpointSlicesExportMode: String = ""
        ) {
            self.syncedCanaries = syncedCanaries
            self.cached = cached
            self.maxConnectedClusters = maxConnectedClusters
            self.serviceExportsEnabled = serviceExportsEnabled
            self.endpointSlicesExportMode = endpointSlicesExportMode
        }
    }
}

// MARK: - JSON

extension ClusterConfiguration {
    private enum Field {
        static let id = "id"
        static let capabilities = "capabilities"
        static let syncedCanaries = "syncedCanaries"
        static let cached = "cached"
        static let maxConnectedClusters = "maxConnectedClusters"
        static let serviceExportsEnabled = "serviceExportsEnabled"
        static let endpointSlicesExportMode = "endpointSlicesExportMode"
    }

    /// Returns the value's bytes, identical to those that Cilium's own programs write.
    package func encoded() -> ByteBuffer {
        let capabilities = self.capabilities
        return GoJSON.object { json in
            if self.id != 0 { json.member(Field.id, self.id) }
            // Go's `omitempty` does not apply to a struct, so the object is there even when it is empty.
            json.member(Field.capabilities) { json in
                json.object { json in
                    if capabilities.syncedCanaries { json.member(Field.syncedCanaries, true) }
                    if capabilities.cached { json.member(Field.cached, true) }
                    if capabilities.maxConnectedClusters != 0 {
                        json.member(Field.maxConnectedClusters, capabilities.maxConnectedClusters)
                    }
                    if let isEnabled = capabilities.serviceExportsEnabled {
                        json.member(Field.serviceExportsEnabled, isEnabled)
                    }
                    if !capabilities.endpointSlicesExportMode.isEmpty {
                        json.member(Field.endpointSlicesExportMode, capabilities.endpointSlicesExportMode)
                    }
                }
            }
        }
    }

    /// Reads a value that some version of Cilium wrote.
    ///
    /// Fields that are absent or `null` have their zero value; unknown fields are ignored, as Cilium ignores
    /// them.
    ///
    /// - Throws: ``MeshSchemaError/malformedClusterConfiguration(reason:)`` when the bytes are not a JSON
    ///   object or a known field has another type.
    package init(decoding bytes: ByteBuffer) throws(MeshSchemaError) {
        let wire = try ValueDecoding.decode(Wire.self, from: bytes) {
            .malformedClusterConfiguration(reason: $0)
        }
        self.init(
            id: wire.id?.value ?? 0,
            capabilities: Capabilities(
                syncedCanaries: wire.capabilities?.syncedCanaries ?? false,
                cached: wire.capabilities?.cached ?? false,
                maxConnectedClusters: wire.capabilities?.maxConnectedClusters?.value ?? 0,
                serviceExportsEnabled: wire.capabilities?.serviceExportsEnabled,
                endpointSlicesExportMode: wire.capabilities?.endpointSlicesExportMode ?? ""
            )
        )
    }

    /// The JSON object as it is read: every field may be absent.
    private struct Wire: Decodable {
        var id: WireNumber<UInt32>?
        var capabilities: WireCapabilities?
    }

    private struct WireCapabilities: Decodable {
        var syncedCanaries: Bool?
        var cached: Bool?
        var maxConnectedClusters: WireNumber<UInt32>?
        var serviceExportsEnabled: Bool?
        var endpointSlicesExportMode: String?
    }
}
