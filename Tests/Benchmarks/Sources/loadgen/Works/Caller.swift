import NIOCore

/// One of many callers that make one call after the other, each when the last was answered.
///
/// Loop-bound.
final class Caller: StreamReceiver {
    enum Call: Sendable {
        case range
        case put
    }

    private let team: CallerTeam
    private var stream: GRPCStream?
    private var chance: UInt64
    private var number = 0
    private var began = NIODeadline.now()
    private var lastRevision: Int64 = 0
    private var hasAnswer = false

    init(connection: ClientConnection, team: CallerTeam, seed: UInt64) {
        self.team = team
        self.chance = seed
        self.stream = GRPCStream(connection: connection, receiver: self)
    }

    /// Makes the next call, unless the team has made all of them.
    func start() throws(LoadError) {
        guard let stream = self.stream, let number = self.team.take(&self.chance) else { return }
        self.number = number
        self.began = .now()
        self.hasAnswer = false
        let plan = self.team.plan
        switch plan.call {
        case .range:
            try stream.call(.range) { Requests.range(number, of: plan.keys, into: &$0) }
        case .put:
            try stream.call(.put) { buffer in
                Requests.put(
                    number,
                    of: plan.keys,
                    size: plan.valueSize,
                    filler: plan.filler,
                    into: &buffer
                ) { KeyNames.appendDigits(number, to: &$0) }
            }
        }
    }

    func received(_ message: UnsafeRawBufferPointer, on stream: GRPCStream) throws(LoadError) {
        guard !self.hasAnswer else { throw .wrongAnswer("two answers to one call") }
        self.hasAnswer = true
        switch self.team.plan.call {
        case .range: try self.checkRange(message)
        case .put: try self.checkPut(message)
        }
    }

    func ended(_ stream: GRPCStream, status: Int, message: String) throws(LoadError) {
        guard status == 0 else { throw .status(call: "a call", code: status, message: message) }
        guard self.hasAnswer else { throw .wrongAnswer("no answer to a call") }
        self.team.finished(after: NIODeadline.now() - self.began)
        try self.start()
    }

    private func checkRange(_ message: UnsafeRawBufferPointer) throws(LoadError) {
        let plan = self.team.plan
        var found = 0
        let answer = try RangeAnswer(message) { (pair) throws(LoadError) in
            guard plan.keys.number(ofKey: pair.key) == self.number, pair.value.count == plan.valueSize,
                KeyNames.number(in: pair.value) == self.number
            else { throw .wrongAnswer("a Range of key \(self.number) returned another pair") }
            found += 1
        }
        guard found == 1, answer.count == 1, !answer.more else {
            throw .wrongAnswer("a Range of key \(self.number) returned \(found) pairs")
        }
    }

    private func checkPut(_ message: UnsafeRawBufferPointer) throws(LoadError) {
        let revision = try PutAnswer(message).revision
        guard revision > self.lastRevision else {
            throw .wrongAnswer("a Put got revision \(revision) after \(self.lastRevision)")
        }
        self.lastRevision = revision
        self.team.revisions.append(revision)
    }
}

/// The callers of one event loop.
///
/// Loop-bound.
final class CallerTeam: CrewMember {
    /// What the callers do.
    struct Plan: Sendable {
        var call: Caller.Call
        var keys: KeyNames
        /// The calls are about keys 0 to `keyCount - 1`.
        var keyCount: Int
        var valueSize: Int
        var filler: ByteBuffer
        /// Whether the keys are taken one after the other instead of at random.
        var isSequential: Bool
        /// The number of teams; a sequential team takes every such key.
        var teams: Int
    }

    struct Result: Sendable {
        var latencies = Histogram()
        var revisions: [Int64] = []
    }

    let pool: ConnectionPool
    let plan: Plan
    fileprivate(set) var revisions: [Int64] = []
    let index: Int
    private var callers: [Caller] = []
    private var latencies = Histogram()
    private var untaken = 0
    private var unfinished = 0
    private var next: Int
    private var done: EventLoopPromise<Result>?

    init(pool: ConnectionPool, plan: Plan, index: Int) {
        self.pool = pool
        self.plan = plan
        self.index = index
        self.next = index
    }

    /// Opens the connections and puts the callers on them in turn.
    func open(connections: Int, callers: Int) -> EventLoopFuture<Void> {
        self.pool.open(connections).assumeIsolated().map {
            self.callers = (0..<callers).map { number in
                let connection = self.pool.connections[number % self.pool.connections.count]
                let seed = UInt64(self.index * 10_007 + number + 1) &* 0x9e37_79b9_7f4a_7c15
                return Caller(connection: connection, team: self, seed: seed)
            }
        }.nonisolated()
    }

    /// Makes `operations` calls and returns how long each took.
    func run(_ operations: Int) -> EventLoopFuture<Result> {
        let promise = self.pool.eventLoop.makePromise(of: Result.self)
        self.done = promise
        self.latencies = Histogram()
        self.revisions.removeAll(keepingCapacity: true)
        self.untaken = operations
        self.unfinished = operations
        do throws(LoadError) {
            for caller in self.callers { try caller.start() }
        } catch {
            self.pool.failed.fail(error)
        }
        return promise.futureResult
    }

    /// Returns the key of the next call, or nil when all calls were made.
    fileprivate func take(_ chance: inout UInt64) -> Int? {
        guard self.untaken > 0 else { return nil }
        self.untaken -= 1
        guard !self.plan.isSequential else {
            defer { self.next += self.plan.teams }
            return self.next % self.plan.keyCount
        }
        chance = chance &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((chance >> 33) % UInt64(self.plan.keyCount))
    }

    fileprivate func finished(after duration: TimeAmount) {
        self.latencies.record(UInt64(duration.nanoseconds))
        self.unfinished -= 1
        guard self.unfinished == 0, let done = self.done else { return }
        self.done = nil
        done.succeed(Result(latencies: self.latencies, revisions: self.revisions))
    }
}
