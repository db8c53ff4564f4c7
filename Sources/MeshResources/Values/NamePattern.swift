/// A pattern for names, in which `*` stands for any text, also none.
package struct NamePattern: Sendable, Hashable, CustomStringConvertible {
    /// The pattern as it was written.
    package let description: String

    /// Parses a pattern of the characters that names of published objects have.
    ///
    /// - Throws: ``ResourceError/notPattern(_:)``.
    package init(_ text: String) throws(ResourceError) {
        guard !text.isEmpty else { throw .empty }
        guard text.utf8.count <= DNSText.nameLimit else { throw .tooLong(limit: DNSText.nameLimit) }
        let isValid = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "*"): true
            default: DNSText.isLowerAlphanumeric(byte)
            }
        }
        guard isValid else { throw .notPattern(text) }
        self.description = text
    }

    /// Whether `name` is of this pattern.
    ///
    /// - Complexity: O(*n* · *m*) at worst, for lengths that are limited to 253 bytes.
    package func matches(_ name: String) -> Bool {
        let pattern = Array(self.description.utf8)
        let text = Array(name.utf8)
        var position = 0
        var index = 0
        // Where the last star was, and up to where it stands for text: a mismatch lets it take more.
        var star: (pattern: Int, text: Int)?
        while index < text.count {
            if position < pattern.count, pattern[position] == UInt8(ascii: "*") {
                star = (position, index)
                position += 1
            } else if position < pattern.count, pattern[position] == text[index] {
                position += 1
                index += 1
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                position = last.pattern + 1
                index = last.text + 1
            } else {
                return false
            }
        }
        return pattern[position...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
