/// Base64 (RFC 4648 §4) and its form for URLs (§5), strict in what it reads.
enum Base64 {
    /// Which two characters stand for 62 and 63, and whether the end is padded.
    enum Alphabet {
        /// `+` and `/`, padded with `=`.
        case standard
        /// `-` and `_`, without padding.
        case url
    }

    private static let standard = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )
    private static let url = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// Returns how many characters `count` bytes take in the standard alphabet.
    static func encodedCount(_ count: Int) -> Int {
        (count + 2) / 3 * 4
    }

    /// Gives the characters for `bytes` to `body`, one after the other.
    static func encode(_ bytes: RawSpan, as alphabet: Alphabet, to body: (UInt8) -> Void) {
        let characters = alphabet == .url ? self.url : self.standard
        var offset = 0
        while offset < bytes.byteCount {
            let count = min(3, bytes.byteCount - offset)
            var group: UInt32 = 0
            for index in 0..<3 {
                let byte = index < count ? bytes.byte(at: offset + index) : 0
                group = group << 8 | UInt32(byte)
            }
            for index in 0..<4 {
                if index <= count {
                    body(characters[Int(group >> (18 - 6 * UInt32(index)) & 63)])
                } else if alphabet == .standard {
                    body(UInt8(ascii: "="))
                }
            }
            offset += count
        }
    }

    /// Returns the text for `bytes`.
    static func text(_ bytes: [UInt8], as alphabet: Alphabet) -> String {
        var characters: [UInt8] = []
        characters.reserveCapacity(self.encodedCount(bytes.count))
        unsafe self.encode(bytes.span.bytes, as: alphabet) { characters.append($0) }
        return String(decoding: characters, as: UTF8.self)
    }

    /// Reads a text of one alphabet into memory that will be cleansed, or returns `nil` when it is not one.
    ///
    /// Padding may be left out, and must be right where it is; unused bits must be zero, so that each value
    /// has one text.
    static func decode(_ text: RawSpan, as alphabet: Alphabet) -> SecretBytes? {
        var count = text.byteCount
        var padding = 0
        while count > 0, padding < 2, text.byte(at: count - 1) == UInt8(ascii: "=") {
            count -= 1
            padding += 1
        }
        guard padding == 0 || (alphabet == .standard && text.byteCount % 4 == 0) else { return nil }
        let rest = count % 4
        guard rest != 1 else { return nil }
        var isValid = true
        let bytes = unsafe SecretBytes(capacity: count * 3 / 4) { buffer in
            var group: UInt32 = 0
            var filled = 0
            for index in 0..<count {
                guard let value = self.value(of: text.byte(at: index), in: alphabet) else {
                    isValid = false
                    return 0
                }
                group = group << 6 | value
                let place = index % 4
                guard place > 0 else { continue }
                unsafe buffer[filled] = UInt8(truncatingIfNeeded: group >> UInt32(6 - 2 * place))
                filled += 1
                if place == 3 { group = 0 }
            }
            // Four of six, or two of six bits of the last character say nothing.
            if rest == 2, group & 15 != 0 { isValid = false }
            if rest == 3, group & 3 != 0 { isValid = false }
            return filled
        }
        return isValid ? bytes : nil
    }

    private static func value(of character: UInt8, in alphabet: Alphabet) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case alphabet == .url ? UInt8(ascii: "-") : UInt8(ascii: "+"): 62
        case alphabet == .url ? UInt8(ascii: "_") : UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
