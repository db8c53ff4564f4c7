/// The exit codes of the commands that speak to a server.
///
/// `diff` has one more meaning: there 1 says that something differs, and what fails elsewhere with 1 fails
/// with 2. `serve` and `config check` exit with 78 for a wrong configuration.
enum ExitStatus: Int32, Sendable {
    /// It was done.
    case success = 0
    /// It was refused, or failed for any reason that is not below.
    case failed = 1
    /// The command line, the environment or a file of the connection is wrong.
    case usage = 2
    /// The server is not ready, or something that it watches over is not well.
    case notReady = 3
    /// Somebody else changed the same thing (HTTP 409, 412).
    case conflict = 4
    /// The caller is not known, or may not do that (HTTP 401, 403).
    case notAuthorised = 5
    /// The time was up, whatever was waited for.
    case timeout = 6
    /// There is no server at the address, not the one that is trusted, or the connection was lost.
    case unreachable = 7
}
