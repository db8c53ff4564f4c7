/// Seals private keys and other secrets for storage, and opens them again.
///
/// A value of immutable parts; any thread. To rotate the key-encryption key: make a vault of the new key with
/// the old one as a former key, ``reseal(_:for:using:)`` everything, then forget the old key.
package struct KeyVault: Sendable {
    /// The key that everything new is sealed under.
    package let current: EncryptionKey
    /// Keys that older envelopes may need.
    package let former: [EncryptionKey]

    /// Creates a vault.
    package init(current: EncryptionKey, former: [EncryptionKey] = []) {
        self.current = current
        self.former = former
    }

    /// Seals a secret for the object that it belongs to.
    ///
    /// - Parameters:
    ///   - secret: At most 64 KiB.
    ///   - object: Whose secret it is, such as `authority/east/7`; the same text opens it.
    ///   - generator: The source of the nonce. It must not repeat itself: two secrets under one nonce would
    ///     tell about each other.
    /// - Returns: The envelope to store.
    /// - Throws: ``PKIError/sealed(_:)`` for a secret that is too large.
    package func seal(
        _ secret: SecretBytes,
        for object: String,
        using generator: inout some RandomNumberGenerator
    ) throws(PKIError) -> SealedSecret {
        guard secret.count <= SealedSecret.largestSecret else {
            throw .sealed(.tooLarge(limitBytes: SealedSecret.largestSecret))
        }
        let header = SealedSecret.format + self.current.id.bytes
        let nonce = (0..<SealedSecret.nonceBytes).map { _ in
            UInt8.random(in: .min ... .max, using: &generator)
        }
        let sealed = try AuthenticatedCipher.seal(
            secret,
            key: self.current.bytes,
            nonce: nonce,
            associatedData: header + Array(object.utf8)
        )
        return try SealedSecret(envelope: header + nonce + sealed.ciphertext + sealed.tag)
    }

    /// Opens a secret that was sealed for the same object, under the current key or a former one.
    ///
    /// - Throws: ``PKIError/sealed(_:)``.
    package func open(_ sealed: SealedSecret, for object: String) throws(PKIError) -> SecretBytes {
        let keys = [self.current] + self.former
        guard let key = keys.first(where: { $0.id == sealed.keyID }) else {
            throw .sealed(.otherKey(needed: sealed.keyID, present: keys.map(\.id)))
        }
        let secret = try AuthenticatedCipher.open(
            sealed.ciphertext,
            tag: sealed.tag,
            key: key.bytes,
            nonce: sealed.nonce,
            associatedData: sealed.header + Array(object.utf8)
        )
        guard let secret else { throw .sealed(.tampered(object: object)) }
        return secret
    }

    /// Returns the secret sealed under the current key, or `nil` when it is already.
    ///
    /// - Throws: ``PKIError/sealed(_:)`` when it cannot be opened.
    package func reseal(
        _ sealed: SealedSecret,
        for object: String,
        using generator: inout some RandomNumberGenerator
    ) throws(PKIError) -> SealedSecret? {
        guard sealed.keyID != self.current.id else { return nil }
        return try self.seal(try self.open(sealed, for: object), for: object, using: &generator)
    }

    /// Seals a private key, as PKCS#8.
    package func seal(
        _ key: PrivateKey,
        for object: String,
        using generator: inout some RandomNumberGenerator
    ) throws(PKIError) -> SealedSecret {
        try self.seal(try key.der(), for: object, using: &generator)
    }

    /// Opens a private key that was sealed for the same object.
    ///
    /// - Throws: ``PKIError/sealed(_:)``, ``PKIError/malformed(what:reason:)`` for another kind of secret.
    package func openKey(_ sealed: SealedSecret, for object: String) throws(PKIError) -> PrivateKey {
        try self.open(sealed, for: object).withBytes { bytes throws(PKIError) in try PrivateKey(der: bytes) }
    }
}
