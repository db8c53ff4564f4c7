import COpenSSL

/// A leaf, its chain and its key in one file under a password (PKCS#12, RFC 7292).
package enum PKCS12 {
    /// The longest password in bytes.
    package static let longestPassword = 1024

    /// Encrypts a leaf, its key and its chain: AES-256 and PBKDF2 for the contents, SHA-256 for the whole.
    ///
    /// Salts come from OpenSSL's own generator, as keys do.
    ///
    /// - Parameters:
    ///   - bundle: What to export; the trusted roots are left out, since importers would trust nothing else.
    ///   - name: The friendly name that importers show.
    ///   - password: 1 to 1024 bytes of UTF-8 without a zero byte.
    /// - Returns: The file.
    /// - Throws: ``PKIError/invalidPassword(reason:)``, ``PKIError/invalidName(_:reason:)``.
    package static func encode(
        _ bundle: CredentialBundle,
        name: String,
        password: SecretBytes
    ) throws(PKIError) -> [UInt8] {
        try validateCommonName(name)
        let terminated = try self.terminated(password)
        OpenSSLErrors.clear()
        guard let chain = unsafe OPENSSL_sk_new_null() else {
            throw OpenSSLErrors.failure("allocate a chain")
        }
        // The list only: the certificates in it belong to the bundle.
        defer { unsafe OPENSSL_sk_free(chain) }
        for certificate in bundle.chain {
            let isAdded = unsafe certificate.withHandle { handle in
                unsafe OPENSSL_sk_push(chain, UnsafeRawPointer(handle)) > 0
            }
            guard isAdded else { throw OpenSSLErrors.failure("add a certificate to a chain") }
        }
        let file = unsafe terminated.withBytes { password in
            unsafe password.withUnsafeBytes { password in
                let password = unsafe password.assumingMemoryBound(to: CChar.self).baseAddress
                return unsafe bundle.leaf.withHandle { leaf in
                    unsafe bundle.key.withHandle { key in
                        unsafe PKCS12_create(password, name, key, leaf, chain, 0, 0, 0, 0, 0)
                    }
                }
            }
        }
        guard let file = unsafe file else { throw OpenSSLErrors.failure("make a PKCS#12 file") }
        defer { unsafe PKCS12_free(file) }
        return try unsafe encodedDER("encode a PKCS#12 file") { unsafe i2d_PKCS12(file, $0) }
    }

    /// Returns the password as a C string.
    private static func terminated(_ password: SecretBytes) throws(PKIError) -> SecretBytes {
        guard (1...self.longestPassword).contains(password.count) else {
            throw .invalidPassword(reason: "a password has 1 to \(self.longestPassword) bytes")
        }
        return try unsafe SecretBytes(capacity: password.count + 1) { buffer throws(PKIError) in
            for index in 0..<password.count {
                let byte = password.withBytes { $0.byte(at: index) }
                guard byte != 0 else { throw .invalidPassword(reason: "it has a zero byte") }
                unsafe buffer[index] = byte
            }
            unsafe buffer[password.count] = 0
            guard unsafe String(validating: buffer.dropLast(), as: UTF8.self) != nil else {
                throw .invalidPassword(reason: "it is not UTF-8")
            }
            return buffer.count
        }
    }
}
