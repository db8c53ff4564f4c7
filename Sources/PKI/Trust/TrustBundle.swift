/// What is trusted of one party of the mesh: its roots, and the client names that they may vouch for.
///
/// Immutable; any thread. A peer's bundle vouches for that peer and nobody else, so that no peer's authority
/// can make a certificate that counts as another's.
package struct TrustBundle: Sendable {
    /// The common name that all remote agents share where peers do not name themselves.
    package static let sharedClientName = "remote"

    /// The cluster that the bundle is about.
    package let cluster: String
    /// The self-signed certificates that chains have to lead to.
    package let roots: [Certificate]
    /// Certificates between them and leaves, for clients that do not send them.
    package let intermediates: [Certificate]
    /// The common names that the bundle may vouch for; `nil` means all: our own.
    package let clientNames: [String]?
    let verifier: CertificateVerifier
    private let subjects: Set<DistinguishedName>

    /// The bundle of our own authority, which may vouch for every name.
    ///
    /// - Throws: As ``init(peer:certificates:clientNames:acceptsSharedName:)``.
    package static func own(
        cluster: String,
        certificates: [Certificate]
    ) throws(PKIError) -> TrustBundle {
        try TrustBundle(cluster: cluster, certificates: certificates, clientNames: nil)
    }

    /// A peer's bundle.
    ///
    /// - Parameters:
    ///   - peer: The peer's cluster name.
    ///   - certificates: Its roots, and authorities below them, in any order.
    ///   - clientNames: Common names of its clients besides `remote-<peer>`.
    ///   - acceptsSharedName: Whether its clients may call themselves `remote`, as Cilium's older modes do;
    ///     they count as this peer's then.
    /// - Throws: ``PKIError/malformed(what:reason:)`` without a root,
    ///   ``PKIError/notAnAuthority(commonName:reason:)``, ``PKIError/unsupportedKey(found:)``,
    ///   ``PKIError/invalidName(_:reason:)`` for a client name that only our own authority may vouch for.
    package init(
        peer: String,
        certificates: [Certificate],
        clientNames: [String] = [],
        acceptsSharedName: Bool = false
    ) throws(PKIError) {
        var names = ["remote-\(peer)"]
        for name in clientNames where !names.contains(name) {
            try validateCommonName(name)
            let isReserved = ["admin-", "local-", "remote-"].contains { name.hasPrefix($0) }
            guard !isReserved, name != "root", name != Self.sharedClientName else {
                throw .invalidName(name, reason: "a peer's authority may not vouch for it")
            }
            names.append(name)
        }
        if acceptsSharedName { names.append(Self.sharedClientName) }
        try self.init(cluster: peer, certificates: certificates, clientNames: names)
    }

    private init(cluster: String, certificates: [Certificate], clientNames: [String]?) throws(PKIError) {
        for certificate in certificates {
            try CertificateAuthority.check(certificate)
            try certificate.checkKey()
        }
        self.cluster = cluster
        self.roots = certificates.filter(\.isSelfIssued)
        self.intermediates = certificates.filter { !$0.isSelfIssued }
        self.clientNames = clientNames
        guard !self.roots.isEmpty else {
            throw .malformed(what: "trust bundle", reason: "there is no self-signed root in it")
        }
        self.verifier = try CertificateVerifier(roots: self.roots)
        self.subjects = Set(certificates.map(\.subject))
    }

    /// Whether the bundle may vouch for a client of this name.
    package func mayVouch(for commonName: String) -> Bool {
        self.clientNames?.contains(commonName) ?? true
    }

    /// Whether one of its certificates may have issued one of `chain`, by name.
    func knowsAnIssuer(of chain: [Certificate]) -> Bool {
        chain.contains { self.subjects.contains($0.issuer) }
    }

    /// Verifies what was presented: the leaf first, then anything that came with it.
    func verify(
        _ presented: [Certificate],
        purpose: CertificatePurpose,
        at now: Int64
    ) throws(PKIError) -> ChainResult {
        guard let leaf = presented.first else { return .rejected(CertificateRejection(.noCertificate)) }
        return try self.verifier.chain(
            of: leaf,
            intermediates: presented.dropFirst() + self.intermediates,
            purpose: purpose,
            at: now
        )
    }
}
