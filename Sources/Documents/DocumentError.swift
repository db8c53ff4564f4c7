/// Why bytes are not a document.
package struct DocumentError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    package enum Reason: Error, Hashable, Sendable {
        /// There is nothing.
        case empty
        /// Bytes that are not UTF-8, or half of a surrogate pair.
        case invalidText
        /// Something else than the grammar allows here.
        case unexpected(expected: String)
        /// The document ends too early.
        case truncated
        /// More follows after the value.
        case trailing
        /// A name comes twice in an object.
        case duplicateName(String)
        /// Arrays and objects are nested deeper than allowed.
        case tooDeep(limit: Int)
        /// There are more values than allowed (by aliases, for instance).
        case tooManyValues(limit: Int)
        /// The aliases of a YAML document stand for more text than allowed.
        case tooMuchText(limit: Int)
        /// A number that no 64-bit type holds.
        case numberOutOfRange
        /// The YAML library's own words.
        case yaml(String)
    }

    /// What is wrong.
    package let reason: Reason
    /// The line, from 1; zero when it is not known.
    package let line: Int
    /// The column in characters of Unicode, from 1; zero when it is not known.
    package let column: Int

    /// Creates an error.
    package init(_ reason: Reason, line: Int = 0, column: Int = 0) {
        self.reason = reason
        self.line = line
        self.column = column
    }

    /// Creates an error at the byte `index` of a text.
    init(_ reason: Reason, in bytes: [UInt8], at index: Int) {
        let before = bytes[..<min(index, bytes.count)]
        let lineStart = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        // Every byte but those that continue a character.
        let column = before[lineStart...].count { $0 & 0xc0 != 0x80 } + 1
        self.init(reason, line: before.count { $0 == 0x0a } + 1, column: column)
    }

    /// A sentence for the person who wrote the document.
    package var description: String {
        let place = self.line > 0 ? "line \(self.line), column \(self.column): " : ""
        return place + self.sentence
    }

    private var sentence: String {
        switch self.reason {
        case .empty: "the document is empty"
        case .invalidText: "the text is not valid UTF-8"
        case .unexpected(let expected): "expected \(expected)"
        case .truncated: "the document ends too early"
        case .trailing: "there is more after the end of the value"
        case .duplicateName(let name): "the name \"\(name.prefix(100))\" comes twice in one object"
        case .tooDeep(let limit): "nested deeper than \(limit) levels"
        case .tooManyValues(let limit): "more than \(limit) values"
        case .tooMuchText(let limit): "aliases stand for more than \(limit) bytes of text"
        case .numberOutOfRange: "the number is too large"
        case .yaml(let text): text
        }
    }
}

/// What a document may cost to read.
package struct DocumentLimits: Hashable, Sendable {
    /// How deep arrays and objects may be nested.
    package var depth = 32
    /// How many values there may be, aliases expanded.
    package var values = 200_000
    /// How much text the aliases of a YAML document may stand for, in bytes.
    package var aliasBytes = 1_048_576

    /// Creates the default limits.
    package init() {}
}
