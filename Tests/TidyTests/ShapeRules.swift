/// Rules about declarations: finality, names of types, memory safety, and tests that test.
enum ShapeRules {
    /// Where code may step outside memory safety: a target, or a path below `Sources` that may end in `*`.
    static let unsafeAllowed = [
        // Wrappers of C libraries.
        "PKI/*", "Passwords/*", "MicroHTTP/*", "RPC/*", "Persistence/RecordStatements.swift",
        "Persistence/SQLiteHandle.swift", "Documents/YAMLEventReader.swift",
        // Records are one allocation each; these read their bytes in place.
        "EtcdAPI/FastPath/*", "MVCC/*", "Watching/Segment.swift", "Watching/RangeIndex.swift",
        "DataPlane/KVAnswers.swift", "DataPlane/KVConversion.swift", "DataPlane/EtcdSession.swift",
        // Bytes to and from what only takes pointers.
        "Documents/ExactText.swift", "Persistence/Admin/ScratchDirectory.swift",
        "Persistence/Checksum.swift", "Persistence/StoreSchema*", "DataPlane/HealthService.swift",
        "Telemetry/Logs/LogSink.swift", "Storage/CommitThread*", "isthmus/Serve/TLSContexts.swift",
    ]

    static func check(_ file: SourceFile) -> [Violation] {
        guard !file.isGenerated else { return [] }
        return self.finalClasses(file) + self.ownName(file) + self.memorySafety(file)
            + self.testsThatTest(file)
    }

    static func finalClasses(_ file: SourceFile) -> [Violation] {
        file.tokens.indices.compactMap { index in
            guard file.tokens[index].text == "class", index + 1 < file.tokens.count else { return nil }
            let previous = index > 0 ? file.tokens[index - 1].text : ""
            let next = file.tokens[index + 1].text
            // `class func` and `: class` declare no class.
            guard !["func", "var", "subscript", "{", ",", ">"].contains(next),
                ![":", ",", "."].contains(previous)
            else { return nil }
            guard !self.modifiers(before: index, in: file.tokens).contains("final") else { return nil }
            return file.violation(at: file.tokens[index].line, "class \(next) is not final")
        }
    }

    private static func modifiers(before index: Int, in tokens: [Token]) -> [String] {
        var found: [String] = []
        var cursor = index
        while cursor > 0, !tokens[cursor].isFirstOnLine {
            cursor -= 1
            found.append(tokens[cursor].text)
        }
        return found
    }

    static func ownName(_ file: SourceFile) -> [Violation] {
        guard file.isProduct else { return [] }
        return ["struct", "class", "enum", "actor", "protocol", "typealias"].flatMap { keyword in
            file.occurrences(of: [keyword, file.target]).map { index in
                file.violation(
                    at: file.tokens[index].line,
                    "\(file.target) has a type of its own name: nobody can then name its other types in full"
                )
            }
        }
    }

    static func memorySafety(_ file: SourceFile) -> [Violation] {
        guard file.isProduct else { return [] }
        let inside = String(file.path.dropFirst("Sources/".count))
        let isAllowed = self.unsafeAllowed.contains { allowed in
            allowed.hasSuffix("*") ? inside.hasPrefix(String(allowed.dropLast())) : inside == allowed
        }
        guard !isAllowed else { return [] }
        return file.tokens.compactMap { token in
            guard self.isUnsafe(token.text) else { return nil }
            return file.violation(
                at: token.line,
                "\(token.text): memory safety is given up only in the files of the allow-list"
            )
        }
    }

    private static func isUnsafe(_ word: String) -> Bool {
        // `nonisolated(unsafe)` and `@unsafe` carry the same word and the same meaning.
        word.hasPrefix("unsafe") || word.hasPrefix("Unsafe") || word.hasPrefix("withUnsafe")
            || ["OpaquePointer", "Unmanaged", "withVaList", "ManagedBufferPointer"].contains(word)
    }

    static func testsThatTest(_ file: SourceFile) -> [Violation] {
        guard file.path.hasPrefix("Tests/"), file.name.hasSuffix("Tests.swift") else { return [] }
        guard file.occurrences(of: ["@", "Test"]).isEmpty else { return [] }
        return [file.violation(at: 1, "a file of tests without a test")]
    }

    /// Returns a violation for each test target that has no test at all.
    static func targetsThatTest(_ files: [SourceFile]) -> [Violation] {
        let tests = files.filter { $0.path.hasPrefix("Tests/") && $0.target.hasSuffix("Tests") }
        return Set(tests.map(\.target)).sorted().compactMap { target in
            let hasTest = tests.contains { file in
                file.target == target && !file.occurrences(of: ["@", "Test"]).isEmpty
            }
            return hasTest
                ? nil : Violation(path: "Tests/\(target)", line: 0, reason: "a test target without a test")
        }
    }

    /// Returns a violation for each target with files that declare nothing and do nothing.
    static func placeholders(_ files: [SourceFile]) -> [Violation] {
        files.compactMap { file in
            guard file.path.hasSuffix(".swift"), file.tokens.isEmpty else { return nil }
            return file.violation(at: 1, "an empty file: remove it")
        }
    }
}
