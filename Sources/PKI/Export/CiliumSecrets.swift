/// The Secrets that Cilium's chart mounts for a mesh, made from our certificates.
///
/// Pure: values in, manifests out. Names, keys and paths are those of the chart (1.16 to 1.20).
package struct CiliumSecrets: Sendable {
    /// The namespace that Cilium is installed to.
    package let namespace: String

    /// Creates a description.
    ///
    /// - Throws: ``PKIError/invalidName(_:reason:)`` when it is not a namespace's name.
    package init(namespace: String = CertificateProfile.defaultNamespace) throws(PKIError) {
        try Self.checkLabel(namespace, limit: 63)
        self.namespace = namespace
    }

    /// The certificate of one profile: `clustermesh-apiserver-server-cert`, `-admin-cert`, `-local-cert` or
    /// `-remote-cert`.
    ///
    /// `tls.crt` is the leaf with its chain, `ca.crt` all roots that the bundle trusts.
    package func certificate(_ profile: CertificateProfile, _ bundle: CredentialBundle) -> SecretManifest {
        SecretManifest(
            name: "clustermesh-apiserver-\(profile.rawValue)-cert",
            namespace: self.namespace,
            type: "kubernetes.io/tls",
            entries: [
                .init(key: "ca.crt", value: SecretBytes(bundle.trustRootsPEM)),
                .init(key: "tls.crt", value: SecretBytes(bundle.certificateChainPEM)),
                .init(key: "tls.key", value: bundle.keyPEM),
            ]
        )
    }

    /// `cilium-clustermesh`: what agents and the operator read about each remote cluster.
    ///
    /// - Parameters:
    ///   - peers: The remote clusters.
    ///   - mirrorPort: The port of this cluster's own service, from which agents read what the mirror
    ///     (KVStoreMesh) holds of the others; `nil` without a mirror: then agents dial the remote clusters.
    /// - Returns: The manifest.
    /// - Throws: ``PKIError/invalidName(_:reason:)`` for a peer.
    package func agents(peers: [Peer], mirrorPort: Int? = 2379) throws(PKIError) -> SecretManifest {
        guard let mirrorPort else { return try self.remotes("cilium-clustermesh", peers) }
        var entries: [SecretManifest.Entry] = []
        for peer in try Self.sorted(peers) {
            let files = ClientFiles(prefix: "local-")
            let address = "clustermesh-apiserver.\(self.namespace).svc"
            let text = files.configuration(endpoints: ["https://\(address):\(mirrorPort)"])
            entries.append(.init(key: peer.name, value: SecretBytes(Array(text.utf8))))
        }
        return SecretManifest(
            name: "cilium-clustermesh",
            namespace: self.namespace,
            type: nil,
            entries: entries
        )
    }

    /// `cilium-kvstoremesh`: how the mirror dials each remote cluster.
    ///
    /// - Throws: ``PKIError/invalidName(_:reason:)`` for a peer.
    package func mirror(peers: [Peer]) throws(PKIError) -> SecretManifest {
        try self.remotes("cilium-kvstoremesh", peers)
    }

    private func remotes(_ name: String, _ peers: [Peer]) throws(PKIError) -> SecretManifest {
        var entries: [SecretManifest.Entry] = []
        for peer in try Self.sorted(peers) {
            let prefix = peer.credentials == nil ? "common-" : "\(peer.name)."
            let text = ClientFiles(prefix: prefix).configuration(
                endpoints: peer.endpoints,
                aliases: peer.hostAliases
            )
            entries.append(.init(key: peer.name, value: SecretBytes(Array(text.utf8))))
            guard let own = peer.credentials else { continue }
            entries += [
                .init(key: "\(peer.name).etcd-client-ca.crt", value: SecretBytes(own.trustRootsPEM)),
                .init(key: "\(peer.name).etcd-client.key", value: own.keyPEM),
                .init(key: "\(peer.name).etcd-client.crt", value: SecretBytes(own.certificateChainPEM)),
            ]
        }
        return SecretManifest(name: name, namespace: self.namespace, type: nil, entries: entries)
    }

    private static func sorted(_ peers: [Peer]) throws(PKIError) -> [Peer] {
        let sorted = peers.sorted { $0.name < $1.name }
        for (left, right) in zip(sorted, sorted.dropFirst()) where left.name == right.name {
            throw .invalidName(left.name, reason: "two peers have this name")
        }
        return sorted
    }

    /// Checks a DNS label (RFC 1123), as namespaces and clusters are called.
    static func checkLabel(_ name: String, limit: Int) throws(PKIError) {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "-"): true
            default: false
            }
        }
        let hasEdge = name.hasPrefix("-") || name.hasSuffix("-")
        guard isPlain, !hasEdge, (1...limit).contains(name.utf8.count) else {
            throw .invalidName(name, reason: "not a DNS label of at most \(limit) characters")
        }
    }
}

/// Where a client finds its files, and the etcd client configuration that says so.
private struct ClientFiles {
    let prefix: String

    func configuration(endpoints: [String], aliases: [CiliumSecrets.HostAlias] = []) -> String {
        let directory = "/var/lib/cilium/clustermesh/\(self.prefix)etcd-client"
        var text = "endpoints:\n" + endpoints.map { "- \($0)\n" }.joined()
        text += "trusted-ca-file: \(directory)-ca.crt\n"
        text += "key-file: \(directory).key\n"
        text += "cert-file: \(directory).crt\n"
        guard !aliases.isEmpty else { return text }
        text += "cilium-host-aliases:\n"
        for alias in aliases {
            text += "- hostname: \(alias.hostname)\n  ips:\n"
            // Quoted: an IPv6 address is full of colons.
            text += alias.addresses.map { "  - \"\($0)\"\n" }.joined()
        }
        return text
    }
}
