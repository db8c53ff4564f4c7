import COpenSSL

/// Digests of whole arrays; ``SHA256Digest`` takes its bytes in parts.
package enum Digest {
    /// Returns the SHA-1 digest of `bytes`: not for security, but for names that others compute so.
    ///
    /// - Throws: ``PKIError/cryptography(attempted:reason:)``.
    package static func sha1(_ bytes: [UInt8]) throws(PKIError) -> [UInt8] {
        try unsafe self.compute(bytes, EVP_sha1(), count: 20, "SHA-1")
    }

    /// Returns the SHA-256 digest of `bytes`.
    ///
    /// - Throws: ``PKIError/cryptography(attempted:reason:)``.
    package static func sha256(_ bytes: [UInt8]) throws(PKIError) -> [UInt8] {
        try unsafe self.compute(bytes, EVP_sha256(), count: 32, "SHA-256")
    }

    /// Returns the HMAC-SHA-256 code of `message` under `key`.
    ///
    /// - Throws: ``PKIError/cryptography(attempted:reason:)``.
    static func authenticationCode(of message: [UInt8], key: SecretBytes) throws(PKIError) -> [UInt8] {
        OpenSSLErrors.clear()
        var code = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        let isDone = key.withBytes { key in
            unsafe key.withUnsafeBytes { key in
                let length = Int32(clamping: key.count)
                return unsafe HMAC(
                    EVP_sha256(),
                    key.baseAddress,
                    length,
                    message,
                    message.count,
                    &code,
                    &count
                ) != nil
            }
        }
        guard isDone, count == 32 else { throw OpenSSLErrors.failure("authenticate a message") }
        return code
    }

    /// Whether two byte strings are equal, in a time that depends on their lengths only.
    static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe CRYPTO_memcmp(left, right, left.count) == 0
    }

    private static func compute(
        _ bytes: [UInt8],
        _ algorithm: OpaquePointer?,
        count expected: Int,
        _ name: String
    ) throws(PKIError) -> [UInt8] {
        OpenSSLErrors.clear()
        let digest = unsafe [UInt8](unsafeUninitializedCapacity: expected) { buffer, initializedCount in
            var count: UInt32 = 0
            let isDone =
                unsafe EVP_Digest(bytes, bytes.count, buffer.baseAddress, &count, algorithm, nil) == 1
            initializedCount = isDone ? Int(count) : 0
        }
        guard digest.count == expected else { throw OpenSSLErrors.failure("compute a \(name) digest") }
        return digest
    }
}
