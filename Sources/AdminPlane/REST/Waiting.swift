import MeshResources

/// What a client wants to wait for before it is answered.
struct Waiting: Sendable {
    /// The parameters of an operation that can wait.
    static let parameters: Set<String> = ["wait", "timeout"]
    private static let defaultTimeout: Int64 = 30_000_000_000
    private static let longestTimeout = Duration.seconds(600)

    /// Until when, in nanoseconds since 1970.
    let deadline: Int64

    /// Reads the query; `nil` when the client does not want to wait.
    ///
    /// - Parameter known: The condition that can be waited for.
    /// - Throws: 400 for a condition or a time that is not known.
    static func read(
        _ query: [String: String],
        now: Int64,
        for known: String = "applied"
    ) throws(Problem) -> Waiting? {
        let timeout = try query["timeout"].map { (text) throws(Problem) in try Self.nanoseconds(text) }
        guard let condition = query["wait"] else {
            guard timeout == nil else {
                throw Problem(.invalidParameter, "the parameter timeout goes with the parameter wait")
            }
            return nil
        }
        guard condition.lowercased() == known else {
            throw Problem(.invalidParameter, "the parameter wait must be \(known)")
        }
        return Waiting(deadline: now + (timeout ?? Self.defaultTimeout))
    }

    private static func nanoseconds(_ text: String) throws(Problem) -> Int64 {
        do {
            let duration = try Duration(text: text)
            guard duration > .zero, duration <= self.longestTimeout else {
                throw Problem(.invalidParameter, "the parameter timeout must be more than 0s and at most 10m")
            }
            return Int64(duration / .nanoseconds(1))
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(.invalidParameter, "the parameter timeout: \(error)")
        }
    }
}
