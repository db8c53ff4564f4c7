import COpenSSL

/// AES-256-GCM over whole secrets (NIST SP 800-38D).
enum AuthenticatedCipher {
    /// Encrypts, and authenticates the associated data with it.
    static func seal(
        _ secret: SecretBytes,
        key: SecretBytes,
        nonce: [UInt8],
        associatedData: [UInt8]
    ) throws(PKIError) -> (ciphertext: [UInt8], tag: [UInt8]) {
        let cipher = try CipherContext()
        OpenSSLErrors.clear()
        var ciphertext = [UInt8](repeating: 0, count: secret.count)
        var tag = [UInt8](repeating: 0, count: SealedSecret.tagBytes)
        let tagCount = Int32(tag.count)
        var count: Int32 = 0
        let isDone = unsafe cipher.withHandle { context in
            let isBegun = key.withBytes { key in
                unsafe key.withUnsafeBytes { key in
                    let key = unsafe key.assumingMemoryBound(to: UInt8.self).baseAddress
                    return unsafe EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1
                }
            }
            let associatedCount = Int32(clamping: associatedData.count)
            guard isBegun,
                unsafe EVP_EncryptUpdate(context, nil, &count, associatedData, associatedCount) == 1
            else { return false }
            let isEncrypted = secret.withBytes { secret in
                unsafe secret.withUnsafeBytes { secret in
                    let start = unsafe secret.assumingMemoryBound(to: UInt8.self).baseAddress
                    let length = Int32(clamping: secret.count)
                    return unsafe EVP_EncryptUpdate(context, &ciphertext, &count, start, length) == 1
                }
            }
            var rest: Int32 = 0
            var end = [UInt8](repeating: 0, count: 16)
            return unsafe isEncrypted && EVP_EncryptFinal_ex(context, &end, &rest) == 1
                && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, tagCount, &tag) == 1
        }
        guard isDone, Int(count) == secret.count else { throw OpenSSLErrors.failure("encrypt a secret") }
        return (ciphertext, tag)
    }

    /// Decrypts, or returns `nil` when anything is not as it was sealed.
    static func open(
        _ ciphertext: [UInt8],
        tag: [UInt8],
        key: SecretBytes,
        nonce: [UInt8],
        associatedData: [UInt8]
    ) throws(PKIError) -> SecretBytes? {
        let cipher = try CipherContext()
        // A wrong tag is an answer here, not an error for the next call to find.
        defer { OpenSSLErrors.clear() }
        var tag = tag
        let tagCount = Int32(tag.count)
        var isAuthentic = false
        let secret = try unsafe SecretBytes(capacity: ciphertext.count) { buffer throws(PKIError) in
            let output = unsafe buffer.assumingMemoryBound(to: UInt8.self).baseAddress
            var count: Int32 = 0
            isAuthentic = unsafe cipher.withHandle { context in
                let isBegun = key.withBytes { key in
                    unsafe key.withUnsafeBytes { key in
                        let key = unsafe key.assumingMemoryBound(to: UInt8.self).baseAddress
                        return unsafe EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1
                    }
                }
                let associatedCount = Int32(clamping: associatedData.count)
                let length = Int32(clamping: ciphertext.count)
                var rest: Int32 = 0
                var end = [UInt8](repeating: 0, count: 16)
                return unsafe isBegun
                    && EVP_DecryptUpdate(context, nil, &count, associatedData, associatedCount) == 1
                    && EVP_DecryptUpdate(context, output, &count, ciphertext, length) == 1
                    && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, tagCount, &tag) == 1
                    && EVP_DecryptFinal_ex(context, &end, &rest) == 1
            }
            return buffer.count
        }
        return isAuthentic ? secret : nil
    }
}

/// Owns one OpenSSL cipher context for one use; OpenSSL cleanses it.
@safe private struct CipherContext: ~Copyable {
    private let handle: OpaquePointer

    init() throws(PKIError) {
        OpenSSLErrors.clear()
        guard let handle = unsafe EVP_CIPHER_CTX_new() else {
            throw OpenSSLErrors.failure("allocate a cipher")
        }
        unsafe self.handle = handle
    }

    deinit {
        unsafe EVP_CIPHER_CTX_free(self.handle)
    }

    borrowing func withHandle<R>(_ body: (OpaquePointer) -> R) -> R {
        unsafe body(self.handle)
    }
}
