import COpenSSL

/// The SHA-256 digest of bytes that come one part after the other.
///
/// Not Sendable: one user at a time.
@safe package final class SHA256Digest {
    private let context: OpaquePointer

    /// Begins a digest.
    ///
    /// - Throws: ``PKIError/cryptography(attempted:reason:)``.
    package init() throws(PKIError) {
        OpenSSLErrors.clear()
        guard let context = unsafe EVP_MD_CTX_new() else { throw Self.failure }
        unsafe self.context = context
        guard unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else { throw Self.failure }
    }

    deinit {
        unsafe EVP_MD_CTX_free(self.context)
    }

    /// Adds bytes.
    ///
    /// - Throws: ``PKIError/cryptography(attempted:reason:)``.
    package func update(_ bytes: RawSpan) throws(PKIError) {
        OpenSSLErrors.clear()
        let isDone = unsafe bytes.withUnsafeBytes {
            unsafe EVP_DigestUpdate(self.context, $0.baseAddress, $0.count) == 1
        }
        guard isDone else { throw Self.failure }
    }

    /// Returns the 32 bytes of the digest; nothing can be added afterwards.
    ///
    /// - Throws: ``PKIError/cryptography(attempted:reason:)``.
    package func finish() throws(PKIError) -> [UInt8] {
        OpenSSLErrors.clear()
        let digest = unsafe [UInt8](unsafeUninitializedCapacity: 32) { buffer, initialized in
            var count: UInt32 = 0
            let isDone = unsafe EVP_DigestFinal_ex(self.context, buffer.baseAddress, &count) == 1
            initialized = isDone ? Int(count) : 0
        }
        guard digest.count == 32 else { throw Self.failure }
        return digest
    }

    private static var failure: PKIError { OpenSSLErrors.failure("compute a SHA-256 digest") }
}
