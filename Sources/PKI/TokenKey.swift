import COpenSSL

/// What JSON Web Tokens are signed and verified with: a private key, a public key, or a shared secret.
///
/// Immutable and shared by reference; any thread, several at once.
@safe package final class TokenKey: @unchecked Sendable {
    /// Why a key cannot be used (etcd `server/auth/options.go`).
    package enum Failure: Error, Hashable, Sendable {
        /// Neither key was given.
        case missing
        /// The public key is not that of the private one.
        case mismatch
        /// A key cannot be read or is of another kind than the algorithm needs.
        case unusable(reason: String)
    }

    // Unchecked: the handle is never changed after `init`, and OpenSSL's uses of a key may run in parallel.
    private let handle: OpaquePointer?
    private let secret: [UInt8]
    /// How tokens are signed.
    package let algorithm: TokenAlgorithm
    /// Whether there is a private key or a secret.
    package let canSign: Bool

    /// Reads the keys; the private one is used if it is there.
    ///
    /// - Parameters:
    ///   - algorithm: How tokens are signed.
    ///   - privateKey: A private key in PEM, or the secret itself.
    ///   - publicKey: A public key or a certificate in PEM.
    /// - Throws: ``Failure``.
    package init(
        algorithm: TokenAlgorithm,
        privateKey: [UInt8]?,
        publicKey: [UInt8]?
    ) throws(Failure) {
        self.algorithm = algorithm
        if case .secret = algorithm.family {
            guard let privateKey, !privateKey.isEmpty else { throw .missing }
            unsafe self.handle = nil
            self.secret = privateKey
            self.canSign = true
            return
        }
        self.secret = []
        guard privateKey != nil || publicKey != nil else { throw .missing }
        let own = try unsafe privateKey.map { (pem) throws(Failure) in
            try unsafe Self.read(pem, "the private key") { unsafe PEM_read_bio_PrivateKey($0, nil, nil, nil) }
        }
        let other: OpaquePointer?
        do throws(Failure) {
            unsafe other = try unsafe publicKey.map { (pem) throws(Failure) in try unsafe Self.readPublic(pem)
            }
        } catch {
            unsafe EVP_PKEY_free(own)
            throw error
        }
        self.canSign = unsafe own != nil
        unsafe self.handle = unsafe own ?? other
        guard let own = unsafe own, let other = unsafe other else {
            try self.checkKind()
            return
        }
        let isPair = unsafe EVP_PKEY_eq(own, other) == 1
        unsafe EVP_PKEY_free(other)
        OpenSSLErrors.clear()
        guard isPair else { throw .mismatch }
        try self.checkKind()
    }

    deinit {
        unsafe EVP_PKEY_free(self.handle)
    }

    /// Returns the signature of `message` as it stands in a token.
    package func sign(_ message: [UInt8]) throws(PKIError) -> [UInt8] {
        if case .secret = self.algorithm.family { return try self.authenticationCode(of: message) }
        OpenSSLErrors.clear()
        let context = unsafe EVP_MD_CTX_new()
        defer { unsafe EVP_MD_CTX_free(context) }
        var details: OpaquePointer?
        guard unsafe EVP_DigestSignInit(context, &details, self.digest, nil, self.handle) == 1,
            unsafe self.setPadding(details, saltBytes: -1)
        else { throw OpenSSLErrors.failure("begin to sign a token") }
        var count = 0
        guard unsafe EVP_DigestSign(context, nil, &count, message, message.count) == 1 else {
            throw OpenSSLErrors.failure("sign a token")
        }
        var signature = [UInt8](repeating: 0, count: count)
        guard unsafe EVP_DigestSign(context, &signature, &count, message, message.count) == 1 else {
            throw OpenSSLErrors.failure("sign a token")
        }
        signature.removeLast(signature.count - count)
        guard case .ellipticCurve(let numberBytes) = self.algorithm.family else { return signature }
        guard let plain = ECSignature.plain(der: signature, numberBytes: numberBytes) else {
            throw OpenSSLErrors.failure("encode the signature of a token")
        }
        return plain
    }

    /// Whether `signature` is that of `message`.
    package func verify(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        // Whatever goes wrong: it is not a signature by this key.
        defer { OpenSSLErrors.clear() }
        var signature = signature
        switch self.algorithm.family {
        case .secret:
            guard let code = try? self.authenticationCode(of: message) else { return false }
            guard code.count == signature.count else { return false }
            return unsafe CRYPTO_memcmp(code, signature, code.count) == 0
        case .ellipticCurve(let numberBytes):
            guard let der = ECSignature.der(plain: signature, numberBytes: numberBytes) else { return false }
            signature = der
        case .rsa, .rsaPSS, .edwards: break
        }
        let context = unsafe EVP_MD_CTX_new()
        defer { unsafe EVP_MD_CTX_free(context) }
        var details: OpaquePointer?
        // A salt of any length: Go makes it as long as the key allows.
        guard unsafe EVP_DigestVerifyInit(context, &details, self.digest, nil, self.handle) == 1,
            unsafe self.setPadding(details, saltBytes: -2)
        else { return false }
        return unsafe EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    private var digest: OpaquePointer? {
        switch self.algorithm.digestBits {
        case 256: unsafe EVP_sha256()
        case 384: unsafe EVP_sha384()
        case 512: unsafe EVP_sha512()
        default: nil
        }
    }

    private func setPadding(_ details: OpaquePointer?, saltBytes: Int32) -> Bool {
        guard case .rsaPSS = self.algorithm.family else { return true }
        return unsafe EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) == 1
            && EVP_PKEY_CTX_set_rsa_pss_saltlen(details, saltBytes) == 1
    }

    private func authenticationCode(of message: [UInt8]) throws(PKIError) -> [UInt8] {
        OpenSSLErrors.clear()
        var code = [UInt8](repeating: 0, count: self.algorithm.digestBits / 8)
        var count: UInt32 = 0
        let result = unsafe HMAC(
            self.digest,
            self.secret,
            Int32(clamping: self.secret.count),
            message,
            message.count,
            &code,
            &count
        )
        guard unsafe result != nil, Int(count) == code.count else {
            throw OpenSSLErrors.failure("authenticate a token")
        }
        return code
    }

    private func checkKind() throws(Failure) {
        let kind = unsafe EVP_PKEY_get_base_id(self.handle)
        let bits = unsafe EVP_PKEY_get_bits(self.handle)
        let isRight =
            switch self.algorithm.family {
            case .secret: true
            case .rsa, .rsaPSS: kind == EVP_PKEY_RSA
            case .ellipticCurve(let numberBytes):
                kind == EVP_PKEY_EC && (Int(bits) + 7) / 8 == numberBytes
            case .edwards: kind == EVP_PKEY_ED25519
            }
        guard isRight else {
            throw .unusable(reason: "the key is not one for \(self.algorithm.rawValue)")
        }
    }

    private static func readPublic(_ pem: [UInt8]) throws(Failure) -> OpaquePointer {
        if let certificate = try? Certificate.single(pem: pem) {
            return try unsafe certificate.withHandle { (handle) throws(Failure) in
                guard let key = unsafe X509_get_pubkey(handle) else {
                    throw .unusable(reason: "the certificate has no public key")
                }
                return unsafe key
            }
        }
        return try unsafe self.read(pem, "the public key") { unsafe PEM_read_bio_PUBKEY($0, nil, nil, nil) }
    }

    private static func read(
        _ pem: [UInt8],
        _ what: String,
        _ decode: (OpaquePointer) -> OpaquePointer?
    ) throws(Failure) -> OpaquePointer {
        guard let stream = try? unsafe MemoryStream.reading(pem.span.bytes) else {
            throw .unusable(reason: "\(what) cannot be read")
        }
        OpenSSLErrors.clear()
        guard let handle = unsafe stream.withBIO({ unsafe decode($0) }) else {
            throw .unusable(reason: "\(what) is not valid PEM: \(OpenSSLErrors.drain())")
        }
        return unsafe handle
    }
}

/// The two forms of a signature on an elliptic curve: ASN.1, and two numbers of a fixed size (RFC 7518 §3.4).
private enum ECSignature {
    static func plain(der: [UInt8], numberBytes: Int) -> [UInt8]? {
        let decoded = unsafe der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var start = bytes.baseAddress
            return unsafe d2i_ECDSA_SIG(nil, &start, bytes.count)
        }
        guard let decoded = unsafe decoded else { return nil }
        defer { unsafe ECDSA_SIG_free(decoded) }
        var plain: [UInt8] = []
        let numbers = unsafe [ECDSA_SIG_get0_r(decoded), ECDSA_SIG_get0_s(decoded)]
        for index in unsafe numbers.indices {
            let number = unsafe numbers[index]
            var bytes = [UInt8](repeating: 0, count: numberBytes)
            guard unsafe BN_bn2binpad(number, &bytes, Int32(numberBytes)) == Int32(numberBytes) else {
                return nil
            }
            plain += bytes
        }
        return plain
    }

    static func der(plain: [UInt8], numberBytes: Int) -> [UInt8]? {
        guard plain.count == 2 * numberBytes, let signature = unsafe ECDSA_SIG_new() else { return nil }
        defer { unsafe ECDSA_SIG_free(signature) }
        let halves = [Array(plain[..<numberBytes]), Array(plain[numberBytes...])]
        let numbers = unsafe halves.map { unsafe BN_bin2bn($0, Int32(numberBytes), nil) }
        // From here on the numbers belong to the signature.
        guard unsafe ECDSA_SIG_set0(signature, numbers[0], numbers[1]) == 1 else { return nil }
        let count = unsafe i2d_ECDSA_SIG(signature, nil)
        guard count > 0 else { return nil }
        var der = [UInt8](repeating: 0, count: Int(count))
        let written = unsafe der.withUnsafeMutableBufferPointer { bytes -> Int32 in
            var start = bytes.baseAddress
            return unsafe i2d_ECDSA_SIG(signature, &start)
        }
        return written == count ? der : nil
    }
}
