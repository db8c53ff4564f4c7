extension CiliumSecrets {
    /// A host name and the addresses that it is dialled at, instead of asking DNS.
    struct HostAlias: Sendable {
        let hostname: String
        let addresses: [String]
    }

    /// A remote cluster as clients dial it.
    package struct Peer: Sendable {
        /// The domain of names that are made for clusters known by address.
        private static let domain = "mesh.cilium.io"

        /// The cluster's name.
        package let name: String
        let endpoints: [String]
        let hostAliases: [HostAlias]
        /// The client certificate and roots for this peer alone; the common ones without it.
        package let credentials: CredentialBundle?

        /// A peer that is dialled at one host name.
        ///
        /// - Parameters:
        ///   - name: The cluster's name.
        ///   - host: A DNS name or an address.
        ///   - port: The port.
        ///   - credentials: What is presented to and trusted of this peer alone.
        /// - Throws: ``PKIError/invalidName(_:reason:)``.
        package init(
            name: String,
            host: String,
            port: Int = 2379,
            credentials: CredentialBundle? = nil
        ) throws(PKIError) {
            try CiliumSecrets.checkLabel(name, limit: 32)
            try Self.check(port: port, of: name)
            let parsed = try AlternativeName(host)
            self.name = name
            self.endpoints = ["https://\(Self.authority(parsed)):\(port)"]
            self.hostAliases = []
            self.credentials = credentials
        }

        /// A peer that is dialled as `<name>.mesh.cilium.io` at these addresses.
        ///
        /// - Parameters:
        ///   - name: The cluster's name.
        ///   - addresses: IPv4 and IPv6 addresses, tried in this order; at least one.
        ///   - port: The port.
        ///   - credentials: What is presented to and trusted of this peer alone.
        /// - Throws: ``PKIError/invalidName(_:reason:)``.
        package init(
            name: String,
            addresses: [String],
            port: Int = 2379,
            credentials: CredentialBundle? = nil
        ) throws(PKIError) {
            try CiliumSecrets.checkLabel(name, limit: 32)
            try Self.check(port: port, of: name)
            guard !addresses.isEmpty else { throw .invalidName(name, reason: "the peer has no address") }
            for address in addresses where addressBytes(address) == nil {
                throw .invalidName(address, reason: "not an IPv4 or IPv6 address")
            }
            let hostname = "\(name).\(Self.domain)"
            self.name = name
            self.endpoints = ["https://\(hostname):\(port)"]
            self.hostAliases = [HostAlias(hostname: hostname, addresses: addresses)]
            self.credentials = credentials
        }

        private static func check(port: Int, of name: String) throws(PKIError) {
            guard (1...65_535).contains(port) else {
                throw .invalidName(name, reason: "\(port) is not a port")
            }
        }

        private static func authority(_ host: AlternativeName) -> String {
            if case .address(let bytes) = host, bytes.count == 16 { return "[\(host)]" }
            return host.description
        }
    }
}
