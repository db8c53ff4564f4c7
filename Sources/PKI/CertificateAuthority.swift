// PKI: keys and certificates of one mesh, on OpenSSL 3.
//
// What this is: the mechanism. It makes keys, issues leaf certificates by profile, verifies chains at a given
// time, and keeps the first set of credentials in one directory. What it is not: it knows no clock (time is a
// parameter), no log, no TLS, and no REST resource; renewal times and rotation are decided by whoever calls
// it.
//
// The idea: every OpenSSL object has exactly one Swift owner (`PrivateKey`, `Certificate`,
// `CertificateVerifier` are shared and immutable; `CertificateBuilder` and `MemoryStream` live for one call),
// and only DER and PEM bytes leave the module, because the TLS libraries beside it are others.
//
// Where to begin: here, then `CertificateVerifier`, then `PKIDirectory`, which puts the parts together. Files
// are touched in `SecureDirectory` and nowhere else.

/// A certificate that may sign others, and its private key.
package struct CertificateAuthority: Sendable {
    /// The authority's own certificate.
    package let certificate: Certificate
    private let key: PrivateKey

    /// Puts an authority together from its parts.
    ///
    /// - Throws: ``PKIError/notAnAuthority(commonName:reason:)`` for a certificate that may not sign, or
    ///   that claims to have signed itself and did not; ``PKIError/keyMismatch(commonName:)`` for another
    ///   certificate's key.
    package init(certificate: Certificate, key: PrivateKey) throws(PKIError) {
        try Self.check(certificate)
        guard key.matches(certificate) else { throw .keyMismatch(commonName: certificate.commonName) }
        self.certificate = certificate
        self.key = key
    }

    /// Checks that a certificate is one of an authority, whoever has its key.
    static func check(_ certificate: Certificate) throws(PKIError) {
        guard certificate.isAuthority else {
            throw .notAnAuthority(
                commonName: certificate.commonName,
                reason: "its basic constraints or key usage do not allow it"
            )
        }
        guard !certificate.isSelfIssued || certificate.isSigned(by: certificate) else {
            throw .notAnAuthority(commonName: certificate.commonName, reason: "its signature is wrong")
        }
    }

    /// Makes a self-signed root.
    ///
    /// - Parameters:
    ///   - commonName: The root's name; ``rootCommonName(cluster:)`` for a mesh.
    ///   - key: The root's key.
    ///   - serialNumber: A random number.
    ///   - validity: The root's life, which bounds that of everything it issues.
    /// - Returns: The authority, ready to issue.
    /// - Throws: ``PKIError/invalidName(_:reason:)``, ``PKIError/invalidValidity(_:)``.
    package static func makeRoot(
        commonName: String,
        key: PrivateKey,
        serialNumber: SerialNumber,
        validity: Validity
    ) throws(PKIError) -> CertificateAuthority {
        try validateCommonName(commonName)
        guard validity.isIssuable else { throw .invalidValidity(validity) }
        let builder = try CertificateBuilder()
        try builder.set(serialNumber)
        try builder.set(validity)
        try builder.setSubject(commonName: commonName)
        try builder.setIssuer(nil)
        try builder.set(key.publicKey)
        try builder.addAuthorityExtensions()
        return try CertificateAuthority(certificate: try builder.signed(by: key), key: key)
    }

    /// The name of the root that a cluster makes for its mesh.
    package static func rootCommonName(cluster: String) -> String {
        "Isthmus mesh CA \(cluster)"
    }

    /// Issues a leaf certificate.
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
    ///   ``PKIError/invalidName(_:reason:)``, ``PKIError/unsupportedKey(found:)``.
    package func issue(
        _ template: CertificateTemplate,
        publicKey: PublicKey,
        serialNumber: SerialNumber,
        validity: Validity,
        now: Int64
    ) throws(PKIError) -> Certificate {
        try self.checkCanIssue(now: now)
        try template.validate()
        guard validity.isIssuable else { throw .invalidValidity(validity) }
        guard self.certificate.validity.contains(validity) else {
            throw .outsideIssuerValidity(requested: validity, issuer: self.certificate.validity)
        }
        let builder = try CertificateBuilder()
        try builder.set(serialNumber)
        try builder.set(validity)
        try builder.setSubject(commonName: template.commonName)
        try builder.setIssuer(self.certificate)
        try builder.set(publicKey)
        try builder.addLeafExtensions(template, issuer: self.certificate)
        return try builder.signed(by: self.key)
    }

    /// Checks that the authority's own life includes `now` (seconds since 1970).
    private func checkCanIssue(now: Int64) throws(PKIError) {
        let validity = self.certificate.validity
        guard now < validity.notAfter else {
            throw .issuerExpired(issuer: self.certificate.commonName, validity: validity, now: now)
        }
        guard validity.notBefore <= now else {
            throw .issuerNotYetValid(issuer: self.certificate.commonName, validity: validity, now: now)
        }
    }
}
