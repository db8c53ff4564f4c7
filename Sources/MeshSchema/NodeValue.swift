import FoundationEssentials
package import NIOCore

/// The value of a node: its addresses, the blocks of its pods, and how to reach it encrypted.
///
/// The bytes are those of Go's `encoding/json` for Cilium's `pkg/node/types.Node` (1.20: without the
/// `NodeIdentity` of older versions, which every version may miss).
package struct NodeValue: Sendable, Hashable {
    /// One of a node's addresses.
    package struct Address: Sendable, Hashable {
        /// What the address is, in Kubernetes' or Cilium's word, such as `InternalIP` or `CiliumInternalIP`.
        package var type: String
        /// The address.
        package var ip: IPAddress

        /// Creates an address.
        package init(type: String, ip: IPAddress) {
            self.type = type
            self.ip = ip
        }
    }

    /// The addresses of one family that a node has beside the listed ones.
    package struct FamilyAddresses: Sendable, Hashable {
        /// The block from which pods get addresses.
        package var allocationBlock: AddressBlock?
        /// Further blocks; `nil` is Go's nil slice.
        package var secondaryBlocks: [AddressBlock]?
        /// Where the health endpoint answers.
        package var health: IPAddress?
        /// Where the ingress proxy answers.
        package var ingress: IPAddress?

        /// Creates the addresses of a family.
        package init(
            allocationBlock: AddressBlock? = nil,
            secondaryBlocks: [AddressBlock]? = nil,
            health: IPAddress? = nil,
            ingress: IPAddress? = nil
        ) {
            self.allocationBlock = allocationBlock
            self.secondaryBlocks = secondaryBlocks
            self.health = health
            self.ingress = ingress
        }
    }

    /// The node's name, which is the last element of its key.
    package var name: String
    /// The cluster's name.
    package var cluster: String
    /// The cluster's id.
    package var clusterID: UInt32
    /// The addresses, in the order in which agents prefer them; `nil` is Go's nil slice.
    package var addresses: [Address]?
    /// What the node has of IPv4.
    package var ipv4 = FamilyAddresses()
    /// What the node has of IPv6.
    package var ipv6 = FamilyAddresses()
    /// Where the writer had the node from.
    package var source = "custom-resource"
    /// The index of the IPsec key; zero for none.
    package var encryptionKey: UInt8 = 0
    /// The node's labels; `nil` is Go's nil map.
    package var labels: [String: String]?
    /// The node's annotations; `nil` is Go's nil map.
    package var annotations: [String: String]?
    /// The WireGuard public key in base64, or nothing.
    package var wireguardPublicKey = ""
    /// The kernel's boot id, or nothing.
    package var bootID = ""

    /// Creates a node that has nothing yet but a name.
    package init(name: String, cluster: String, clusterID: UInt32) {
        self.name = name
        self.cluster = cluster
        self.clusterID = clusterID
    }

    /// Returns the value's bytes, identical to those that Cilium's own programs write.
    package func encoded() -> ByteBuffer {
        GoJSON.object { json in
            json.member("Name", self.name)
            json.member("Cluster", self.cluster)
            json.member("IPAddresses", list: self.addresses) { json, address in
                json.object { json in
                    json.member("Type", address.type)
                    json.member("IP", address.ip.description)
                }
            }
            Self.encodeBlocks(self.ipv4, "IPv4", &json)
            Self.encodeBlocks(self.ipv6, "IPv6", &json)
            json.member("IPv4HealthIP", self.ipv4.health?.description ?? "")
            json.member("IPv6HealthIP", self.ipv6.health?.description ?? "")
            json.member("IPv4IngressIP", self.ipv4.ingress?.description ?? "")
            json.member("IPv6IngressIP", self.ipv6.ingress?.description ?? "")
            json.member("ClusterID", self.clusterID)
            json.member("Source", self.source)
            json.member("EncryptionKey", self.encryptionKey)
            json.member("Labels", self.labels)
            json.member("Annotations", self.annotations)
            json.member("WireguardPubKey", self.wireguardPublicKey)
            json.member("BootID", self.bootID)
        }
    }

    private static func encodeBlocks(_ family: FamilyAddresses, _ prefix: String, _ json: inout GoJSON) {
        json.member(prefix + "AllocCIDR", family.allocationBlock)
        json.member(prefix + "SecondaryAllocCIDRs", list: family.secondaryBlocks) { $0.block($1) }
    }

    /// Reads a value that some version of Cilium wrote; unknown fields are ignored.
    ///
    /// Checks what needs no context: name and cluster are there and every address is one.
    ///
    /// - Throws: ``MeshSchemaError/malformedValue(resource:reason:)``.
    package init(decoding bytes: ByteBuffer) throws(MeshSchemaError) {
        let wire = try ValueDecoding.decode(Wire.self, from: bytes, resource: .nodes)
        guard !wire.name.isEmpty, !wire.cluster.isEmpty else {
            throw .malformedValue(resource: .nodes, reason: "name and cluster must not be empty")
        }
        self.init(name: wire.name, cluster: wire.cluster, clusterID: wire.clusterID.value)
        self.addresses = try Self.all(wire.ipAddresses, field: "IPAddresses") { address in
            IPAddress(address.ip).map { Address(type: address.type, ip: $0) }
        }
        self.ipv4 = FamilyAddresses(
            allocationBlock: try Self.one(wire.ipv4AllocCIDR, field: "IPv4AllocCIDR", \.block),
            secondaryBlocks: try Self.all(
                wire.ipv4SecondaryAllocCIDRs,
                field: "IPv4SecondaryAllocCIDRs",
                \.block
            ),
            health: try Self.address(wire.ipv4HealthIP, field: "IPv4HealthIP"),
            ingress: try Self.address(wire.ipv4IngressIP, field: "IPv4IngressIP")
        )
        self.ipv6 = FamilyAddresses(
            allocationBlock: try Self.one(wire.ipv6AllocCIDR, field: "IPv6AllocCIDR", \.block),
            secondaryBlocks: try Self.all(
                wire.ipv6SecondaryAllocCIDRs,
                field: "IPv6SecondaryAllocCIDRs",
                \.block
            ),
            health: try Self.address(wire.ipv6HealthIP, field: "IPv6HealthIP"),
            ingress: try Self.address(wire.ipv6IngressIP, field: "IPv6IngressIP")
        )
        self.source = wire.source ?? ""
        self.encryptionKey = wire.encryptionKey?.value ?? 0
        self.labels = wire.labels
        self.annotations = wire.annotations
        self.wireguardPublicKey = wire.wireguardPubKey ?? ""
        self.bootID = wire.bootID ?? ""
    }

    private static func one<From, To>(
        _ value: From?,
        field: String,
        _ convert: (From) -> To?
    ) throws(MeshSchemaError) -> To? {
        guard let value else { return nil }
        guard let converted = convert(value) else {
            throw .malformedValue(resource: .nodes, reason: ValueDecoding.unfit(field: field))
        }
        return converted
    }

    private static func all<From, To>(
        _ values: [From]?,
        field: String,
        _ convert: (From) -> To?
    ) throws(MeshSchemaError) -> [To]? {
        guard let values else { return nil }
        var all: [To] = []
        for value in values { all += [try self.one(value, field: field, convert)].compactMap(\.self) }
        return all
    }

    /// Go writes a missing `net.IP` as empty text.
    private static func address(_ text: String?, field: String) throws(MeshSchemaError) -> IPAddress? {
        guard let text, !text.isEmpty else { return nil }
        return try self.one(text, field: field) { IPAddress($0) }
    }

    /// The JSON object, its names as in Go.
    private struct Wire: Decodable {
        struct Address: Decodable {
            var type: String
            var ip: String

            private enum CodingKeys: String, CodingKey {
                case type = "Type"
                case ip = "IP"
            }
        }

        var name: String
        var cluster: String
        var ipAddresses: [Address]?
        var ipv4AllocCIDR: WireBlock?
        var ipv4SecondaryAllocCIDRs: [WireBlock]?
        var ipv6AllocCIDR: WireBlock?
        var ipv6SecondaryAllocCIDRs: [WireBlock]?
        var ipv4HealthIP: String?
        var ipv6HealthIP: String?
        var ipv4IngressIP: String?
        var ipv6IngressIP: String?
        var clusterID: WireNumber<UInt32>
        var source: String?
        var encryptionKey: WireNumber<UInt8>?
        var labels: [String: String]?
        var annotations: [String: String]?
        var wireguardPubKey: String?
        var bootID: String?

        private enum CodingKeys: String, CodingKey {
            case name = "Name"
            case cluster = "Cluster"
            case ipAddresses = "IPAddresses"
            case ipv4AllocCIDR = "IPv4AllocCIDR"
            case ipv4SecondaryAllocCIDRs = "IPv4SecondaryAllocCIDRs"
            case ipv6AllocCIDR = "IPv6AllocCIDR"
            case ipv6SecondaryAllocCIDRs = "IPv6SecondaryAllocCIDRs"
            case ipv4HealthIP = "IPv4HealthIP"
            case ipv6HealthIP = "IPv6HealthIP"
            case ipv4IngressIP = "IPv4IngressIP"
            case ipv6IngressIP = "IPv6IngressIP"
            case clusterID = "ClusterID"
            case source = "Source"
            case encryptionKey = "EncryptionKey"
            case labels = "Labels"
            case annotations = "Annotations"
            case wireguardPubKey = "WireguardPubKey"
            case bootID = "BootID"
        }
    }
}
