import COpenSSL

/// A request for a certificate (PKCS#10, RFC 2986) whose sender has proved to have the key.
///
/// What it says is a wish; ``CertificateProfile/template(for:cluster:peer:namespace:additionalNames:)``
/// decides.
package struct CertificateRequest: Hashable, Sendable {
    /// The longest request that is looked at, in bytes of PEM or DER.
    package static let largestBytes = 1 << 16

    /// The request in DER.
    package let der: [UInt8]
    /// The subject's common name; empty without one.
    package let commonName: String
    /// The alternative names that it asks for, in order.
    package let alternativeNames: [AlternativeName]
    /// The sender's key.
    package let publicKey: PublicKey

    /// Reads a request in PEM or DER, and checks the signature by its own key.
    ///
    /// - Throws: ``PKIError/malformed(what:reason:)``, ``PKIError/request(_:)``,
    ///   ``PKIError/unsupportedKey(found:)`` for a weak, huge or unknown key,
    ///   ``PKIError/invalidName(_:reason:)`` for an alternative name.
    package init(_ bytes: [UInt8]) throws(PKIError) {
        guard bytes.count <= Self.largestBytes else {
            throw .request(.tooLarge(limitBytes: Self.largestBytes))
        }
        let handle = try unsafe Self.decoded(bytes)
        defer { unsafe X509_REQ_free(handle) }
        try unsafe self.init(reading: handle)
    }

    /// Reads what OpenSSL has decoded; the handle is borrowed.
    private init(reading handle: OpaquePointer) throws(PKIError) {
        self.der = try unsafe encodedDER("encode a request") { unsafe i2d_X509_REQ(handle, $0) }
        // First the kind and size of the key: to verify with a huge one would be the attack.
        self.publicKey = try unsafe Self.key(of: handle)
        let isSigned = unsafe X509_REQ_verify(handle, X509_REQ_get0_pubkey(handle)) == 1
        OpenSSLErrors.clear()
        guard isSigned else { throw .request(.wrongSignature) }
        let subject = unsafe X509_REQ_get_subject_name(handle)
        let names = unsafe CertificateFields.commonNameCount(in: subject)
        guard names <= 1 else { throw .request(.severalCommonNames(names)) }
        self.commonName = unsafe CertificateFields.commonName(in: subject)
        self.alternativeNames = try unsafe RequestExtensions.read(handle)
    }

    /// Makes a request, to be signed by somebody else.
    ///
    /// - Parameters:
    ///   - commonName: The subject's only name.
    ///   - alternativeNames: Further names to ask for.
    ///   - key: The sender's key, which signs the request.
    /// - Returns: The request.
    /// - Throws: ``PKIError/invalidName(_:reason:)``.
    package static func make(
        commonName: String,
        alternativeNames: [AlternativeName] = [],
        key: PrivateKey
    ) throws(PKIError) -> CertificateRequest {
        let template = CertificateTemplate(
            commonName: commonName,
            alternativeNames: alternativeNames,
            purpose: .client
        )
        try template.validate()
        let builder = try RequestBuilder()
        try builder.setSubject(commonName: commonName)
        try builder.set(key)
        try builder.add(alternativeNames)
        return try CertificateRequest(try builder.signed(by: key))
    }

    /// The request in PEM, with a newline at its end.
    package var pem: [UInt8] {
        PEMText.block("CERTIFICATE REQUEST", self.der)
    }

    private static func decoded(_ bytes: [UInt8]) throws(PKIError) -> OpaquePointer {
        let what = "certificate request"
        let blocks = PEMText.blocks(in: bytes)
        guard blocks > 0 else {
            return try unsafe decodedDER(
                what,
                bytes.span.bytes,
                free: { unsafe X509_REQ_free($0) },
                decode: { unsafe d2i_X509_REQ(nil, $0, $1) }
            )
        }
        guard blocks == 1, PEMText.isComplete(bytes) else {
            throw .malformed(what: what, reason: "it is cut short, or not one block of PEM")
        }
        let stream = try unsafe MemoryStream.reading(bytes.span.bytes)
        OpenSSLErrors.clear()
        let handle = unsafe stream.withBIO { unsafe PEM_read_bio_X509_REQ($0, nil, nil, nil) }
        guard let handle = unsafe handle else { throw OpenSSLErrors.malformed(what) }
        return unsafe handle
    }

    private static func key(of handle: OpaquePointer) throws(PKIError) -> PublicKey {
        OpenSSLErrors.clear()
        guard let key = unsafe X509_REQ_get0_pubkey(handle) else {
            throw OpenSSLErrors.malformed("key of a certificate request")
        }
        try unsafe PrivateKey.checkKind(of: key)
        let written = try unsafe encodedDER("encode a public key") { out in
            unsafe i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(handle), out)
        }
        let usual = try unsafe encodedDER("encode a public key") { unsafe i2d_PUBKEY(key, $0) }
        // The size of a named curve with an uncompressed point; OpenSSL keeps other forms as they came.
        let sizes: [Int32: Int] = [256: 91, 384: 120, 521: 158]
        let isCurve = unsafe EVP_PKEY_get_base_id(key) == EVP_PKEY_EC
        let size = unsafe isCurve ? sizes[EVP_PKEY_get_bits(key)] : usual.count
        guard written == usual, usual.count == size else { throw .request(.unusualKeyEncoding) }
        return PublicKey(der: usual)
    }
}
