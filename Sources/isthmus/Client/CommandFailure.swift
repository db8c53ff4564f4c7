import AdminClient

/// Why a command failed: what is said on standard error, and the exit code.
struct CommandFailure: Error, Sendable, Equatable, CustomStringConvertible {
    var status: ExitStatus
    let description: String

    init(_ status: ExitStatus, _ description: String) {
        self.status = status
        self.description = description
    }

    init(_ error: AdminClientError) {
        switch error {
        case .invalidAddress(let sentence), .invalidFile(let sentence): self.init(.usage, sentence)
        case .unreachable(let sentence), .brokenOff(let sentence): self.init(.unreachable, sentence)
        case .untrusted(let sentence):
            self.init(.unreachable, sentence + "\n  hint: --ca-file names the authorities to trust")
        case .cancelled: self.init(.failed, "cancelled")
        case .tooLarge(let limit): self.init(.failed, "the answer has more than \(limit) bytes")
        case .malformed(let sentence): self.init(.failed, sentence)
        case .problem(let problem): self.init(Self.status(of: problem), Self.text(of: problem))
        }
    }

    /// Returns any error as a failure.
    static func from(_ error: any Error) -> CommandFailure {
        switch error {
        case let failure as CommandFailure: failure
        case let error as AdminClientError: CommandFailure(error)
        default: CommandFailure(.failed, "\(error)")
        }
    }

    /// Returns the text of a problem: what is wrong, each field that is, and what to do.
    ///
    /// `place` names the place of a field for the person who wrote it.
    static func text(
        of problem: Problem,
        place: (_ pointer: String) -> String = { $0.isEmpty ? "the whole" : $0 }
    ) -> String {
        var lines = [problem.detail.map { "\(problem.title): \($0)" } ?? problem.title]
        for error in problem.errors {
            lines.append("  \(place(error.pointer)): \(error.message) (\(error.code))")
        }
        if let hint = problem.hint { lines.append("  hint: \(hint)") }
        if let seconds = problem.retryAfterSeconds { lines.append("  try again in \(seconds) s") }
        if problem.status >= 500, let request = problem.requestID { lines.append("  request: \(request)") }
        return lines.map(TerminalText.printable).joined(separator: "\n")
    }

    /// Returns the exit code that a problem stands for.
    static func status(of problem: Problem) -> ExitStatus {
        switch problem.status {
        case 401, 403: .notAuthorised
        case 408, 504: .timeout
        case 409, 412: .conflict
        case 503: .notReady
        default: .failed
        }
    }
}
