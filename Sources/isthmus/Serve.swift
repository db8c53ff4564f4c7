/// Puts a server together and runs it.
enum Server {
    /// Runs until the process is told to stop.
    static func run(_ configuration: ServeConfiguration) async throws {}
}
