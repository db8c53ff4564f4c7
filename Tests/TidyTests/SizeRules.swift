/// Rules about length: what does not fit on a screen or in one head is split.
enum SizeRules {
    static let fileLines = 400
    static let functionLines = 70
    static let lineWidth = 110

    static func check(_ file: SourceFile) -> [Violation] {
        guard !file.isGenerated else { return [] }
        return self.fileLength(file) + self.lineLength(file) + self.functionLength(file)
    }

    static func fileLength(_ file: SourceFile) -> [Violation] {
        guard file.lineLengths.count > self.fileLines else { return [] }
        let reason = "the file has \(file.lineLengths.count) lines, more than \(self.fileLines): split it"
        return [file.violation(at: self.fileLines + 1, reason)]
    }

    static func lineLength(_ file: SourceFile) -> [Violation] {
        file.lineLengths.enumerated().compactMap { index, width in
            guard width > self.lineWidth else { return nil }
            return file.violation(at: index + 1, "the line has \(width) columns, more than \(self.lineWidth)")
        }
    }

    static func functionLength(_ file: SourceFile) -> [Violation] {
        file.tokens.indices.compactMap { index in
            guard let name = self.nameOfFunction(at: index, in: file.tokens),
                let end = self.endOfBody(after: index, in: file.tokens)
            else { return nil }
            let begin = file.tokens[index].line
            let count = file.tokens[end].line - begin + 1
            guard count > self.functionLines else { return nil }
            return file.violation(
                at: begin,
                "\(name) has \(count) lines, more than \(self.functionLines): split it"
            )
        }
    }

    /// Returns the name of the function or accessor whose declaration has its keyword at `index`.
    private static func nameOfFunction(at index: Int, in tokens: [Token]) -> String? {
        let token = tokens[index]
        let previous = index > 0 ? tokens[index - 1].text : ""
        let next = index + 1 < tokens.count ? tokens[index + 1].text : ""
        switch token.text {
        case "func": return "function \(next)"
        case "subscript" where previous != ".": return "subscript"
        case "init" where previous != "." && ["(", "<", "?"].contains(next): return "initialiser"
        case "deinit" where next == "{": return "deinitialiser"
        case "get" where next == "{", "set" where next == "{", "didSet" where next == "{",
            "willSet" where next == "{":
            return "accessor \(token.text)"
        default: return nil
        }
    }

    /// Returns the index of the closing brace, or nil when the declaration has no body.
    private static func endOfBody(after start: Int, in tokens: [Token]) -> Int? {
        let declarations: Set = [
            "func", "var", "let", "init", "deinit", "subscript", "associatedtype", "static", "mutating",
            "case",
            "package", "private", "fileprivate", "internal", "public", "struct", "enum", "class", "extension",
        ]
        var nesting = 0
        var index = start + 1
        // The body's brace is the first one outside the parentheses of parameters.
        while index < tokens.count {
            let token = tokens[index]
            switch token.text {
            case "(", "[": nesting += 1
            case ")", "]": nesting -= 1
            case "{" where nesting == 0: return self.closingBrace(of: index, in: tokens)
            case "}" where nesting == 0: return nil
            case _ where nesting == 0 && token.isFirstOnLine && declarations.contains(token.text): return nil
            default: break
            }
            index += 1
        }
        return nil
    }

    private static func closingBrace(of open: Int, in tokens: [Token]) -> Int? {
        var depth = 0
        for index in open..<tokens.count {
            if tokens[index].text == "{" { depth += 1 }
            guard tokens[index].text == "}" else { continue }
            depth -= 1
            if depth == 0 { return index }
        }
        return nil
    }
}
