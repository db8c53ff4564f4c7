/// Where a value came from.
enum ConfigurationSource: Sendable, Hashable {
    case flag
    case environment
    case file(path: String)
    case standard

    /// How the source is named to a person.
    var description: String {
        switch self {
        case .flag: "flag"
        case .environment: "environment"
        case .file(let path): "file \(path)"
        case .standard: "default"
        }
    }

    /// The name of a setting in this source, as the person wrote it.
    func name(of setting: Setting) -> String {
        switch self {
        case .flag, .standard: setting.flag
        case .environment: setting.environmentName
        case .file(let path): "\(path): \(setting.dottedKey)"
        }
    }
}

/// One thing that is wrong with the configuration.
struct ConfigurationProblem: Sendable, Hashable, CustomStringConvertible {
    /// What is wrong: a flag, a variable, or a key of a file.
    let subject: String
    /// Why, and what would be right.
    let message: String

    var description: String { "\(self.subject): \(self.message)" }
}

/// Everything that is wrong with the configuration, at once, in the order of the settings.
struct ConfigurationProblems: Error, Sendable, Hashable, CustomStringConvertible {
    /// The exit code of a process that refuses its configuration (`EX_CONFIG`).
    static let exitCode: Int32 = 78

    let problems: [ConfigurationProblem]

    var description: String {
        let count = self.problems.count == 1 ? "1 problem" : "\(self.problems.count) problems"
        return "the configuration has \(count):\n"
            + self.problems.map { "  \(Self.indented($0.description))\n" }.joined()
    }

    /// Keeps what a parser says on several lines apart from the next problem.
    private static func indented(_ text: String) -> String {
        text.split(separator: "\n").joined(separator: "\n    ")
    }
}

/// Why the text of one value is not accepted.
struct InvalidValue: Error, Sendable, Hashable {
    let message: String
}
