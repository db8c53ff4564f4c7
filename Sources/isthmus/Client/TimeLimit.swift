import ArgumentParser
import MeshResources

/// How long something may take, as an argument: `30s`, `2m`.
struct TimeSpan: ExpressibleByArgument, Sendable, Equatable {
    let duration: Duration

    init(_ duration: Duration) {
        self.duration = duration
    }

    init?(argument: String) {
        // The parser says which argument is wrong, and shows the help, which has an example.
        guard let duration = try? Duration(text: argument), duration > .zero else { return nil }
        self.duration = duration
    }

    var defaultValueDescription: String { "\(self.duration.components.seconds)s" }
}

/// Ends what takes too long.
enum TimeLimit {
    /// Returns what `body` returns; cancels it when `limit` has passed.
    ///
    /// - Throws: A failure with ``ExitStatus/timeout`` then, and what `body` throws.
    static func run<Result: Sendable>(
        _ limit: Duration?,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        guard let limit else { return try await body() }
        return try await withThrowingTaskGroup(of: Result.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw CommandFailure(.timeout, "not done within \(Self.text(limit))")
            }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }

    private static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        return attoseconds == 0
            ? "\(seconds) s" : "\(seconds * 1_000 + attoseconds / 1_000_000_000_000_000) ms"
    }
}
