import FoundationEssentials
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
        // Written by hand: no JSON encoder promises the order of fields, and readers compare the bytes.
        var members: [String] = []
        if self.capabilities.syncedCanaries { members.append(Self.member(Field.syncedCanaries, "true")) }
        if self.capabilities.cached { members.append(Self.member(Field.cached, "true")) }
        if self.capabilities.maxConnectedClusters != 0 {
            members.append(
                Self.member(Field.maxConnectedClusters, String(self.capabilities.maxConnectedClusters))
            )
        }
        if let isEnabled = self.capabilities.serviceExportsEnabled {
            members.append(Self.member(Field.serviceExportsEnabled, isEnabled ? "true" : "false"))
        }
        if !self.capabilities.endpointSlicesExportMode.isEmpty {
            members.append(
                Self.member(
                    Field.endpointSlicesExportMode,
                    Self.quoted(self.capabilities.endpointSlicesExportMode)
                )
            )
        }
        // Go's `omitempty` does not apply to a struct, so the object is there even when it is empty.
        let capabilities = Self.member(Field.capabilities, "{" + members.joined(separator: ",") + "}")
        let id = self.id == 0 ? "" : Self.member(Field.id, String(self.id)) + ","
        return ByteBuffer(string: "{" + id + capabilities + "}")
    }

    private static func member(_ name: String, _ value: String) -> String { "\"\(name)\":\(value)" }

    /// Quotes text as Go's `encoding/json` does with its default of escaping HTML.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{8}": quoted += "\\b"
            case "\u{c}": quoted += "\\f"
            case "\u{0}"..."\u{1f}", "<", ">", "&", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// Reads a value that some version of Cilium wrote.
    ///
    /// Fields that are absent or `null` have their zero value; unknown fields are ignored, as Cilium ignores
    /// them.
    ///
    /// - Throws: ``MeshSchemaError/malformedClusterConfiguration(reason:)`` when the bytes are not a JSON
    ///   object or a known field has another type.
    package init(decoding bytes: ByteBuffer) throws(MeshSchemaError) {
        let wire: Wire
        do {
            wire = try JSONDecoder().decode(Wire.self, from: Data(bytes.readableBytesView))
        } catch let error as DecodingError {
            throw .malformedClusterConfiguration(reason: Self.reason(of: error))
        } catch {
            throw .malformedClusterConfiguration(reason: Self.notJSON)
        }
        self.init(
            id: try Self.unsigned(wire.id, field: Field.id),
            capabilities: Capabilities(
                syncedCanaries: wire.capabilities?.syncedCanaries ?? false,
                cached: wire.capabilities?.cached ?? false,
                maxConnectedClusters: try Self.unsigned(
                    wire.capabilities?.maxConnectedClusters,
                    field: Field.capabilities + "." + Field.maxConnectedClusters
                ),
                serviceExportsEnabled: wire.capabilities?.serviceExportsEnabled,
                endpointSlicesExportMode: wire.capabilities?.endpointSlicesExportMode ?? ""
            )
        )
    }

    private static func reason(of error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context):
            self.reason(at: context)
        case .dataCorrupted(let context):
            context.codingPath.isEmpty ? self.notJSON : self.reason(at: context)
        @unknown default: self.notJSON
        }
    }

    private static func reason(at context: DecodingError.Context) -> String {
        guard !context.codingPath.isEmpty else { return "it is not a JSON object" }
        let path = context.codingPath.map(\.stringValue).joined(separator: ".")
        return self.unfit(field: path)
    }

    // The decoder says the same of bytes that are not JSON and of numbers beyond 64 bits.
    private static let notJSON = "it is not JSON, or it has a number that does not fit"

    private static func unfit(field: String) -> String {
        "the field \"\(field)\" has the wrong type or does not fit"
    }

    private static func unsigned(_ value: Int64?, field: String) throws(MeshSchemaError) -> UInt32 {
        guard let number = UInt32(exactly: value ?? 0) else {
            throw .malformedClusterConfiguration(reason: self.unfit(field: field))
        }
        return number
    }

    /// The JSON object as it is read: every field may be absent.
    private struct Wire: Decodable {
        // Wider than the value's type: the decoder does not name the field of a number that does not fit.
        var id: Int64?
        var capabilities: WireCapabilities?
    }

    private struct WireCapabilities: Decodable {
        var syncedCanaries: Bool?
        var cached: Bool?
        var maxConnectedClusters: Int64?
        var serviceExportsEnabled: Bool?
        var endpointSlicesExportMode: String?
    }
}
