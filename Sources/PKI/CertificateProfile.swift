/// What a certificate may be used for.
package enum CertificatePurpose: Hashable, Sendable, CaseIterable {
    /// To prove who a server is (TLS server authentication).
    case server
    /// To prove who a client is (TLS client authentication).
    case client
}

/// The kinds of leaf certificates in a mesh: who the holder is, after Cilium's conventions.
///
/// The common name of a client certificate is its identity: the data plane maps it to what the client may
/// see.
package enum CertificateProfile: String, Hashable, Sendable, CaseIterable {
    /// The data plane's own certificate.
    case server
    /// An administrator of this cluster: `admin-<cluster>`.
    case admin
    /// This cluster's own agents: `local-<cluster>`.
    case local
    /// A remote cluster's agents: `remote`, or `remote-<peer>` for a peer that is named.
    case remote

    /// What its certificates may be used for; exactly one purpose each.
    package var purpose: CertificatePurpose {
        self == .server ? .server : .client
    }

    /// The common name of every server certificate.
    package static let serverCommonName = "clustermesh-apiserver.cilium.io"

    /// The names under which Cilium's agents, operators and mirrors dial a server.
    ///
    /// The wildcard covers `<cluster>.mesh.cilium.io`, which agents use for peers that are configured by
    /// address.
    private static func serverNames(namespace: String) -> [AlternativeName] {
        [
            .dns(self.serverCommonName),
            .dns("clustermesh-apiserver.\(namespace).svc"),
            .dns("*.mesh.cilium.io"),
            .dns("localhost"),
            .address([127, 0, 0, 1]),
            .address([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        ]
    }

    /// The namespace that Cilium is installed to by default.
    package static let defaultNamespace = "kube-system"

    /// Returns what a certificate of this profile says about its holder.
    ///
    /// - Parameters:
    ///   - cluster: The name of the cluster that issues the certificate.
    ///   - peer: For `remote`, the peer that will hold it, or `nil` for any; ignored by the other profiles.
    ///   - namespace: For `server`, the namespace of Cilium's service; ignored by the others.
    ///   - additionalNames: For `server`, more names and addresses that clients dial; ignored by the others.
    /// - Returns: The template, to be checked when it is used.
    package func template(
        cluster: String,
        peer: String? = nil,
        namespace: String = Self.defaultNamespace,
        additionalNames: [AlternativeName] = []
    ) -> CertificateTemplate {
        switch self {
        case .server:
            CertificateTemplate(
                commonName: Self.serverCommonName,
                alternativeNames: additionalNames.reduce(
                    into: Self.serverNames(namespace: namespace)
                ) { names, name in
                    if !names.contains(name) { names.append(name) }
                },
                purpose: .server
            )
        case .admin: CertificateTemplate(commonName: "admin-\(cluster)", purpose: .client)
        case .local: CertificateTemplate(commonName: "local-\(cluster)", purpose: .client)
        case .remote:
            CertificateTemplate(commonName: peer.map { "remote-\($0)" } ?? "remote", purpose: .client)
        }
    }
}

/// What a certificate will say about its holder.
package struct CertificateTemplate: Hashable, Sendable {
    /// The holder's common name: 1 to 64 bytes of printable ASCII.
    package var commonName: String
    /// Further names, in the order in which they will stand.
    package var alternativeNames: [AlternativeName]
    /// What the certificate may be used for.
    package var purpose: CertificatePurpose

    /// Creates a template; the authority checks it when it issues.
    package init(commonName: String, alternativeNames: [AlternativeName] = [], purpose: CertificatePurpose) {
        self.commonName = commonName
        self.alternativeNames = alternativeNames
        self.purpose = purpose
    }

    /// The most alternative names in one certificate.
    package static let mostAlternativeNames = 128

    /// Checks what can be wrong with a template.
    func validate() throws(PKIError) {
        try validateCommonName(self.commonName)
        guard self.alternativeNames.count <= Self.mostAlternativeNames else {
            throw .invalidName(
                self.commonName,
                reason: "more than \(Self.mostAlternativeNames) alternative names"
            )
        }
        for name in self.alternativeNames { try name.validate() }
    }
}

/// Checks that a common name can stand in a certificate (X.520 allows 64 characters) and in a log line.
func validateCommonName(_ name: String) throws(PKIError) {
    guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else {
        throw .invalidName(name, reason: "a common name has 1 to 64 printable ASCII characters")
    }
}
