import CoreMetrics
import EtcdAPI
import MVCC
import NIOCore
import NIOEmbedded
import Persistence
import Simulation
import Storage
import Testing
import Watching

/// A store and one loop's registry without threads: the test commits, wakes the loop and turns it.
final class WatchDriver {
    let loop: CommitLoop
    let eventLoop = EmbeddedEventLoop()
    let registry: LoopRegistry
    /// Everything that was ever committed, in order, with what it replaced.
    private(set) var history: [SentEvent] = []
    private(set) var streams: [TestStream] = []
    private let log: RecordingLog
    private var state: [String: SentEvent] = [:]

    init(
        trimLimit: Int = 2_000,
        metrics: any MetricsFactory = NOOPMetricsHandler.instance,
        _ configure: (inout WatchLimits) -> Void = { _ in }
    ) {
        var configuration = StoreConfiguration()
        configuration.compactionInterval = .zero
        configuration.batchLimit = 10_000
        configuration.trimLimit = trimLimit
        self.log = RecordingLog()
        self.loop = CommitLoop(
            keyspace: Keyspace(),
            alarms: [],
            reservedRevision: 1,
            log: self.log,
            configuration: configuration,
            now: .zero,
            makeLeaseID: { 7_001 }
        )
        var limits = WatchLimits()
        configure(&limits)
        self.registry = LoopRegistry(
            eventLoop: self.eventLoop,
            replica: self.loop.replica,
            header: ResponseHeader(clusterID: 11, memberID: 22, revision: 0, raftTerm: 33),
            limits: limits,
            metrics: WatchMetrics(factory: metrics)
        )
    }

    deinit {
        for stream in self.streams { stream.stream.close() }
        try? self.eventLoop.syncShutdownGracefully()
    }

    var keyspace: Keyspace { self.loop.replica.current.keyspace }
    var revision: Int64 { self.keyspace.revision }
    var horizon: Int64 { self.keyspace.compactedRevision }

    /// Commits all proposals in one batch; the event loop is not told.
    func commit(_ proposals: Proposal...) {
        self.commit(proposals)
    }

    func commit(_ proposals: [Proposal]) {
        _ = self.loop.step(proposals.map { QueuedProposal($0, reply: .none) }, now: .zero)
        for record in self.log.takeRecords() {
            var event = SentEvent(record)
            if let replaced = self.state[event.key] {
                event.previous = .init(value: replaced.value, modRevision: replaced.modRevision)
            }
            self.history.append(event)
            self.state[event.key] = event.isDelete ? nil : event
        }
    }

    /// Frees all garbage.
    func trim() {
        while self.keyspace.needsTrimming { self.commit() }
    }

    /// Wakes the loop and turns it until it has nothing to do.
    func wake() {
        self.registry.storeDidCommit()
        self.turn()
    }

    func turn() {
        // Turns are a fraction of a millisecond apart, rests a few milliseconds.
        self.pass(.seconds(1))
    }

    /// Lets time pass on the loop's virtual clock, which stands still otherwise.
    func pass(_ time: TimeAmount) {
        self.eventLoop.advanceTime(by: time)
    }

    /// Commits and wakes.
    func write(_ proposals: Proposal...) {
        self.commit(proposals)
        self.wake()
    }

    func makeStream() -> TestStream {
        let stream = TestStream(self)
        self.streams.append(stream)
        return stream
    }

    func remove(_ stream: TestStream) {
        stream.stream.close()
        self.streams.removeAll { $0 === stream }
    }
}

/// A client's watch stream: the code under test, and the sink that plays the client.
final class TestStream {
    let stream: WatchStream
    let sink: ScriptedSink
    /// All watchers that there ever were.
    private(set) var logs: [WatcherLog] = []
    private unowned let driver: WatchDriver

    fileprivate init(_ driver: WatchDriver) {
        self.driver = driver
        self.sink = ScriptedSink()
        self.stream = WatchStream(registry: driver.registry, sink: self.sink)
        self.sink.horizon = { [unowned driver] in driver.horizon }
    }

    @discardableResult
    func watch(
        _ range: KeyRange = .everything,
        from start: Int64 = 0,
        id: Int64 = 0,
        _ configure: (inout WatchRequest) -> Void = { _ in }
    ) throws -> WatcherLog {
        var request = WatchRequest(range: range, startRevision: start)
        configure(&request)
        let head = self.driver.revision
        let created = try self.stream.create(request, requestedID: id)
        let log = WatcherLog(
            id: created.id,
            request: request,
            createdRevision: created.revision,
            headAtCreation: head
        )
        self.sink.announce(log)
        self.logs.append(log)
        return log
    }

    /// Plays a cancel; returns whether it is answered.
    @discardableResult
    func cancel(_ id: Int64, sourceLocation: SourceLocation = #_sourceLocation) -> Bool {
        let isExpected = self.sink.forget(id)
        let isAnswered = self.stream.cancel(id)
        #expect(isAnswered == isExpected, "the cancel of \(id)", sourceLocation: sourceLocation)
        return isAnswered
    }

    /// The client takes nothing more.
    func stall() {
        self.sink.capacity = 0
    }

    /// The client takes `capacity` responses, and the loop turns.
    func resume(capacity: Int = .max) {
        self.sink.capacity = capacity
        self.stream.becameWritable()
        self.driver.turn()
    }
}

/// Keeps the newest records until they are taken.
private final class RecordingLog: RevisionLog {
    private var records: [Record] = []

    func takeRecords() -> [Record] {
        defer { self.records = [] }
        return self.records
    }

    func append(_ batch: LogBatch) { self.records += batch.records }
    func reserveRevisions(through ceiling: Int64) {}
    func deleteRecords(_ positions: [RecordPosition]) {}
    var sizeInBytes: Int64 { 0 }
    var sizeInUseInBytes: Int64 { 0 }
    func defragment() {}
    func close() {}
}

extension Proposal {
    static func put(_ key: String, _ value: String = "v") -> Proposal {
        .put(Put(key: ByteBuffer(string: key), value: ByteBuffer(string: value)))
    }

    static func delete(_ key: String) -> Proposal {
        .deleteRange(DeleteRange(KeyRange(ByteBuffer(string: key))))
    }

    static func compact(_ revision: Int64) -> Proposal {
        .compact(through: revision, isPhysical: false)
    }
}

extension Operation {
    static func put(_ key: String, _ value: String = "v") -> Operation {
        .put(Put(key: ByteBuffer(string: key), value: ByteBuffer(string: value)))
    }

    static func delete(_ key: String) -> Operation {
        .deleteRange(DeleteRange(KeyRange(ByteBuffer(string: key))))
    }
}

extension KeyRange {
    static func key(_ key: String) -> KeyRange { KeyRange(ByteBuffer(string: key)) }

    static func keys(_ start: String, _ end: String) -> KeyRange {
        KeyRange(key: ByteBuffer(string: start), rangeEnd: ByteBuffer(string: end))
    }

    static func from(_ start: String) -> KeyRange {
        KeyRange(key: ByteBuffer(string: start), rangeEnd: ByteBuffer(bytes: [0]))
    }
}
