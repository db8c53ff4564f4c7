extension CertificateAuthority {
    /// The period in which this authority and all issuers above it count: what it issues lies within.
    package var validity: Validity {
        self.chain.reduce(self.certificate.validity) { $0.clamped(to: $1.validity) }
    }

    /// Issues a leaf certificate.
    ///
    /// Where the root is known, the leaf is verified before it is given away, so that a name constraint or an
    /// extended usage of an issuer above is found here and not by the clients.
    ///
    /// - Parameters:
    ///   - template: What the certificate says about its holder.
    ///   - publicKey: The holder's key. That the holder has the private half is the caller's business.
    ///   - serialNumber: A random number, not used before by this authority.
    ///   - validity: The leaf's life, within the authority's own.
    ///   - now: The time in seconds since 1970.
    /// - Returns: The signed certificate.
    /// - Throws: ``PKIError/issuerExpired(issuer:validity:now:)``,
    ///   ``PKIError/issuerNotYetValid(issuer:validity:now:)``,
    ///   ``PKIError/outsideIssuerValidity(requested:issuer:)``, ``PKIError/invalidValidity(_:)``,
    ///   ``PKIError/invalidName(_:reason:)``, ``PKIError/unsupportedKey(found:)``,
    ///   ``PKIError/wouldBeRejected(commonName:_:)``.
    package func issue(
        _ template: CertificateTemplate,
        publicKey: PublicKey,
        serialNumber: SerialNumber,
        validity: Validity,
        now: Int64
    ) throws(PKIError) -> Certificate {
        try template.validate()
        try self.checkCanIssue(validity, now: now)
        let builder = try CertificateBuilder()
        try builder.set(serialNumber)
        try builder.set(validity)
        try builder.setSubject(commonName: template.commonName)
        try builder.setIssuer(self.certificate)
        try builder.set(publicKey)
        try builder.addLeafExtensions(template, issuer: self.certificate)
        let leaf = try self.sign(builder)
        try self.verify(leaf, purpose: template.purpose, within: validity)
        return leaf
    }

    /// Issues the certificate of an authority below this one.
    ///
    /// - Parameters:
    ///   - commonName: Its name.
    ///   - key: Its key.
    ///   - serialNumber: A random number, not used before by this authority.
    ///   - validity: Its life, within this one's.
    ///   - pathLength: How many further authorities may stand between it and a leaf; none by default.
    ///   - now: The time in seconds since 1970.
    /// - Returns: The authority, ready to issue, with its chain.
    /// - Throws: As ``issue(_:publicKey:serialNumber:validity:now:)``, and
    ///   ``PKIError/pathTooLong(issuer:allowed:)``.
    package func makeSubordinate(
        commonName: String,
        key: PrivateKey,
        serialNumber: SerialNumber,
        validity: Validity,
        pathLength: Int? = 0,
        now: Int64
    ) throws(PKIError) -> CertificateAuthority {
        try validateCommonName(commonName)
        try self.checkCanIssue(validity, now: now)
        let above = [self.certificate] + self.chain
        try AuthorityGeneration.checkPathLengths(above)
        let builder = try CertificateBuilder()
        try builder.set(serialNumber)
        try builder.set(validity)
        try builder.setSubject(commonName: commonName)
        try builder.setIssuer(self.certificate)
        try builder.set(key.publicKey)
        try builder.addAuthorityExtensions(pathLength: pathLength, issuer: self.certificate)
        let certificate = try self.sign(builder)
        try self.verify(certificate, purpose: nil, within: validity)
        return try CertificateAuthority(certificate: certificate, chain: above, key: key)
    }

    /// Checks that this authority and those above it count at `now`, and for the whole of `requested`.
    func checkCanIssue(_ requested: Validity, now: Int64) throws(PKIError) {
        for issuer in [self.certificate] + self.chain {
            let validity = issuer.validity
            guard now < validity.notAfter else {
                throw .issuerExpired(issuer: issuer.commonName, validity: validity, now: now)
            }
            guard validity.notBefore <= now else {
                throw .issuerNotYetValid(issuer: issuer.commonName, validity: validity, now: now)
            }
        }
        guard requested.isIssuable else { throw .invalidValidity(requested) }
        let limit = self.validity
        guard limit.contains(requested) else {
            throw .outsideIssuerValidity(requested: requested, issuer: limit)
        }
    }

    private func verify(
        _ certificate: Certificate,
        purpose: CertificatePurpose?,
        within validity: Validity
    ) throws(PKIError) {
        let issuers = [self.certificate] + self.chain
        guard let root = issuers.last, root.isSelfIssued else { return }
        let verdict = try CertificateVerifier(roots: [root]).verify(
            certificate,
            intermediates: issuers.dropLast(),
            purpose: purpose,
            at: validity.notBefore
        )
        if case .rejected(let rejection) = verdict {
            throw .wouldBeRejected(commonName: certificate.commonName, rejection)
        }
    }
}
