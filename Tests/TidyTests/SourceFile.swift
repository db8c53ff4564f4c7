/// One thing that a rule found.
struct Violation: Hashable, CustomStringConvertible {
    var path: String
    /// Counted from one; zero when the whole file or target is meant.
    var line: Int
    var reason: String

    var description: String { "\(self.path):\(self.line): \(self.reason)" }
}

/// A word, a number or a sign of Swift, with the line that it stands on.
///
/// Comments are no tokens, and a string literal is one, so that a rule cannot be tripped by prose.
struct Token: Hashable {
    var text: String
    var line: Int
    /// Whether it is the first token of its line.
    var isFirstOnLine: Bool
    /// Whether no space stands before it.
    var isAttached: Bool
}

/// A source file as the rules see it: its path inside the repository, its lines and its tokens.
struct SourceFile {
    let path: String
    /// The length of each line in bytes, without the line's end.
    let lineLengths: [Int]
    let tokens: [Token]
    /// The comments, each with the line that it begins on.
    let comments: [Token]

    init(path: String, text: String) {
        let bytes = Array(text.utf8)
        var scanner = SwiftScanner(bytes: bytes)
        if path.hasSuffix(".swift") {
            scanner.run()
        }
        var lengths = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(
            Self.width
        )
        if lengths.last == 0 { lengths.removeLast() }
        self.path = path
        self.lineLengths = lengths
        self.tokens = scanner.tokens
        self.comments = scanner.comments
    }

    /// The number of characters, for which a byte that continues a UTF-8 sequence does not count.
    private static func width(of line: ArraySlice<UInt8>) -> Int {
        var width = 0
        for byte in line where byte & 0xc0 != 0x80 { width += 1 }
        return width
    }

    /// The name of the file without folders.
    var name: String { String(self.path.split(separator: "/").last ?? "") }

    /// The folder below `Sources` or `Tests`, which is the name of the target.
    var target: String {
        let parts = self.path.split(separator: "/")
        return parts.count > 2 && (parts[0] == "Sources" || parts[0] == "Tests") ? String(parts[1]) : ""
    }

    var isProduct: Bool { self.path.hasPrefix("Sources/") }
    var isGenerated: Bool { self.path.contains("/Generated/") }

    /// Returns where `pattern` occurs, as indices of its first token.
    func occurrences(of pattern: [String]) -> [Int] {
        guard let first = pattern.first, self.tokens.count >= pattern.count else { return [] }
        var found: [Int] = []
        for index in 0...(self.tokens.count - pattern.count) where self.tokens[index].text == first {
            let isMatch = (1..<pattern.count).allSatisfy { self.tokens[index + $0].text == pattern[$0] }
            if isMatch { found.append(index) }
        }
        return found
    }

    func violation(at line: Int, _ reason: String) -> Violation {
        Violation(path: self.path, line: line, reason: reason)
    }
}
