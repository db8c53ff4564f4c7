/// Rules about who knows whom.
enum ImportRules {
    static func check(_ file: SourceFile) -> [Violation] {
        guard file.isProduct else { return [] }
        guard let row = ImportTable.rows[file.target] else {
            return [
                file.violation(at: 1, "the target \(file.target) is not in the import table: give it a row")
            ]
        }
        return self.edges(file, row) + self.buffersOnly(file, row)
    }

    private static func edges(_ file: SourceFile, _ row: ImportTable.Row) -> [Violation] {
        self.imports(of: file).compactMap { module, line in
            if ImportTable.rows[module] != nil {
                guard !row.modules.contains(module) else { return nil }
                return file.violation(
                    at: line,
                    "\(file.target) may not import \(module): the architecture has no such arrow"
                )
            }
            let isHarmless = ImportTable.everywhere.contains(module) || file.isGenerated
            guard !row.outside.contains(module), !isHarmless else { return nil }
            let hint = module == "Foundation" ? " (FoundationEssentials is enough)" : ""
            return file.violation(at: line, "\(file.target) may not import \(module)\(hint)")
        }
    }

    private static func buffersOnly(_ file: SourceFile, _ row: ImportTable.Row) -> [Violation] {
        guard row.layer == .pure, !file.isGenerated else { return [] }
        return file.tokens.compactMap { token in
            guard ImportTable.notPure.contains(token.text) else { return nil }
            return file.violation(at: token.line, "\(token.text) in a pure target, which has values only")
        }
    }

    /// Returns each imported module with its line, whatever access level or attribute stands before the word.
    static func imports(of file: SourceFile) -> [(module: String, line: Int)] {
        let kinds: Set = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
        return file.tokens.indices.compactMap { index in
            let token = file.tokens[index]
            guard token.text == "import", self.beginsStatement(index, in: file.tokens) else { return nil }
            var next = index + 1
            if next < file.tokens.count, kinds.contains(file.tokens[next].text) { next += 1 }
            guard next < file.tokens.count else { return nil }
            return (file.tokens[next].text, token.line)
        }
    }

    private static func beginsStatement(_ index: Int, in tokens: [Token]) -> Bool {
        let prefixes: Set = [
            "package", "internal", "private", "fileprivate", "public", "@", "testable", "preconcurrency",
            "_exported", "(", ")", "_spi",
        ]
        var cursor = index
        while !tokens[cursor].isFirstOnLine {
            cursor -= 1
            guard cursor >= 0 else { return false }
            let isArgument = cursor > 0 && tokens[cursor - 1].text == "("
            guard isArgument || prefixes.contains(tokens[cursor].text) else { return false }
        }
        return true
    }
}
