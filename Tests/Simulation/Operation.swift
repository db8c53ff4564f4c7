/// One call of a client, as it was recorded.
struct Operation {
    enum Request: Hashable {
        case put(key: String, value: String, lease: Int64)
        case delete(KeySpan)
        case guarded(GuardedWrite)
        case range(KeySpan, revision: Int64, limit: Int)
        case grant(lease: Int64, seconds: Int64)
        case revoke(lease: Int64)
        case keepAlive(lease: Int64)
        /// Anything whose answer says nothing of keys.
        case other(String)
    }

    /// A transaction that writes only if a key is as it was read, and reads it otherwise.
    struct GuardedWrite: Hashable {
        var key: String
        /// The key's revision; zero if it should not exist.
        var modRevision: Int64
        var puts: [String]
        var value: String
        var deletes: [String]
    }

    enum Answer: Hashable {
        case put(previous: SentEvent?)
        case deleted([SentEvent], count: Int64)
        case guarded(succeeded: Bool, found: [SentEvent])
        case range([SentEvent], count: Int64, more: Bool)
        case lease(seconds: Int64)
        case done
    }

    enum Outcome: Hashable {
        /// The client was never told, or only that the connection broke.
        case unknown
        case refused(code: Int, message: String)
        case done(Answer, revision: Int64)

        var revision: Int64? {
            guard case .done(_, let revision) = self else { return nil }
            return revision
        }
    }

    let client: String
    let request: Request
    /// The process that was asked.
    let life: Int
    /// When, in steps of the recorder's clock.
    let called: Int
    /// How many commits there were then.
    let commitsBefore: Int
    /// The newest revision that anybody had been told then.
    let knownRevision: Int64
    let time: Duration
    var returned: Int?
    var commitsAfter: Int?
    var outcome = Outcome.unknown

    var revision: Int64? { self.outcome.revision }

    /// The value that only this operation writes.
    var value: String? {
        switch self.request {
        case .put(_, let value, _): value
        case .guarded(let write): write.value
        default: nil
        }
    }
}
