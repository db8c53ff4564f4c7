import CoreMetrics
import Logging
import MVCC
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Persistence
import Testing

@testable import Storage

@Suite(.timeLimit(.minutes(5)))
struct StoreTests {
    @Test func manyLoopsGetEachAnswerOnceOnTheirOwnLoopAndInOrder() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 3)
        let perLoop = 2_000
        let store = Self.store {
            $0.batchLimit = 50
            $0.proposalLimit = 6 * perLoop
        }
        let loops = (0..<6).map { _ in group.next() }
        let results = try await Self.gather(loops) { index, loop in
            let port = LoopPort(eventLoop: loop)
            store.attach(port)
            return LoopClient.run(store, port, proposals: (0..<perLoop).map { .put("loop\(index)", "\($0)") })
        }
        for (index, answers) in results.enumerated() {
            let revisions = answers.compactMap(\.revision)
            #expect(revisions.count == perLoop)
            #expect(
                zip(revisions, revisions.dropFirst()).allSatisfy { $0 < $1 },
                "loop \(index) is answered in order"
            )
        }
        let all = results.flatMap { $0.compactMap(\.revision) }
        #expect(Set(all).count == all.count, "no revision is given out twice")
        #expect(store.replica.current.keyspace.revision == Int64(all.count + 1))
        #expect((0..<6).allSatisfy { store.replica.current.keyspace.text("loop\($0)") == "\(perLoop - 1)" })
        store.stop()
        try await group.shutdownGracefully()
    }

    @Test func anAnsweredWriteIsReadableAndEveryAttachedLoopIsToldOfIt() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let store = Self.store()
        let loop = group.next()
        let told = loop.makePromise(of: Int64.self)
        try await loop.submit {
            let port = LoopPort(eventLoop: loop)
            port.add(RevisionListener(store.replica, until: 2, told))
            store.attach(port)
        }.get()
        let outcome = Answer.success(try await store.commit(.put("a", "1")))
        #expect(outcome.revision == 2)
        #expect(store.replica.current.keyspace.text("a") == "1")
        #expect(try await told.futureResult.get() == 2)
        store.stop()
        try await group.shutdownGracefully()
    }

    @Test func anOverloadedStoreRefusesAndLosesNothing() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let gate = Gate()
        let store = Self.store(gate: gate) {
            $0.proposalLimit = 4
            $0.batchLimit = 1
        }
        let loop = group.next()
        let port = LoopPort(eventLoop: loop)
        store.attach(port)
        let first = loop.flatSubmit { LoopClient.run(store, port, proposals: [.put("first")]) }
        gate.waitUntilEntered()
        // The commit thread holds the first proposal now, so exactly four more fit.
        let rest = loop.flatSubmit {
            LoopClient.run(store, port, proposals: (1...7).map { .put("k\($0)") })
        }
        try await loop.submit {}.get()
        #expect(store.waitingProposalCount == 4)
        await #expect(throws: StoreError.overloaded) { try await store.commit(.put("task")) }
        gate.open()
        #expect(try await first.get().map(\.error) == [nil])
        let answers = try await rest.get()
        #expect(answers.filter { $0.error == .overloaded }.count == 3)
        #expect(answers.compactMap(\.revision).sorted() == [3, 4, 5, 6])
        #expect((1...4).allSatisfy { store.replica.current.keyspace.text("k\($0)") == "v" })
        store.stop()
        try await group.shutdownGracefully()
    }

    @Test func stopAnswersEverythingThatWaitsAndLaterProposalsAreRefused() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let gate = Gate()
        let store = Self.store(gate: gate) {
            $0.batchLimit = 2
            $0.batchByteLimit = 1
        }
        let loop = group.next()
        let port = LoopPort(eventLoop: loop)
        store.attach(port)
        let answers = loop.flatSubmit {
            LoopClient.run(store, port, proposals: (0..<20).map { .put("k\($0)") })
        }
        gate.waitUntilEntered()
        try await loop.submit {}.get()
        gate.open()
        store.stop()
        #expect(try await answers.get().map(\.revision) == (2...21).map { $0 })
        #expect(store.replica.current.keyspace.keyCount == 20)
        let late = loop.flatSubmit { LoopClient.run(store, port, proposals: [.put("late"), .leases]) }
        #expect(try await late.get().map(\.error) == [.stopped, .stopped])
        await #expect(throws: StoreError.stopped) { try await store.commit(.put("late")) }
        store.stop()
        try await group.shutdownGracefully()
    }

    @Test func stopAnswersAPhysicalCompactionThatCannotFinish() async throws {
        let log = FaultyLog()
        for number in 0..<2 { log.fail(.delete, after: number, with: FaultyLog.broken) }
        let store = Self.store(log) { _ in }
        for _ in 0..<3 { _ = try await store.commit(.put("a")) }
        async let compaction = Self.errorOfPhysicalCompaction(store)
        // The horizon moves when the proposal is decided; its answer waits for the log.
        while store.replica.current.keyspace.compactedRevision < 4 { await Task.yield() }
        store.stop()
        #expect(await compaction == .stopped)
    }

    @Test func theThreadWakesForALeaseThatExpires() async throws {
        let clock = ManualClock()
        let store = Self.store(FaultyLog(), clock: clock) { $0.minimumTimeToLive = .milliseconds(1) }
        _ = try await store.commit(.grant(lease: 5, timeToLive: .milliseconds(1)))
        _ = try await store.commit(.put("a", lease: 5))
        // The thread waits by the real clock for what the given clock says is left.
        clock.now = .seconds(1)
        while store.replica.current.keyspace.text("a") != nil { await Task.yield() }
        #expect(store.replica.current.keyspace.leases.count == 0)
        store.stop()
    }

    @Test func aFailingLogIsReportedToTheProposerAndTheThreadLivesOn() async throws {
        let log = FaultyLog()
        log.fail(.append, with: FaultyLog.broken)
        let store = Self.store(log) { _ in }
        await #expect(throws: StoreError.unavailable(reason: "\(FaultyLog.broken)")) {
            try await store.commit(.put("a"))
        }
        #expect(Answer.success(try await store.commit(.put("a"))).revision == 2)
        #expect(store.logByteCounts.total >= 0)
        store.stop()
    }

    // MARK: - Fixtures

    private static func store(
        gate: Gate? = nil,
        _ configure: (inout StoreConfiguration) -> Void = { _ in }
    ) -> Store {
        let log = FaultyLog()
        if let gate { log.onAppend = { _ in gate.pass() } }
        return self.store(log, configure)
    }

    private static func store(
        _ log: sending FaultyLog,
        clock: ManualClock = ManualClock(),
        _ configure: (inout StoreConfiguration) -> Void
    ) -> Store {
        var configuration = StoreConfiguration()
        configuration.compactionInterval = .zero
        configure(&configuration)
        let loop = CommitLoop(
            keyspace: Keyspace(),
            alarms: [],
            reservedRevision: 1,
            log: log,
            configuration: configuration,
            now: clock.now,
            makeLeaseID: { 7_001 }
        )
        return Store(
            loop,
            identity: StoreIdentity(clusterID: 1, memberID: 2),
            term: 3,
            metrics: StorageMetrics(factory: NOOPMetricsHandler.instance),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            clock: { clock.now }
        )
    }

    private static func gather(
        _ loops: [any EventLoop],
        _ body: @escaping @Sendable (Int, any EventLoop) -> EventLoopFuture<[Answer]>
    ) async throws -> [[Answer]] {
        let futures = loops.enumerated().map { index, loop in loop.flatSubmit { body(index, loop) } }
        var results: [[Answer]] = []
        for future in futures { results.append(try await future.get()) }
        return results
    }

    private static func errorOfPhysicalCompaction(_ store: Store) async -> StoreError? {
        do throws(StoreError) {
            _ = try await store.commit(.compact(through: 4, isPhysical: true))
            return nil
        } catch {
            return error
        }
    }
}

/// Submits from a loop and collects the answers there.
private enum LoopClient {
    static func run(_ store: Store, _ port: LoopPort, proposals: [Proposal]) -> EventLoopFuture<[Answer]> {
        let promise = port.eventLoop.makePromise(of: [Answer].self)
        let results = NIOLoopBoundBox<[Int: Answer]>([:], eventLoop: port.eventLoop)
        for (number, proposal) in proposals.enumerated() {
            store.submit(proposal, from: port) { answer in
                port.eventLoop.preconditionInEventLoop()
                precondition(results.value[number] == nil, "proposal \(number) is answered twice")
                results.value[number] = answer
                if results.value.count == proposals.count {
                    promise.succeed(results.value.sorted { $0.key < $1.key }.map(\.value))
                }
            }
            precondition(results.value[number] == nil, "an answer comes in a later turn")
        }
        return promise.futureResult
    }
}

private final class RevisionListener: LoopListener {
    private let replica: Replica
    private let revision: Int64
    private let promise: EventLoopPromise<Int64>

    init(_ replica: Replica, until revision: Int64, _ promise: EventLoopPromise<Int64>) {
        self.replica = replica
        self.revision = revision
        self.promise = promise
    }

    func storeDidCommit() {
        let revision = self.replica.current.keyspace.revision
        if revision >= self.revision { self.promise.succeed(revision) }
    }
}

/// Holds the commit thread inside its log until it is opened.
private final class Gate: Sendable {
    private let entered = ConditionLock(value: false)
    private let isOpen = ConditionLock(value: false)

    /// Commit thread.
    func pass() {
        self.entered.lock()
        self.entered.unlock(withValue: true)
        self.isOpen.lock(whenValue: true)
        self.isOpen.unlock()
    }

    func waitUntilEntered() {
        self.entered.lock(whenValue: true)
        self.entered.unlock()
    }

    func open() {
        self.isOpen.lock()
        self.isOpen.unlock(withValue: true)
    }
}

private final class ManualClock: Sendable {
    private let box = NIOLockedValueBox(Duration.zero)

    var now: Duration {
        get { self.box.withLockedValue { $0 } }
        set { self.box.withLockedValue { $0 = newValue } }
    }
}
