/// What ends a run: a benchmark with wrong answers has no figures.
enum LoadError: Error, CustomStringConvertible {
    /// The connection ended or could not be opened.
    case connection(String)
    /// The call ended with another status than `OK`.
    case status(call: String, code: Int, message: String)
    /// The server answered something that the work did not ask for.
    case wrongAnswer(String)
    /// The bytes of a message are no message.
    case malformed(String)
    case timedOut(seconds: Int)
    case process(id: Int32, reason: String)

    var description: String {
        switch self {
        case .connection(let reason): "connection: \(reason)"
        case .status(let call, let code, let message): "\(call) ended with status \(code): \(message)"
        case .wrongAnswer(let reason): "wrong answer: \(reason)"
        case .malformed(let reason): "malformed message: \(reason)"
        case .timedOut(let seconds): "the work was not done within \(seconds) s"
        case .process(let id, let reason): "process \(id): \(reason)"
        }
    }
}
