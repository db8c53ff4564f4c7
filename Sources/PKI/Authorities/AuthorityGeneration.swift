/// One generation of an authority: the certificate that issues leaves, the issuers above it, and the keys.
///
/// A value; whoever stores it seals the keys (``KeyVault``). Rollover replaces a whole generation by the next
/// (``AuthorityRollover``).
package struct AuthorityGeneration: Sendable {
    /// The certificate whose key signs leaves; a root's own where there is nothing between.
    package let certificate: Certificate
    /// The issuers above it, nearest first, the root last; empty when ``certificate`` is the root.
    package let chain: [Certificate]
    /// The key that signs leaves, or `nil` when it is kept elsewhere; then nothing can be issued.
    package let key: PrivateKey?
    /// The root's key where it is here and not that of ``certificate``: for another authority below it.
    package let rootKey: PrivateKey?

    /// Puts a generation together again that was checked when it was made or imported.
    ///
    /// - Parameters:
    ///   - certificate: The issuing certificate.
    ///   - chain: The issuers above it, in order.
    ///   - key: The issuing certificate's key, if it is here.
    ///   - rootKey: The root's key, if it is here and another.
    /// - Throws: ``PKIError/keyMismatch(commonName:)``.
    package init(
        certificate: Certificate,
        chain: [Certificate],
        key: PrivateKey?,
        rootKey: PrivateKey?
    ) throws(PKIError) {
        for (key, owner) in [(key, certificate), (rootKey, chain.last ?? certificate)] {
            guard key.map({ $0.matches(owner) }) ?? true else {
                throw .keyMismatch(commonName: owner.commonName)
            }
        }
        self.certificate = certificate
        self.chain = chain
        self.key = key
        self.rootKey = rootKey
    }

    /// The name of this generation: the issuing certificate's fingerprint in hexadecimal.
    package var id: String { hexadecimal(self.certificate.fingerprint) }

    /// The self-signed certificate that verifiers have to trust.
    package var root: Certificate { self.chain.last ?? self.certificate }

    /// What a leaf presents after itself: the authorities between it and the root, nearest first.
    package var intermediates: [Certificate] {
        ([self.certificate] + self.chain).filter { !$0.isSelfIssued }
    }

    /// Whether it issued the certificate.
    package func issued(_ leaf: Certificate) -> Bool {
        leaf.issuer == self.certificate.subject && leaf.isSigned(by: self.certificate)
    }

    /// Returns the authority that issues.
    ///
    /// - Throws: ``PKIError/keyMissing(commonName:)`` when its key is kept elsewhere.
    package func signer() throws(PKIError) -> CertificateAuthority {
        guard let key else { throw .keyMissing(commonName: self.certificate.commonName) }
        return try CertificateAuthority(certificate: self.certificate, chain: self.chain, key: key)
    }

    /// Takes a generation over from certificates and keys, after checking that its leaves will be trusted.
    ///
    /// - Parameters:
    ///   - certificates: The issuing certificate and everything above it up to a self-signed root, in any
    ///     order; without a key the issuing one comes first.
    ///   - key: The issuing certificate's key, or `nil` when it is kept elsewhere.
    ///   - rootKey: The root's key, when it is here, too.
    ///   - now: The time in seconds since 1970.
    /// - Returns: The generation.
    /// - Throws: ``PKIError/malformed(what:reason:)`` without certificates,
    ///   ``PKIError/keyMismatch(commonName:)``, ``PKIError/notAnAuthority(commonName:reason:)``,
    ///   ``PKIError/incompleteChain(commonName:missingIssuer:)``,
    ///   ``PKIError/unrelatedCertificate(commonName:)``, ``PKIError/pathTooLong(issuer:allowed:)``,
    ///   ``PKIError/unsupportedKey(found:)``, and ``PKIError/wouldBeRejected(commonName:_:)`` for everything
    ///   that a verifier finds: a certificate that has expired, is not valid yet, has a wrong signature.
    package static func importing(
        _ certificates: [Certificate],
        key: PrivateKey?,
        rootKey: PrivateKey? = nil,
        now: Int64
    ) throws(PKIError) -> AuthorityGeneration {
        guard let first = certificates.first else {
            throw .malformed(what: "authority", reason: "there is no certificate")
        }
        var issuing = first
        if let key {
            guard let matching = certificates.first(where: { key.matches($0) }) else {
                throw .keyMismatch(commonName: first.commonName)
            }
            issuing = matching
        }
        let chain = try self.issuers(of: issuing, among: certificates)
        for certificate in [issuing] + chain {
            try CertificateAuthority.check(certificate)
            try certificate.checkKey()
        }
        try self.checkPathLengths(chain)
        let generation = try AuthorityGeneration(
            certificate: issuing,
            chain: chain,
            key: key,
            rootKey: chain.isEmpty ? nil : rootKey
        )
        let verdict = try CertificateVerifier(roots: [generation.root]).verify(
            issuing,
            intermediates: chain,
            purpose: nil,
            at: now
        )
        if case .rejected(let rejection) = verdict {
            throw .wouldBeRejected(commonName: issuing.commonName, rejection)
        }
        return generation
    }

    /// Returns the issuers of `certificate`, nearest first, the root last; all of `certificates` are used.
    private static func issuers(
        of certificate: Certificate,
        among certificates: [Certificate]
    ) throws(PKIError) -> [Certificate] {
        var rest = certificates.filter { $0 != certificate }
        var chain: [Certificate] = []
        var last = certificate
        while !last.isSelfIssued {
            let issuer = rest.first { $0.subject == last.issuer && last.isSigned(by: $0) }
            guard let issuer else {
                throw .incompleteChain(
                    commonName: last.commonName,
                    missingIssuer: last.issuer.description
                )
            }
            rest.removeAll { $0 == issuer }
            chain.append(issuer)
            last = issuer
        }
        guard let other = rest.first else { return chain }
        throw .unrelatedCertificate(commonName: other.commonName)
    }

    /// Checks that each of `issuers`, nearest first, allows as many authorities as stand below it.
    static func checkPathLengths(_ issuers: [Certificate]) throws(PKIError) {
        for (index, issuer) in issuers.enumerated() {
            guard let allowed = issuer.pathLength, allowed < index + 1 else { continue }
            throw .pathTooLong(issuer: issuer.commonName, allowed: allowed)
        }
    }
}
