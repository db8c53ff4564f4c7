/// The text of an API token: `ist_<name>_<secret>`.
///
/// The name is that of the token's object, so that whoever finds a token knows which to revoke, and so that
/// a request finds the object without a search. The secret is 32 random bytes; guessing one is out of the
/// question, so a plain hash is enough to keep it (a password would need a slow one).
struct TokenText {
    /// Recognised by scanners for leaked secrets.
    static let prefix = "ist_"
    /// How many random bytes a secret has.
    static let secretBytes = 32

    /// The name of the token's object.
    let name: String
    /// The secret's text.
    let secret: String

    /// Takes a token apart; `nil` when it cannot be one of ours.
    init?(_ text: String) {
        guard text.hasPrefix(Self.prefix), text.utf8.count <= 400 else { return nil }
        let rest = text.dropFirst(Self.prefix.count)
        // Names of tokens have no underscore, secrets may.
        guard let end = rest.firstIndex(of: "_"), end > rest.startIndex else { return nil }
        self.name = String(rest[..<end])
        self.secret = String(rest[rest.index(after: end)...])
        guard self.secret.utf8.count == (Self.secretBytes * 4 + 2) / 3 else { return nil }
    }

    /// Makes the token of an object from random bytes.
    init(name: String, random: [UInt8]) {
        precondition(random.count == Self.secretBytes, "a secret has 32 random bytes")
        self.name = name
        self.secret = Base64URL.encode(random)
    }

    /// The whole token.
    var text: String { Self.prefix + self.name + "_" + self.secret }
}

/// Base64 for URLs, without padding (RFC 4648, section 5).
enum Base64URL {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8
    )

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        var index = 0
        while index < bytes.count {
            let rest = bytes[index..<min(index + 3, bytes.count)]
            var word: UInt32 = 0
            for byte in rest { word = word << 8 | UInt32(byte) }
            word <<= UInt32(3 - rest.count) * 8
            for position in 0...rest.count {
                text.append(self.alphabet[Int(word >> UInt32(18 - 6 * position) & 63)])
            }
            index += 3
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Returns the bytes; `nil` when the text is not what ``encode(_:)`` makes.
    static func decode(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var word: UInt32 = 0
        var bits = 0
        for character in text.utf8 {
            guard let value = self.alphabet.firstIndex(of: character) else { return nil }
            word = word << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
            }
        }
        return self.encode(bytes) == text ? bytes : nil
    }
}
