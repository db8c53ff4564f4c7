import NIOCore

/// The watchers of one event loop.
///
/// Loop-bound.
final class WatchTeam: CrewMember {
    let pool: ConnectionPool
    let keys: KeyNames
    let index: Int
    private var streams: [WatchStream] = []
    private var uncreated = 0
    private var created: EventLoopPromise<Void>?
    private var missing = 0
    private var latencies = Histogram()
    private var delivered: EventLoopPromise<Histogram>?
    /// They make the puts for the watchers to see; on the first loop only.
    private var writers: [PacedWriter] = []

    init(pool: ConnectionPool, keys: KeyNames, index: Int) {
        self.pool = pool
        self.keys = keys
        self.index = index
    }

    /// Opens the connections with `streams` watch streams each, and creates `watchers` watches on them.
    func open(connections: Int, streamsPerConnection streams: Int, watchers: Int) -> EventLoopFuture<Void> {
        self.pool.open(connections).assumeIsolated().flatMap {
            let created = self.pool.eventLoop.makePromise(of: Void.self)
            self.created = created
            self.uncreated = watchers
            let total = connections * streams
            for number in 0..<total {
                let connection = self.pool.connections[number % connections]
                let count = share(of: watchers, number, of: total)
                self.streams.append(WatchStream(connection: connection, team: self, watchers: count))
            }
            do throws(LoadError) {
                for stream in self.streams { try stream.start() }
            } catch {
                self.pool.failed.fail(error)
            }
            return created.futureResult
        }.nonisolated()
    }

    /// Opens one more connection, for the puts of all writers.
    func openWriters(_ count: Int, _ plan: PacedWriter.Plan) -> EventLoopFuture<Void> {
        let connection = self.pool.connections.count
        return self.pool.open(1).assumeIsolated().map {
            self.writers = (0..<count).map { number in
                PacedWriter(
                    number: number,
                    connection: self.pool.connections[connection],
                    pool: self.pool,
                    keys: self.keys,
                    plan: plan
                )
            }
        }.nonisolated()
    }

    /// Makes `count` puts, `rate` in a second, or as fast as they are answered when that is zero.
    func put(_ count: Int, rate: Int) -> EventLoopFuture<Void> {
        let puts = self.writers.enumerated().map { number, writer in
            writer.run(share(of: count, number, of: self.writers.count), rate: rate)
        }
        return EventLoopFuture.andAllSucceed(puts, on: self.pool.eventLoop)
    }

    /// Says that every watcher is to see `count` more events, before they are put.
    func expect(_ count: Int) -> EventLoopFuture<Void> {
        self.latencies = Histogram()
        let watchers = self.streams.reduce(0) { $0 + $1.watchers }
        self.missing = watchers * count
        let delivered = self.pool.eventLoop.makePromise(of: Histogram.self)
        self.delivered = delivered
        if self.missing == 0 { delivered.succeed(self.latencies) }
        return self.pool.eventLoop.makeSucceededVoidFuture()
    }

    /// Returns the time from put to event of each delivery, when all expected ones were made.
    func allDelivered() -> EventLoopFuture<Histogram> {
        self.delivered?.futureResult ?? self.pool.eventLoop.makeSucceededFuture(Histogram())
    }

    fileprivate func createdOne() {
        self.uncreated -= 1
        if self.uncreated == 0 { self.created?.succeed() }
    }

    fileprivate func deliveredOne(after nanoseconds: UInt64) throws(LoadError) {
        guard self.missing > 0 else { throw .wrongAnswer("an event that nobody put") }
        self.latencies.record(nanoseconds)
        self.missing -= 1
        if self.missing == 0 { self.delivered?.succeed(self.latencies) }
    }
}

/// One watch stream with its watches, which are created one after the other as etcd's client does.
///
/// Checks that each watcher gets every put once and in order.
final class WatchStream: StreamReceiver {
    private struct Watcher {
        /// The number of the next put of each writer.
        var next: [Int]
        var lastRevision: Int64 = 0
    }

    let watchers: Int
    private let team: WatchTeam
    private var stream: GRPCStream?
    private var states: [Watcher] = []

    init(connection: ClientConnection, team: WatchTeam, watchers: Int) {
        self.team = team
        self.watchers = watchers
        self.stream = GRPCStream(connection: connection, receiver: self)
    }

    func start() throws(LoadError) {
        guard self.watchers > 0 else { return }
        let keys = self.team.keys
        try self.stream?.open(.watch) { Requests.watch(keys, into: &$0) }
    }

    func received(_ message: UnsafeRawBufferPointer, on stream: GRPCStream) throws(LoadError) {
        let now = NIODeadline.now().uptimeNanoseconds
        let answer = try WatchAnswer(message) { (watch, pair) throws(LoadError) in
            try self.received(pair, watch: watch, now: now)
        }
        guard !answer.canceled else { throw .wrongAnswer("a watch was cancelled") }
        guard answer.created else { return }
        guard answer.watch == Int64(self.states.count) else {
            throw .wrongAnswer("watch \(answer.watch) was created instead of \(self.states.count)")
        }
        self.states.append(Watcher(next: [Int](repeating: 0, count: PutMark.writers)))
        self.team.createdOne()
        guard self.states.count < self.watchers else { return }
        let keys = self.team.keys
        try stream.send { Requests.watch(keys, into: &$0) }
    }

    private func received(_ pair: KeyValue, watch: Int64, now: UInt64) throws(LoadError) {
        let index = Int(watch)
        guard self.states.indices.contains(index) else { throw .wrongAnswer("an event of watch \(watch)") }
        guard let mark = PutMark(pair.value) else { throw .wrongAnswer("a value that nobody put") }
        let expected = self.states[index].next[mark.writer]
        guard mark.sequence == expected else {
            throw .wrongAnswer("put \(mark.sequence) arrived at a watcher instead of put \(expected)")
        }
        guard pair.modRevision > self.states[index].lastRevision else {
            throw .wrongAnswer("revision \(pair.modRevision) after \(self.states[index].lastRevision)")
        }
        self.states[index].next[mark.writer] += 1
        self.states[index].lastRevision = pair.modRevision
        try self.team.deliveredOne(after: now - mark.dueAt)
    }

    func ended(_ stream: GRPCStream, status: Int, message: String) throws(LoadError) {
        throw .status(call: "a watch stream", code: status, message: message)
    }
}
