import NIOCore

/// Clients that each read all keys page by page, on a connection of their own.
///
/// Loop-bound.
final class ListTeam: CrewMember {
    struct Plan: Sendable {
        var keys: KeyNames
        var keyCount: Int
        var valueSize: Int
        var pageSize: Int
        var rounds: Int
    }

    struct Result: Sendable {
        var latencies = Histogram()
    }

    let pool: ConnectionPool
    let plan: Plan
    let index: Int
    private var clients: [ListClient] = []
    private var latencies = Histogram()
    private var unfinished = 0
    private var done: EventLoopPromise<Result>?

    init(pool: ConnectionPool, plan: Plan, index: Int) {
        self.pool = pool
        self.plan = plan
        self.index = index
    }

    func open(clients: Int) -> EventLoopFuture<Void> {
        self.pool.open(clients).assumeIsolated().map {
            self.clients = self.pool.connections.map { ListClient(connection: $0, team: self) }
        }.nonisolated()
    }

    /// Lets all clients list at once; returns how long each page took.
    func run() -> EventLoopFuture<Result> {
        let done = self.pool.eventLoop.makePromise(of: Result.self)
        self.done = done
        self.latencies = Histogram()
        self.unfinished = self.clients.count
        guard !self.clients.isEmpty else {
            done.succeed(Result())
            return done.futureResult
        }
        do throws(LoadError) {
            for client in self.clients { try client.start() }
        } catch {
            self.pool.failed.fail(error)
        }
        return done.futureResult
    }

    fileprivate func finishedPage(after duration: TimeAmount) {
        self.latencies.record(UInt64(duration.nanoseconds))
    }

    fileprivate func finishedClient() {
        self.unfinished -= 1
        if self.unfinished == 0 { self.done?.succeed(Result(latencies: self.latencies)) }
    }
}

/// Lists as Cilium does: pages in key order, all at the revision of the first page.
final class ListClient: StreamReceiver {
    private let team: ListTeam
    private var stream: GRPCStream?
    private var revision: Int64 = 0
    private var seen = 0
    private var begin: [UInt8] = []
    private var hasMore = false
    private var roundsLeft = 0
    private var began = NIODeadline.now()

    init(connection: ClientConnection, team: ListTeam) {
        self.team = team
        self.stream = GRPCStream(connection: connection, receiver: self)
    }

    func start() throws(LoadError) {
        self.roundsLeft = self.team.plan.rounds
        try self.startList()
    }

    private func startList() throws(LoadError) {
        self.revision = 0
        self.seen = 0
        self.begin = self.team.plan.keys.prefix
        try self.askPage()
    }

    private func askPage() throws(LoadError) {
        let plan = self.team.plan
        self.began = .now()
        try self.stream?.call(.range) { buffer in
            Requests.page(
                from: self.begin,
                to: plan.keys.end,
                limit: plan.pageSize,
                revision: self.revision,
                into: &buffer
            )
        }
    }

    func received(_ message: UnsafeRawBufferPointer, on stream: GRPCStream) throws(LoadError) {
        let plan = self.team.plan
        let left = plan.keyCount - self.seen
        let answer = try RangeAnswer(message) { (pair) throws(LoadError) in
            guard plan.keys.number(ofKey: pair.key) == self.seen, pair.value.count == plan.valueSize,
                KeyNames.number(in: pair.value) == self.seen
            else { throw .wrongAnswer("a list has another pair in place \(self.seen)") }
            self.seen += 1
            if self.seen == plan.keyCount || left - (plan.keyCount - self.seen) == plan.pageSize {
                self.begin = Array(pair.key) + [0]
            }
        }
        guard answer.count == Int64(left), answer.more == (self.seen < plan.keyCount) else {
            throw .wrongAnswer("a page says that \(answer.count) keys are left, but \(left) are")
        }
        if self.revision == 0 { self.revision = answer.revision }
        self.hasMore = answer.more
    }

    func ended(_ stream: GRPCStream, status: Int, message: String) throws(LoadError) {
        guard status == 0 else { throw .status(call: "a page", code: status, message: message) }
        self.team.finishedPage(after: NIODeadline.now() - self.began)
        guard !self.hasMore else { return try self.askPage() }
        guard self.seen == self.team.plan.keyCount else { throw .wrongAnswer("a list without an end") }
        self.roundsLeft -= 1
        if self.roundsLeft > 0 { try self.startList() } else { self.team.finishedClient() }
    }
}
