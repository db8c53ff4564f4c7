/// Names that hand-written code of the product does not use, each with the reason and the places that may.
enum NameRules {
    struct Ban {
        var pattern: [String]
        var reason: String
        /// Targets, or paths below `Sources`, where the name is allowed.
        var allowed: Set<String> = []
    }

    private static let unstructured = "an unowned task: its life, errors and executor belong to nobody"
    private static let clock = "time is a parameter: only the process and RPC read the clock"
    private static let chance = "randomness is a parameter: only the process draws it"

    static let bans: [Ban] = [
        Ban(
            pattern: ["Task", "{"],
            reason: Self.unstructured,
            allowed: ["isthmus", "MicroHTTP/Exchange.swift"]
        ),
        Ban(
            pattern: ["Task", "("],
            reason: Self.unstructured,
            allowed: ["isthmus", "MicroHTTP/Exchange.swift"]
        ),
        Ban(
            pattern: ["Task", "<"],
            reason: Self.unstructured,
            allowed: ["isthmus", "MicroHTTP/Exchange.swift"]
        ),
        Ban(pattern: ["Task", ".", "detached"], reason: Self.unstructured),
        Ban(pattern: ["Task", ".", "sleep"], reason: Self.clock, allowed: ["isthmus"]),
        Ban(
            pattern: ["try", "!"],
            reason: "an error that ends the process without a word: throw or handle it"
        ),
        Ban(pattern: ["fatalError", "("], reason: "use precondition for a programmer's mistake, else throw"),
        Ban(
            pattern: ["print", "("],
            reason: "only the command line prints; the rest logs",
            allowed: ["isthmus"]
        ),
        Ban(pattern: ["debugPrint", "("], reason: "only the command line prints; the rest logs"),
        Ban(pattern: ["public"], reason: "everything is package: nobody outside imports us"),
        Ban(pattern: ["open", "class"], reason: "everything is package: nobody outside imports us"),
        Ban(pattern: ["open", "func"], reason: "everything is package: nobody outside imports us"),
        Ban(pattern: ["DispatchQueue"], reason: "loops, the commit thread and actors are where code runs"),
        Ban(pattern: ["Date", "(", ")"], reason: Self.clock, allowed: ["isthmus", "RPC"]),
        Ban(pattern: ["Date", ".", "now"], reason: Self.clock, allowed: ["isthmus", "RPC"]),
        Ban(pattern: ["ContinuousClock"], reason: Self.clock, allowed: ["isthmus", "RPC"]),
        Ban(pattern: ["SuspendingClock"], reason: Self.clock, allowed: ["isthmus", "RPC"]),
        Ban(pattern: ["NIODeadline", ".", "now"], reason: Self.clock, allowed: ["isthmus", "RPC"]),
        Ban(pattern: ["SystemRandomNumberGenerator"], reason: Self.chance, allowed: ["isthmus"]),
        Ban(pattern: ["Mirror", "("], reason: "no reflection: write what is meant"),
        // Channel handlers take user events as `Any`: that is the library's signature.
        Ban(pattern: ["Any"], reason: "no Any: name the type or use an enum", allowed: ["RPC"]),
        Ban(pattern: ["AnyObject", "?"], reason: "no untyped references: name the type"),
        Ban(pattern: ["static", "let", "shared"], reason: "no singletons: pass it in"),
        Ban(pattern: ["nonisolated", "(", "unsafe", ")", "var"], reason: "no unchecked state"),
        Ban(pattern: ["nonisolated", "(", "unsafe", ")", "static"], reason: "no unchecked state"),
    ]

    static func check(_ file: SourceFile) -> [Violation] {
        guard !file.isGenerated else { return [] }
        guard file.isProduct else { return self.unfinished(file) }
        return self.banned(file) + self.globals(file) + self.unfinished(file)
    }

    private static func banned(_ file: SourceFile) -> [Violation] {
        let inside = String(file.path.dropFirst("Sources/".count))
        return self.bans.flatMap { ban -> [Violation] in
            guard !ban.allowed.contains(file.target), !ban.allowed.contains(inside) else { return [] }
            return file.occurrences(of: ban.pattern).compactMap { index in
                // `try !isReady` is not `try!`.
                guard ban.pattern.last != "!" || file.tokens[index + 1].isAttached else { return nil }
                return file.violation(
                    at: file.tokens[index].line,
                    "`\(ban.pattern.joined())` is banned here: \(ban.reason)"
                )
            }
        }
    }

    /// Finds stored variables that every instance shares.
    ///
    /// A computed `static var` opens a brace before it assigns.
    private static func globals(_ file: SourceFile) -> [Violation] {
        file.occurrences(of: ["static", "var"]).compactMap { start in
            for token in file.tokens[(start + 2)...] {
                if token.text == "{" { return nil }
                if token.text == "=" {
                    return file.violation(at: file.tokens[start].line, "no global mutable state: pass it in")
                }
            }
            return nil
        }
    }

    private static func unfinished(_ file: SourceFile) -> [Violation] {
        // Spelled in two parts, so that the rule does not find itself.
        let marks = ["TO" + "DO", "FIX" + "ME"]
        return file.comments.compactMap { comment in
            guard marks.contains(where: { comment.text.contains($0) }) else { return nil }
            return file.violation(at: comment.line, "an unfinished thought: do it, or open an issue")
        }
    }
}
