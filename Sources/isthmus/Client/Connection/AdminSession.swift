import AdminClient
import Documents
import Foundation

/// What a command works with: a connection, a console, and what it may wait for.
struct AdminSession: Sendable {
    let connection: AdminConnection
    let console: Console
    /// Whether a read is tried again while there is no connection.
    var isPatient = false

    /// How long the first wait between two tries is; each is twice as long as the last.
    private static let firstPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(2)
    /// The most tries; the time limit of the command usually ends them.
    private static let tryLimit = 1_000

    /// Returns the answer to a call.
    ///
    /// Only reads are made again, and only when the server cannot have seen them.
    ///
    /// - Throws: ``AdminClientError`` when there is none, whatever its status is.
    func answer(to call: AdminCall) async throws -> AdminAnswer {
        var pause = Self.firstPause
        let tryCount = self.isPatient && call.method == .get ? Self.tryLimit : 1
        var triesLeft = tryCount
        while true {
            do {
                return try await self.connection.answer(to: call)
            } catch {
                triesLeft -= 1
                guard error.isBeforeSending, triesLeft > 0 else { throw error }
                if triesLeft == tryCount - 1 {
                    self.console.say("waiting: \(CommandFailure(error))")
                }
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, Self.longestPause)
        }
    }

    /// Returns the document that a read answers.
    func document(_ path: [String], query: [(name: String, value: String)] = []) async throws -> DocumentValue
    {
        try await self.answer(to: AdminCall(.get, path, query: query)).document()
    }

    /// Returns the document that a write answers.
    func document(
        _ method: AdminCall.Method,
        _ path: [String],
        query: [(name: String, value: String)] = [],
        body: DocumentValue? = nil
    ) async throws -> DocumentValue {
        var call = AdminCall(method, path, query: query)
        if let body { call.body = .bytes(JSONWriter.write(body), mediaType: "application/json") }
        return try await self.answer(to: call).document()
    }
}
