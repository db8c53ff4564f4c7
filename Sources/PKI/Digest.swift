import COpenSSL

/// Digests that formats of others ask for.
package enum Digest {
    /// Returns the SHA-1 digest of `bytes`: not for security, but for names that others compute so.
    package static func sha1(_ bytes: [UInt8]) throws(PKIError) -> [UInt8] {
        OpenSSLErrors.clear()
        let digest = unsafe [UInt8](unsafeUninitializedCapacity: 20) { buffer, initializedCount in
            var count: UInt32 = 0
            let isDone =
                unsafe EVP_Digest(bytes, bytes.count, buffer.baseAddress, &count, EVP_sha1(), nil) == 1
            initializedCount = isDone ? Int(count) : 0
        }
        guard digest.count == 20 else { throw OpenSSLErrors.failure("compute a SHA-1 digest") }
        return digest
    }
}
