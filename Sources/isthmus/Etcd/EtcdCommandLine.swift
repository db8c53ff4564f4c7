/// etcd's command line, read as Go's `flag` package reads one: `-flag`, `--flag`, `--flag=value`,
/// `--flag value`; truth values may stand alone.
struct EtcdCommandLine: Sendable, Hashable {
    /// Why a command line is no good; the process ends with code 2.
    struct Failure: Error, Hashable, CustomStringConvertible {
        let description: String
    }

    /// What was set, by the flag's name; the last one wins.
    private(set) var values: [String: String] = [:]
    /// The words after the flags, which mean nothing to etcd.
    private(set) var words: [String] = []
    /// Whether help was asked for.
    private(set) var asksForHelp = false

    /// Reads the words after the program's name.
    init(_ arguments: [String]) throws(Failure) {
        var rest = arguments[...]
        while let word = rest.first {
            guard word.hasPrefix("-"), word != "-" else { break }
            rest = rest.dropFirst()
            if word == "--" { break }
            let body = word.dropFirst(word.hasPrefix("--") ? 2 : 1)
            guard let first = body.first, first != "-", first != "=" else {
                throw Failure(description: "bad flag syntax: \(word)")
            }
            let name = String(body.prefix { $0 != "=" })
            let value = body.contains("=") ? String(body.dropFirst(name.count + 1)) : nil
            guard let flag = EtcdFlagTable.flag(name) else {
                guard name == "help" || name == "h" else {
                    throw Failure(description: "flag provided but not defined: -\(name)")
                }
                self.asksForHelp = true
                return
            }
            try self.set(flag, value, &rest)
        }
        self.words = Array(rest)
    }

    private mutating func set(
        _ flag: EtcdFlag,
        _ value: String?,
        _ rest: inout ArraySlice<String>
    ) throws(Failure) {
        if flag.kind == .toggle {
            let text = value ?? "true"
            if let problem = flag.problem(with: text) {
                throw Failure(description: "invalid boolean value \"\(text)\" for -\(flag.name): \(problem)")
            }
            self.values[flag.name] = text
            return
        }
        guard let text = value ?? rest.popFirst() else {
            throw Failure(description: "flag needs an argument: -\(flag.name)")
        }
        if let problem = flag.problem(with: text) {
            throw Failure(description: "invalid value \"\(text)\" for flag -\(flag.name): \(problem)")
        }
        self.values[flag.name] = text
    }
}
