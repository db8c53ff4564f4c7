/// A secret encrypted at rest: the bytes that a database keeps, with the name of the key that opens them.
///
/// The envelope: four bytes of format and version, 8 of the key's name, 12 of nonce, the ciphertext, 16 of
/// AES-256-GCM's tag. Everything before the ciphertext is authenticated with it, and so is the identity of
/// the object that the secret belongs to, so that an envelope that is moved to another row does not open.
package struct SealedSecret: Hashable, Sendable {
    static let format = Array("ISV1".utf8)
    static let headerBytes = Self.format.count + EncryptionKeyID.byteCount
    static let nonceBytes = 12
    static let tagBytes = 16
    /// The most bytes that are ever sealed: far above any key.
    static let largestSecret = 1 << 16

    /// The whole envelope.
    package let envelope: [UInt8]
    /// The key that it was sealed under.
    package let keyID: EncryptionKeyID

    /// Reads an envelope; that it opens is found out by ``KeyVault/open(_:for:)``.
    ///
    /// - Throws: ``PKIError/sealed(_:)``.
    package init(envelope: [UInt8]) throws(PKIError) {
        guard envelope.starts(with: Self.format.prefix(envelope.count)) else {
            throw .sealed(.unknownFormat)
        }
        let overhead = Self.headerBytes + Self.nonceBytes + Self.tagBytes
        guard envelope.count >= overhead else { throw .sealed(.truncated) }
        guard envelope.count <= overhead + Self.largestSecret else {
            throw .sealed(.tooLarge(limitBytes: overhead + Self.largestSecret))
        }
        self.envelope = envelope
        self.keyID = EncryptionKeyID(bytes: Array(envelope[Self.format.count..<Self.headerBytes]))
    }

    var header: [UInt8] { Array(self.envelope[..<Self.headerBytes]) }
    var nonce: [UInt8] { Array(self.envelope[Self.headerBytes...].prefix(Self.nonceBytes)) }
    var ciphertext: [UInt8] {
        Array(self.envelope.dropFirst(Self.headerBytes + Self.nonceBytes).dropLast(Self.tagBytes))
    }
    var tag: [UInt8] { Array(self.envelope.suffix(Self.tagBytes)) }
}
