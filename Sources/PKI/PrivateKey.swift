import COpenSSL

/// A private key: EC (made here on P-256) or RSA.
///
/// Immutable, shared by reference, cleansed by OpenSSL when the last reference goes. Making a key takes
/// randomness from OpenSSL's own generator: the one source of it that is not a parameter, because keys must
/// never depend on a seed. Call it on ordinary threads, not on event loops.
@safe package final class PrivateKey: @unchecked Sendable {
    // Unchecked: the handle is never changed after `init`, and OpenSSL's reads of a key may run in parallel.
    private let handle: OpaquePointer
    /// The public half.
    package let publicKey: PublicKey

    /// The sizes of RSA keys that are accepted, in bits: smaller ones are weak, and larger ones cost every
    /// verifier so much time that they are a weapon.
    package static let rsaBits = 2048...4096
    private static let acceptedGroups: Set<String> = [
        "prime256v1", "P-256", "secp384r1", "P-384", "secp521r1", "P-521",
    ]

    /// Takes over `handle`, and frees it also when the key is not acceptable.
    private init(takingOwnershipOf handle: OpaquePointer) throws(PKIError) {
        do throws(PKIError) {
            try unsafe Self.checkKind(of: handle)
            self.publicKey = PublicKey(
                der: try unsafe encodedDER("encode a public key") { unsafe i2d_PUBKEY(handle, $0) }
            )
        } catch {
            unsafe EVP_PKEY_free(handle)
            throw error
        }
        unsafe self.handle = handle
    }

    deinit {
        unsafe EVP_PKEY_free(self.handle)
    }

    /// Makes a new key; an RSA key of 4096 bits takes seconds.
    ///
    /// - Throws: ``PKIError/unsupportedKey(found:)`` for RSA of another size than ``rsaBits``.
    package static func generate(_ kind: KeyKind = .p256) throws(PKIError) -> PrivateKey {
        if case .rsa(let bits) = kind, !self.rsaBits.contains(bits) || bits % 256 != 0 {
            throw .unsupportedKey(found: "RSA of \(bits) bits")
        }
        OpenSSLErrors.clear()
        let name = kind == .p256 ? "EC" : "RSA"
        guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, name, nil) else {
            throw OpenSSLErrors.failure("prepare making a key")
        }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        guard unsafe EVP_PKEY_keygen_init(context) == 1 else {
            throw OpenSSLErrors.failure("prepare making a key")
        }
        let isSet =
            switch kind {
            case .p256: unsafe EVP_PKEY_CTX_set_group_name(context, "P-256")
            case .rsa(let bits): unsafe EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(bits))
            }
        var handle: OpaquePointer?
        guard isSet == 1,
            unsafe EVP_PKEY_generate(context, &handle) == 1,
            let handle = unsafe handle
        else { throw OpenSSLErrors.failure("make a key") }
        return try unsafe PrivateKey(takingOwnershipOf: handle)
    }

    /// Reads the first private key of a PEM text: PKCS#8, or the older EC and RSA forms.
    ///
    /// - Throws: ``PKIError/malformed(what:reason:)``, also for an encrypted key: nobody is asked for a
    ///   pass phrase; ``PKIError/unsupportedKey(found:)``.
    package convenience init(pem: RawSpan) throws(PKIError) {
        let stream = try MemoryStream.reading(pem)
        OpenSSLErrors.clear()
        let handle = unsafe stream.withBIO { bio in
            unsafe PEM_read_bio_PrivateKey(bio, nil, refusePassPhrase, nil)
        }
        guard let handle = unsafe handle else { throw OpenSSLErrors.malformed("private key in PEM") }
        try unsafe self.init(takingOwnershipOf: handle)
    }

    /// Reads a private key from PKCS#8 DER (or the older EC and RSA forms); nothing may follow it.
    package convenience init(der: RawSpan) throws(PKIError) {
        let handle = try unsafe decodedDER(
            "private key in DER",
            der,
            free: { unsafe EVP_PKEY_free($0) },
            decode: { unsafe d2i_AutoPrivateKey(nil, $0, $1) }
        )
        try unsafe self.init(takingOwnershipOf: handle)
    }

    /// Returns the key as unencrypted PKCS#8 in PEM.
    package func pem() throws(PKIError) -> SecretBytes {
        let stream = try MemoryStream()
        let isWritten = unsafe stream.withBIO { bio in
            unsafe PEM_write_bio_PKCS8PrivateKey(bio, self.handle, nil, nil, 0, nil, nil) == 1
        }
        guard isWritten else { throw OpenSSLErrors.failure("encode a private key") }
        return stream.secretBytes()
    }

    /// Returns the key as unencrypted PKCS#8 in DER.
    package func der() throws(PKIError) -> SecretBytes {
        let stream = try MemoryStream()
        let isWritten = unsafe stream.withBIO { bio in
            unsafe i2d_PKCS8PrivateKey_bio(bio, self.handle, nil, nil, 0, nil, nil) == 1
        }
        guard isWritten else { throw OpenSSLErrors.failure("encode a private key") }
        return stream.secretBytes()
    }

    /// Whether this is the private key of `certificate`.
    package func matches(_ certificate: Certificate) -> Bool {
        let isEqual = unsafe certificate.withHandle { other in
            unsafe X509_check_private_key(other, self.handle) == 1
        }
        // A mismatch is an answer here, not an error for the next call to find.
        OpenSSLErrors.clear()
        return isEqual
    }

    /// Lends the OpenSSL object to one call that does not change it.
    func withHandle<R, E: Error>(_ body: (OpaquePointer) throws(E) -> R) throws(E) -> R {
        try unsafe body(self.handle)
    }

    static func checkKind(of handle: OpaquePointer) throws(PKIError) {
        let kind = unsafe EVP_PKEY_get_base_id(handle)
        let bits = unsafe EVP_PKEY_get_bits(handle)
        switch kind {
        case EVP_PKEY_RSA:
            guard self.rsaBits.contains(Int(bits)) else {
                throw .unsupportedKey(found: "RSA of \(bits) bits")
            }
        case EVP_PKEY_EC:
            let group = unsafe self.groupName(of: handle)
            guard self.acceptedGroups.contains(group) else { throw .unsupportedKey(found: "EC on \(group)") }
        default:
            let name = unsafe OBJ_nid2sn(kind).map { unsafe String(cString: $0) }
            throw .unsupportedKey(found: name ?? "type \(kind)")
        }
    }

    private static func groupName(of handle: OpaquePointer) -> String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 80) { buffer in
            guard let start = buffer.baseAddress,
                unsafe EVP_PKEY_get_group_name(handle, start, buffer.count, nil) == 1
            else { return "an unnamed curve" }
            return unsafe String(cString: start)
        }
    }
}

/// Answers OpenSSL's question for a pass phrase with "none": its own answer would be to ask the terminal.
private func refusePassPhrase(
    _ buffer: UnsafeMutablePointer<CChar>?,
    _ size: Int32,
    _ isWriting: Int32,
    _ context: UnsafeMutableRawPointer?
) -> Int32 {
    -1
}
