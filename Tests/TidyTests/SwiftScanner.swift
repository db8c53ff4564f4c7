/// Splits Swift source into tokens, well enough for the rules: it knows comments, string literals (also raw
/// and multi-line ones, and code inside interpolations is skipped with the literal), words and single signs.
struct SwiftScanner {
    private let bytes: [UInt8]
    private var offset = 0
    private var line = 1
    private var isFirstOnLine = true
    private var isAfterSpace = false
    private(set) var tokens: [Token] = []
    private(set) var comments: [Token] = []

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func run() {
        while let byte = self.peek() {
            switch byte {
            case UInt8(ascii: "\n"):
                self.advance()
                self.isAfterSpace = true
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                self.offset += 1
                self.isAfterSpace = true
            case UInt8(ascii: "/") where self.peek(1) == UInt8(ascii: "/"):
                self.lineComment()
            case UInt8(ascii: "/") where self.peek(1) == UInt8(ascii: "*"):
                self.blockComment()
            case UInt8(ascii: "\""):
                self.string(hashes: 0)
            case UInt8(ascii: "#") where self.hashesBeforeQuote() != nil:
                self.string(hashes: self.hashesBeforeQuote() ?? 0)
            case _ where Self.isWord(byte):
                self.word()
            default:
                self.append(String(decoding: [byte], as: UTF8.self), at: self.line)
                self.offset += 1
            }
        }
    }

    private func peek(_ distance: Int = 0) -> UInt8? {
        let index = self.offset + distance
        return index < self.bytes.count ? self.bytes[index] : nil
    }

    /// Moves over one byte and counts lines.
    private mutating func advance() {
        if self.bytes[self.offset] == UInt8(ascii: "\n") {
            self.line += 1
            self.isFirstOnLine = true
        }
        self.offset += 1
    }

    private mutating func append(_ text: String, at line: Int) {
        self.tokens.append(
            Token(text: text, line: line, isFirstOnLine: self.isFirstOnLine, isAttached: !self.isAfterSpace)
        )
        self.isFirstOnLine = false
        self.isAfterSpace = false
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
            true
        default:
            false
        }
    }

    private mutating func word() {
        let start = self.offset
        while let byte = self.peek(), Self.isWord(byte) { self.offset += 1 }
        self.append(String(decoding: self.bytes[start..<self.offset], as: UTF8.self), at: self.line)
    }

    private mutating func lineComment() {
        let start = self.offset
        while let byte = self.peek(), byte != UInt8(ascii: "\n") { self.offset += 1 }
        self.comment(from: start, at: self.line)
    }

    private mutating func blockComment() {
        let start = self.offset
        let line = self.line
        var depth = 0
        repeat {
            if self.peek() == UInt8(ascii: "/"), self.peek(1) == UInt8(ascii: "*") {
                depth += 1
                self.offset += 2
            } else if self.peek() == UInt8(ascii: "*"), self.peek(1) == UInt8(ascii: "/") {
                depth -= 1
                self.offset += 2
            } else {
                self.advance()
            }
        } while depth > 0 && self.peek() != nil
        self.comment(from: start, at: line)
    }

    private mutating func comment(from start: Int, at line: Int) {
        let text = String(decoding: self.bytes[start..<self.offset], as: UTF8.self)
        self.comments.append(
            Token(text: text, line: line, isFirstOnLine: self.isFirstOnLine, isAttached: !self.isAfterSpace)
        )
    }

    /// Returns the number of `#` here when a string literal follows them.
    private func hashesBeforeQuote() -> Int? {
        var count = 0
        while self.peek(count) == UInt8(ascii: "#") { count += 1 }
        return self.peek(count) == UInt8(ascii: "\"") ? count : nil
    }

    private func isAt(quotes: Int, hashes: Int) -> Bool {
        for index in 0..<quotes where self.peek(index) != UInt8(ascii: "\"") { return false }
        for index in 0..<hashes where self.peek(quotes + index) != UInt8(ascii: "#") { return false }
        return true
    }

    /// Whether an escape sequence begins here: a backslash and as many `#` as the literal has.
    private func isAtEscape(hashes: Int) -> Bool {
        guard self.peek() == UInt8(ascii: "\\") else { return false }
        for index in 0..<hashes where self.peek(1 + index) != UInt8(ascii: "#") { return false }
        return true
    }

    private mutating func string(hashes: Int) {
        let start = self.offset
        let line = self.line
        self.offset += hashes
        let quotes = self.isAt(quotes: 3, hashes: 0) ? 3 : 1
        self.offset += quotes
        let content = self.offset
        while self.peek() != nil, !self.isAt(quotes: quotes, hashes: hashes) {
            if self.isAtEscape(hashes: hashes) {
                self.offset += 1 + hashes
                self.escaped()
            } else if quotes == 1, self.peek() == UInt8(ascii: "\n") {
                break
            } else {
                self.advance()
            }
        }
        let end = min(self.offset, self.bytes.count)
        self.offset = min(end + quotes + hashes, self.bytes.count)
        // The literal stays one token that begins with a quote; a rule may look at its text.
        let text = start < content ? String(decoding: self.bytes[content..<end], as: UTF8.self) : ""
        self.append("\"" + text, at: line)
    }

    /// Moves over what follows a backslash: one byte, or a whole interpolation with the strings inside it.
    private mutating func escaped() {
        guard self.peek() == UInt8(ascii: "(") else {
            if self.peek() != nil { self.advance() }
            return
        }
        var depth = 0
        repeat {
            switch self.peek() {
            case UInt8(ascii: "("):
                depth += 1
                self.offset += 1
            case UInt8(ascii: ")"):
                depth -= 1
                self.offset += 1
            case UInt8(ascii: "\""):
                let kept = self.tokens
                let isFirst = self.isFirstOnLine
                self.string(hashes: 0)
                self.tokens = kept
                self.isFirstOnLine = isFirst
            default:
                self.advance()
            }
        } while depth > 0 && self.peek() != nil
    }
}
