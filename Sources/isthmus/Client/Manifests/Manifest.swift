import Documents

/// An object of a file.
struct Manifest: Sendable, Equatable {
    /// The object as it is sent.
    let document: DocumentValue
    let name: ObjectName
    /// Where it was written, for messages: `mesh.yaml, document 2`.
    let origin: String

    /// Returns the configuration that the objects are together.
    static func configuration(_ manifests: [Manifest]) -> DocumentValue {
        ["kind": "Config", "items": .array(manifests.map(\.document))]
    }
}

/// Something in a file that cannot be applied.
struct ManifestProblem: Sendable, Equatable, CustomStringConvertible {
    let origin: String
    let message: String

    var description: String { TerminalText.printable("\(self.origin): \(self.message)") }
}

/// Everything that is wrong with files, at once.
struct ManifestProblems: Error, Sendable, Equatable {
    let problems: [ManifestProblem]

    /// The failure that the problems are; nothing was sent.
    var failure: CommandFailure {
        let count = self.problems.count == 1 ? "1 problem" : "\(self.problems.count) problems"
        let lines = self.problems.map { "  \($0)\n" }.joined()
        return CommandFailure(.failed, "the files have \(count), nothing was sent:\n\(lines.dropLast())")
    }
}
