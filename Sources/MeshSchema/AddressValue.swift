import FoundationEssentials
package import NIOCore

/// The value of an address: which identity is behind it, and on which node.
///
/// The bytes are those of Go's `encoding/json` for Cilium's `pkg/identity.IPIdentityPair`.
package struct AddressValue: Sendable, Hashable {
    /// A port that a pod gave a name.
    package struct NamedPort: Sendable, Hashable {
        /// The name.
        package var name: String
        /// The port.
        package var port: UInt16
        /// The protocol, such as `TCP`.
        package var `protocol`: String

        /// Creates a named port.
        package init(name: String, port: UInt16, protocol: String) {
            self.name = name
            self.port = port
            self.`protocol` = `protocol`
        }
    }

    /// The address, or all of a block.
    package var address: IPAddress
    /// The length of the block's prefix; `nil` for a single address.
    package var prefixLength: Int?
    /// The node that has the address; `nil` when it is not behind a node.
    package var hostIP: IPAddress?
    /// The number of the identity.
    package var identity: UInt32
    /// The index of the encryption key; zero for none.
    package var encryptionKey: UInt8 = 0
    /// Free text that Cilium carries along.
    package var metadata = ""
    /// The pod's namespace, or nothing.
    package var namespace = ""
    /// The pod's name, or nothing.
    package var pod = ""
    /// The pod's service account, or nothing.
    package var serviceAccount = ""
    /// The pod's named ports.
    package var namedPorts: [NamedPort] = []

    /// Creates the value of an address.
    package init(address: IPAddress, prefixLength: Int? = nil, hostIP: IPAddress?, identity: UInt32) {
        self.address = address
        self.prefixLength = prefixLength
        self.hostIP = hostIP
        self.identity = identity
    }

    /// The name that the value's key must have: the address, or the block.
    package var keyName: String {
        self.prefixLength.map { "\(self.address)/\($0)" } ?? self.address.description
    }

    /// Returns the value's bytes, identical to those that Cilium's own programs write.
    package func encoded() -> ByteBuffer {
        GoJSON.object { json in
            json.member("IP", self.address.description)
            json.member("Mask") { json in
                let block = self.prefixLength.flatMap {
                    AddressBlock(containing: self.address, prefixLength: $0)
                }
                guard let block else { return json.literal("null") }
                json.string(Data(block.mask).base64EncodedString())
            }
            json.member("HostIP", self.hostIP?.description ?? "")
            json.member("ID", self.identity)
            json.member("Key", self.encryptionKey)
            json.member("Metadata", self.metadata)
            if !self.namespace.isEmpty { json.member("K8sNamespace", self.namespace) }
            if !self.pod.isEmpty { json.member("K8sPodName", self.pod) }
            if !self.serviceAccount.isEmpty { json.member("K8sServiceAccount", self.serviceAccount) }
            if !self.namedPorts.isEmpty {
                json.member("NamedPorts", list: self.namedPorts) { json, port in
                    json.object { json in
                        json.member("Name", port.name)
                        json.member("Port", port.port)
                        json.member("Protocol", port.protocol)
                    }
                }
            }
        }
    }

    /// Reads a value that some version of Cilium wrote; unknown fields are ignored.
    ///
    /// - Throws: ``MeshSchemaError/malformedValue(resource:reason:)``.
    package init(decoding bytes: ByteBuffer) throws(MeshSchemaError) {
        let wire = try ValueDecoding.decode(Wire.self, from: bytes, resource: .addresses)
        guard let address = IPAddress(wire.ip) else {
            throw .malformedValue(resource: .addresses, reason: ValueDecoding.unfit(field: "IP"))
        }
        var prefixLength: Int?
        if let mask = wire.mask {
            guard let block = AddressBlock(containing: address, mask: Array(mask)) else {
                throw .malformedValue(resource: .addresses, reason: ValueDecoding.unfit(field: "Mask"))
            }
            prefixLength = block.prefixLength
        }
        let hostIP = wire.hostIP.flatMap { IPAddress($0) }
        guard hostIP != nil || (wire.hostIP ?? "").isEmpty else {
            throw .malformedValue(resource: .addresses, reason: ValueDecoding.unfit(field: "HostIP"))
        }
        self.init(address: address, prefixLength: prefixLength, hostIP: hostIP, identity: wire.id?.value ?? 0)
        self.encryptionKey = wire.key?.value ?? 0
        self.metadata = wire.metadata ?? ""
        self.namespace = wire.k8sNamespace ?? ""
        self.pod = wire.k8sPodName ?? ""
        self.serviceAccount = wire.k8sServiceAccount ?? ""
        self.namedPorts = (wire.namedPorts ?? []).map {
            NamedPort(name: $0.name ?? "", port: $0.port?.value ?? 0, protocol: $0.protocol ?? "")
        }
    }

    /// The JSON object, its names as in Go.
    private struct Wire: Decodable {
        struct Port: Decodable {
            var name: String?
            var port: WireNumber<UInt16>?
            var `protocol`: String?

            private enum CodingKeys: String, CodingKey {
                case name = "Name"
                case port = "Port"
                case `protocol` = "Protocol"
            }
        }

        var ip: String
        var mask: Data?
        var hostIP: String?
        var id: WireNumber<UInt32>?
        var key: WireNumber<UInt8>?
        var metadata: String?
        var k8sNamespace: String?
        var k8sPodName: String?
        var k8sServiceAccount: String?
        var namedPorts: [Port]?

        private enum CodingKeys: String, CodingKey {
            case ip = "IP"
            case mask = "Mask"
            case hostIP = "HostIP"
            case id = "ID"
            case key = "Key"
            case metadata = "Metadata"
            case k8sNamespace = "K8sNamespace"
            case k8sPodName = "K8sPodName"
            case k8sServiceAccount = "K8sServiceAccount"
            case namedPorts = "NamedPorts"
        }
    }
}
