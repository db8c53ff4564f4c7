import COpenSSL

/// An X.509 certificate: its encoding, and the fields that this program asks for, read once.
///
/// Immutable and shared by reference; two certificates are equal when their encodings are.
@safe package final class Certificate: @unchecked Sendable {
    // Unchecked: the handle is not changed after `init`; what OpenSSL caches in it while reading, it guards
    // itself.
    private let handle: OpaquePointer

    /// The certificate in DER.
    package let der: [UInt8]
    /// The certificate in PEM, with a newline at its end.
    package let pem: [UInt8]
    /// The subject's common name: the last one where there are several, as Go reads it; empty without one.
    package let commonName: String
    /// The issuer's common name, read in the same way.
    package let issuerCommonName: String
    /// The number that the issuer gave it.
    package let serialNumber: SerialNumber
    /// The period in which it counts.
    package let validity: Validity
    /// The DNS names, addresses and URIs in the order of the certificate; other kinds are left out.
    package let alternativeNames: [AlternativeName]
    /// Whether it may sign certificates: basic constraints, and key usage where there is one.
    package let isAuthority: Bool
    /// How many authorities may stand between this one and a leaf; any number without one.
    package let pathLength: Int?
    /// The whole subject; ``commonName`` is a part of it.
    package let subject: DistinguishedName
    /// The whole issuer, by which the issuer's certificate is found.
    package let issuer: DistinguishedName
    /// Whether subject and issuer are the same.
    package let isSelfIssued: Bool
    /// The SHA-256 digest of ``der``.
    package let fingerprint: [UInt8]
    /// The holder's key.
    package let publicKey: PublicKey
    /// The SHA-256 digest of the holder's key (`SubjectPublicKeyInfo`), by which keys are pinned and denied.
    package let keyDigest: [UInt8]

    /// Takes over `handle`, and frees it also when it cannot be read.
    init(takingOwnershipOf handle: OpaquePointer) throws(PKIError) {
        do throws(PKIError) {
            let der = try unsafe encodedDER("encode a certificate") { unsafe i2d_X509(handle, $0) }
            self.der = der
            self.pem = try unsafe CertificateFields.pem(of: handle)
            self.commonName = unsafe CertificateFields.commonName(in: X509_get_subject_name(handle))
            self.issuerCommonName = unsafe CertificateFields.commonName(in: X509_get_issuer_name(handle))
            self.serialNumber = unsafe CertificateFields.serialNumber(of: handle)
            self.validity = try unsafe CertificateFields.validity(of: handle)
            self.alternativeNames = try unsafe CertificateFields.alternativeNames(of: handle)
            self.isAuthority = try unsafe CertificateFields.isAuthority(handle)
            self.pathLength = unsafe CertificateFields.pathLength(handle)
            self.subject = try unsafe DistinguishedName(X509_get_subject_name(handle))
            self.issuer = try unsafe DistinguishedName(X509_get_issuer_name(handle))
            self.isSelfIssued =
                unsafe X509_NAME_cmp(X509_get_subject_name(handle), X509_get_issuer_name(handle)) == 0
            self.fingerprint = try Digest.sha256(der)
            self.publicKey = PublicKey(
                der: try unsafe encodedDER("encode a certificate's public key") { out in
                    unsafe i2d_X509_PUBKEY(X509_get_X509_PUBKEY(handle), out)
                }
            )
            self.keyDigest = try Digest.sha256(self.publicKey.der)
        } catch {
            unsafe X509_free(handle)
            throw error
        }
        unsafe self.handle = handle
    }

    deinit {
        unsafe X509_free(self.handle)
    }

    /// Reads one certificate from DER; nothing may follow it.
    package convenience init(der: [UInt8]) throws(PKIError) {
        let handle = try unsafe decodedDER(
            "certificate in DER",
            der.span.bytes,
            free: { unsafe X509_free($0) },
            decode: { unsafe d2i_X509(nil, $0, $1) }
        )
        try unsafe self.init(takingOwnershipOf: handle)
    }

    /// Lends the OpenSSL object to one call that does not change it.
    func withHandle<R, E: Error>(_ body: (OpaquePointer) throws(E) -> R) throws(E) -> R {
        try unsafe body(self.handle)
    }

    /// Checks that the key is of a kind and size that is accepted here.
    ///
    /// - Throws: ``PKIError/unsupportedKey(found:)``.
    package func checkKey() throws(PKIError) {
        guard let key = unsafe X509_get0_pubkey(self.handle) else {
            OpenSSLErrors.clear()
            throw .unsupportedKey(found: "an unknown kind")
        }
        try unsafe PrivateKey.checkKind(of: key)
    }

    /// Whether the signature was made by the key of `issuer`.
    ///
    /// Says nothing about names, times or purposes.
    package func isSigned(by issuer: Certificate) -> Bool {
        let isVerified = unsafe issuer.withHandle { issuer in
            unsafe X509_verify(self.handle, X509_get0_pubkey(issuer)) == 1
        }
        // A wrong signature is an answer here, not an error for the next call to find.
        OpenSSLErrors.clear()
        return isVerified
    }
}

extension Certificate: Hashable {
    /// Compares the encodings.
    package static func == (left: Certificate, right: Certificate) -> Bool {
        left.der == right.der
    }

    /// Hashes the encoding.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(self.der)
    }
}
