package import Documents
package import MeshSchema

/// A node: its addresses, the blocks of its pods, and how to reach it encrypted.
package struct NodeSpec: Sendable, Hashable {
    /// One of a node's addresses.
    package struct Address: Sendable, Hashable {
        /// What the address is.
        package var type: AddressType
        /// The address.
        package var ip: IPAddress
    }

    /// What an address of a node is, in the words of Kubernetes and Cilium.
    package enum AddressType: String, Sendable, Hashable, CaseIterable {
        /// The host's name.
        case hostname = "Hostname"
        /// Reachable from outside.
        case externalIP = "ExternalIP"
        /// Reachable from the other nodes.
        case internalIP = "InternalIP"
        /// A DNS name for outside.
        case externalDNS = "ExternalDNS"
        /// A DNS name for inside.
        case internalDNS = "InternalDNS"
        /// The agent's own.
        case ciliumInternalIP = "CiliumInternalIP"
    }

    /// The addresses, in the order in which agents prefer them.
    package var addresses: [Address]
    /// The blocks from which pods get addresses; the first of each family comes first for agents too.
    package var podCIDRs: [AddressBlock]
    /// Where the health endpoint answers: at most one address of each family.
    package var healthIPs: [IPAddress]
    /// Where the ingress proxy answers: at most one address of each family.
    package var ingressIPs: [IPAddress]
    /// The index of the IPsec key; zero for none.
    package var encryptionKey: UInt8
    /// The WireGuard public key in base64, or nothing.
    package var wireguardPublicKey: String
    /// The kernel's boot id, or nothing.
    package var bootID: String

    /// Reads the spec; a value is right only if no problem was noted.
    package init?(_ field: FieldReader) {
        let spec: NodeSpec? = field.object { object in
            NodeSpec(
                addresses: object.optional("addresses")?.uniqueList(limit: 64, by: \.text, Self.address)
                    ?? [],
                podCIDRs: object.optional("podCIDRs")?.uniqueList(limit: 256) { $0.block() } ?? [],
                healthIPs: object.optional("healthIPs").flatMap(Self.onePerFamily) ?? [],
                ingressIPs: object.optional("ingressIPs").flatMap(Self.onePerFamily) ?? [],
                encryptionKey: object.optional("encryptionKey")?.encryptionKey() ?? 0,
                wireguardPublicKey: object.optional("wireguardPublicKey")?.visible(maxBytes: 64) ?? "",
                bootID: object.optional("bootID")?.visible(maxBytes: 64) ?? ""
            )
        }
        guard let spec else { return nil }
        self = spec
    }

    private init(
        addresses: [Address],
        podCIDRs: [AddressBlock],
        healthIPs: [IPAddress],
        ingressIPs: [IPAddress],
        encryptionKey: UInt8,
        wireguardPublicKey: String,
        bootID: String
    ) {
        self.addresses = addresses
        self.podCIDRs = podCIDRs
        self.healthIPs = healthIPs
        self.ingressIPs = ingressIPs
        self.encryptionKey = encryptionKey
        self.wireguardPublicKey = wireguardPublicKey
        self.bootID = bootID
    }

    private static func address(_ field: FieldReader) -> Address? {
        field.object { object in
            let type = object.required("type")?.choice(of: AddressType.self)
            let ip = object.required("ip")?.address()
            guard let type, let ip else { return nil }
            return Address(type: type, ip: ip)
        }
    }

    private static func onePerFamily(_ field: FieldReader) -> [IPAddress]? {
        var families: Set<IPAddress.Family> = []
        return field.list(limit: 2) { field in
            guard let ip = field.address() else { return nil }
            guard families.insert(ip.family).inserted else {
                return field.reject(.duplicate, "there can be one address of each family")
            }
            return ip
        }
    }
}

extension NodeSpec.Address {
    /// What makes the address unique among those of its node.
    fileprivate var text: String { "\(self.type.rawValue) \(self.ip)" }
}
