import FoundationEssentials
package import NIOCore

/// The value of a global service: where it is reached and which backends this cluster has for it.
///
/// The bytes are those of Go's `encoding/json` for Cilium's `pkg/clustermesh/store.ClusterService` (1.19 and
/// later).
package struct ServiceValue: Sendable, Hashable {
    /// A port and its protocol.
    package struct Port: Sendable, Hashable {
        /// The protocol, such as `TCP`.
        package var `protocol`: String
        /// The port.
        package var port: UInt16

        /// Creates a port.
        package init(protocol: String, port: UInt16) {
            self.`protocol` = `protocol`
            self.port = port
        }
    }

    /// Where a backend is.
    package struct Zone: Sendable, Hashable {
        /// The zone.
        package var zone: String
        /// The zones whose clients should prefer the backend.
        package var forZones: [String]

        /// Creates a zone.
        package init(zone: String, forZones: [String] = []) {
            self.zone = zone
            self.forZones = forZones
        }
    }

    /// Ports by name; an unnamed port's name is empty.
    package typealias Ports = [String: Port]

    /// The cluster's name.
    package var cluster: String
    /// The cluster's id.
    package var clusterID: UInt32
    /// The namespace.
    package var namespace: String
    /// The name.
    package var name: String
    /// The addresses of the service itself; empty for a headless one.
    package var frontends: [IPAddress: Ports] = [:]
    /// The addresses that answer.
    package var backends: [IPAddress: Ports] = [:]
    /// The host names of backends that have one.
    package var hostnames: [IPAddress: String] = [:]
    /// The zones of backends that have one.
    package var zones: [IPAddress: Zone] = [:]
    /// The service's labels.
    package var labels: [String: String] = [:]
    /// What selects the service's pods.
    package var selector: [String: String] = [:]
    /// Whether backends of other clusters belong to the service.
    package var includeExternal = true
    /// Whether other clusters may use the backends; readers treat `false` as a deletion.
    package var isShared = true

    /// Creates a service that has nothing yet but a name.
    package init(cluster: String, clusterID: UInt32, namespace: String, name: String) {
        self.cluster = cluster
        self.clusterID = clusterID
        self.namespace = namespace
        self.name = name
    }

    /// Returns the value's bytes, identical to those that Cilium's own programs write.
    package func encoded() -> ByteBuffer {
        GoJSON.object { json in
            json.member("cluster", self.cluster)
            json.member("namespace", self.namespace)
            json.member("name", self.name)
            json.member("frontends") { $0.map(Self.byText(self.frontends), Self.encode) }
            json.member("backends") { $0.map(Self.byText(self.backends), Self.encode) }
            if !self.hostnames.isEmpty { json.member("hostnames", Self.byText(self.hostnames)) }
            if !self.zones.isEmpty {
                json.member("zones") { json in
                    json.map(Self.byText(self.zones)) { json, zone in
                        json.object { json in
                            json.member("zone", zone.zone)
                            json.member("forZones", list: zone.forZones) { json, name in
                                json.object { $0.member("name", name) }
                            }
                        }
                    }
                }
            }
            json.member("labels", self.labels)
            json.member("selector", self.selector)
            json.member("includeExternal", self.includeExternal)
            json.member("shared", self.isShared)
            json.member("clusterID", self.clusterID)
        }
    }

    private static func byText<Value>(_ map: [IPAddress: Value]) -> [String: Value] {
        // Different addresses have different texts.
        Dictionary(uniqueKeysWithValues: map.map { ($0.key.description, $0.value) })
    }

    private static func encode(_ json: inout GoJSON, _ ports: Ports) {
        json.map(ports) { json, port in
            json.object { json in
                json.member("Protocol", port.protocol)
                json.member("Port", port.port)
            }
        }
    }

    /// Reads a value that some version of Cilium wrote; unknown fields are ignored.
    ///
    /// Checks what needs no context: cluster, namespace and name are there and every address is one.
    ///
    /// - Throws: ``MeshSchemaError/malformedValue(resource:reason:)``.
    package init(decoding bytes: ByteBuffer) throws(MeshSchemaError) {
        let wire = try ValueDecoding.decode(Wire.self, from: bytes, resource: .services)
        guard !wire.cluster.isEmpty, !wire.namespace.isEmpty, !wire.name.isEmpty else {
            throw .malformedValue(
                resource: .services,
                reason: "cluster, namespace and name must not be empty"
            )
        }
        self.init(
            cluster: wire.cluster,
            clusterID: wire.clusterID?.value ?? 0,
            namespace: wire.namespace,
            name: wire.name
        )
        self.frontends = try Self.byAddress(wire.frontends, field: "frontends").mapValues(Self.ports)
        self.backends = try Self.byAddress(wire.backends, field: "backends").mapValues(Self.ports)
        self.hostnames = try Self.byAddress(wire.hostnames, field: "hostnames")
        self.zones = try Self.byAddress(wire.zones, field: "zones").mapValues {
            Zone(zone: $0.zone ?? "", forZones: ($0.forZones ?? []).map { $0.name ?? "" })
        }
        self.labels = wire.labels ?? [:]
        self.selector = wire.selector ?? [:]
        self.includeExternal = wire.includeExternal ?? false
        self.isShared = wire.shared ?? false
    }

    private static func byAddress<Value>(
        _ map: [String: Value]?,
        field: String
    ) throws(MeshSchemaError) -> [IPAddress: Value] {
        var result: [IPAddress: Value] = [:]
        for (text, value) in (map ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let address = IPAddress(text) else {
                throw .malformedValue(
                    resource: .services,
                    reason: "\"\(text)\" in the field \"\(field)\" is not an address"
                )
            }
            result[address] = value
        }
        return result
    }

    private static func ports(_ wire: [String: Wire.Port]?) -> Ports {
        (wire ?? [:]).mapValues { Port(protocol: $0.protocol ?? "", port: $0.port?.value ?? 0) }
    }

    /// The JSON object, its names as in Go.
    private struct Wire: Decodable {
        struct Port: Decodable {
            var `protocol`: String?
            var port: WireNumber<UInt16>?

            private enum CodingKeys: String, CodingKey {
                case `protocol` = "Protocol"
                case port = "Port"
            }
        }
        struct Zone: Decodable {
            struct Hint: Decodable { var name: String? }

            var zone: String?
            var forZones: [Hint]?
        }

        var cluster: String
        var namespace: String
        var name: String
        var frontends: [String: [String: Port]?]?
        var backends: [String: [String: Port]?]?
        var hostnames: [String: String]?
        var zones: [String: Zone]?
        var labels: [String: String]?
        var selector: [String: String]?
        var includeExternal: Bool?
        var shared: Bool?
        var clusterID: WireNumber<UInt32>?
    }
}
