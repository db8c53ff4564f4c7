import COpenSSL

/// Names a key-encryption key without telling anything about it: 8 bytes of a digest.
package struct EncryptionKeyID: Hashable, Sendable, CustomStringConvertible {
    static let byteCount = 8

    let bytes: [UInt8]

    /// The bytes in hexadecimal.
    package var description: String { hexadecimal(self.bytes) }
}

/// A key that other keys are encrypted under at rest: 32 bytes, from a file or an environment variable.
///
/// Immutable, any thread. The bytes are overwritten when the last reference goes, and stand in no
/// description.
package struct EncryptionKey: Sendable {
    private static let byteCount = 32
    /// The longest text that is looked at, with its white space, in bytes.
    private static let longestText = 256

    /// The key's name.
    package let id: EncryptionKeyID
    let bytes: SecretBytes

    private init(_ bytes: SecretBytes) throws(PKIError) {
        let digest = try Digest.authenticationCode(of: Array("isthmus key-encryption key".utf8), key: bytes)
        self.id = EncryptionKeyID(bytes: Array(digest.prefix(EncryptionKeyID.byteCount)))
        self.bytes = bytes
    }

    /// Reads a key from text: 64 hexadecimal digits or the base64 of 32 bytes; white space around it is
    /// ignored.
    ///
    /// - Throws: ``PKIError/invalidEncryptionKey(reason:)``, which quotes nothing of the text.
    package init(text: SecretBytes) throws(PKIError) {
        guard text.count <= Self.longestText else {
            throw .invalidEncryptionKey(reason: "longer than \(Self.longestText) bytes")
        }
        let decoded = text.withBytes { whole -> SecretBytes? in
            let trimmed = whole.extracting(whole.withoutWhiteSpace)
            if trimmed.byteCount == 2 * Self.byteCount { return Self.decodeHexadecimal(trimmed) }
            return Base64.decode(trimmed, as: .standard) ?? Base64.decode(trimmed, as: .url)
        }
        guard let decoded, decoded.count == Self.byteCount else {
            throw .invalidEncryptionKey(
                reason: "neither 64 hexadecimal digits nor the base64 of \(Self.byteCount) bytes"
            )
        }
        let isUniform = decoded.withBytes { bytes in
            (1..<bytes.byteCount).allSatisfy { bytes.byte(at: $0) == bytes.byte(at: 0) }
        }
        guard !isUniform else {
            throw .invalidEncryptionKey(reason: "all its bytes are the same: it is not random")
        }
        try self.init(decoded)
    }

    /// Makes a new key from OpenSSL's own generator, as private keys are made.
    package static func generate() throws(PKIError) -> EncryptionKey {
        OpenSSLErrors.clear()
        let bytes = try unsafe SecretBytes(capacity: Self.byteCount) { buffer throws(PKIError) in
            let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
            guard unsafe RAND_priv_bytes(start, Int32(buffer.count)) == 1 else {
                throw OpenSSLErrors.failure("make a key-encryption key")
            }
            return buffer.count
        }
        return try EncryptionKey(bytes)
    }

    /// Returns the key as 44 characters of base64, for its file.
    package func text() -> SecretBytes {
        let capacity = Base64.encodedCount(self.bytes.count)
        return unsafe SecretBytes(capacity: capacity) { buffer in
            var count = 0
            self.bytes.withBytes { bytes in
                Base64.encode(bytes, as: .standard) { character in
                    unsafe buffer[count] = character
                    count += 1
                }
            }
            return count
        }
    }

    private static func decodeHexadecimal(_ text: RawSpan) -> SecretBytes? {
        var isValid = true
        let bytes = unsafe SecretBytes(capacity: text.byteCount / 2) { buffer in
            for index in 0..<buffer.count {
                guard let high = self.digit(text.byte(at: 2 * index)),
                    let low = self.digit(text.byte(at: 2 * index + 1))
                else {
                    isValid = false
                    return 0
                }
                unsafe buffer[index] = high << 4 | low
            }
            return buffer.count
        }
        return isValid ? bytes : nil
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension EncryptionKey: CustomStringConvertible, CustomDebugStringConvertible {
    /// The key's name, never its bytes.
    package var description: String { "key-encryption key \(self.id)" }
    /// The key's name, never its bytes.
    package var debugDescription: String { self.description }
}
