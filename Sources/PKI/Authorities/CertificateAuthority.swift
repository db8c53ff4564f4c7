// PKI: keys and certificates of one mesh, on OpenSSL 3.
//
// What this is: the mechanism. It makes keys, issues leaf certificates by profile, verifies chains at a given
// time, and keeps the first set of credentials in one directory. What it is not: it knows no clock (time is a
// parameter), no log, no TLS, no database and no REST resource. Where it decides something (when to renew,
// who would be cut off, whom to trust), it does so from values that it is given.
//
// The idea: every OpenSSL object has exactly one Swift owner (`PrivateKey`, `Certificate`,
// `CertificateVerifier` are shared and immutable; `CertificateBuilder` and `MemoryStream` live for one call),
// and only DER and PEM bytes leave the module, because the TLS libraries beside it are others.
//
// Where to begin: here, then `AuthorityGeneration`, `CertificateVerifier` and `Trust/MeshTrust`.
// `PKIDirectory` is the first start. Files are touched in `SecureDirectory` and nowhere else.

/// A certificate that may sign others, its private key, and the issuers above it.
package struct CertificateAuthority: Sendable {
    /// The authority's own certificate.
    package let certificate: Certificate
    /// The issuers above it as far as they are known: nearest first, the root last; empty for a root.
    package let chain: [Certificate]
    private let key: PrivateKey

    /// Puts an authority together from its parts.
    ///
    /// - Parameters:
    ///   - certificate: The authority's own certificate.
    ///   - chain: The issuers above it, in order; their lives bound what is issued, too.
    ///   - key: The certificate's key.
    /// - Throws: ``PKIError/notAnAuthority(commonName:reason:)`` for a certificate that may not sign, or
    ///   that claims to have signed itself and did not; ``PKIError/keyMismatch(commonName:)`` for another
    ///   certificate's key.
    package init(
        certificate: Certificate,
        chain: [Certificate] = [],
        key: PrivateKey
    ) throws(PKIError) {
        try Self.check(certificate)
        guard key.matches(certificate) else { throw .keyMismatch(commonName: certificate.commonName) }
        self.certificate = certificate
        self.chain = chain
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
    ///   - commonName: The root's name; ``rootCommonName(cluster:generation:)`` for a mesh.
    ///   - key: The root's key.
    ///   - serialNumber: A random number.
    ///   - validity: The root's life, which bounds that of everything it issues.
    ///   - pathLength: How many authorities may stand between the root and a leaf; any number without one.
    /// - Returns: The authority, ready to issue.
    /// - Throws: ``PKIError/invalidName(_:reason:)``, ``PKIError/invalidValidity(_:)``.
    package static func makeRoot(
        commonName: String,
        key: PrivateKey,
        serialNumber: SerialNumber,
        validity: Validity,
        pathLength: Int? = nil
    ) throws(PKIError) -> CertificateAuthority {
        try validateCommonName(commonName)
        guard validity.isIssuable else { throw .invalidValidity(validity) }
        let builder = try CertificateBuilder()
        try builder.set(serialNumber)
        try builder.set(validity)
        try builder.setSubject(commonName: commonName)
        try builder.setIssuer(nil)
        try builder.set(key.publicKey)
        try builder.addAuthorityExtensions(pathLength: pathLength, issuer: nil)
        return try CertificateAuthority(certificate: try builder.signed(by: key), key: key)
    }

    /// Signs a certificate that is put together.
    func sign(_ builder: consuming CertificateBuilder) throws(PKIError) -> Certificate {
        try builder.signed(by: self.key)
    }

    /// Signs a revocation list that is put together.
    func sign(_ builder: consuming RevocationListBuilder) throws(PKIError) -> RevocationList {
        try builder.signed(by: self.key)
    }

    /// The name of the root that a cluster makes for its mesh.
    ///
    /// Each generation has a name of its own, for verifiers that look issuers up by name.
    package static func rootCommonName(cluster: String, generation: Int = 1) -> String {
        "Isthmus mesh CA \(cluster)\(generation > 1 ? " G\(generation)" : "")"
    }

    /// The name of the authority below that root which issues the leaves.
    package static func issuingCommonName(cluster: String, generation: Int = 1) -> String {
        "Isthmus issuing CA \(cluster)\(generation > 1 ? " G\(generation)" : "")"
    }
}
