import AccessControl
import CoreMetrics
import DataPlane
import Logging
import MVCC
import NIOCore
import NIOEmbedded
import NIOPosix
import Persistence
import RPC
import Storage
import Watching

/// One life of the server: everything but the listener, on threads that the world plays.
final class ServerProcess {
    /// The limits of a process.
    struct Configuration {
        var store = StoreConfiguration()
        var dataPlane = DataPlaneConfiguration(advertisedURLs: [])
        var durability = Durability.relaxed
        var loopCount = 2
    }

    let life: Int
    let log: SimulatedLog
    let recovery: Recovery
    private(set) var wires: [Wire] = []
    /// Whether it takes no more connections.
    var isStopping = false
    private let store: Store
    private let commitLoop: CommitLoop
    private let eventLoops: [EmbeddedEventLoop]
    private let services: [LoopServices]
    private var times: [Duration]
    private let environment: RPCEnvironment
    private let shared: SharedServices
    /// What was published and not announced yet.
    private var report: CommitLoop.StepReport?
    /// Whether the commit thread is in the middle of a step.
    private var isCommitting = false

    init(
        _ disk: SimulatedDisk,
        _ history: History,
        life: Int,
        configuration: Configuration,
        leaseIDs: Int64,
        now: @escaping () -> Duration
    ) throws(PersistenceError) {
        let (log, recovered) = SimulatedLog.open(
            disk,
            history,
            life: life,
            durability: configuration.durability,
            now: now
        )
        let records = disk.image.records.sorted { $0.key < $1.key }.map(\.value)
        let ids = LeaseNumbers(after: leaseIDs)
        let loop = try CommitLoop(
            recovered: recovered,
            log: log,
            configuration: configuration.store,
            now: now(),
            makeLeaseID: { ids.next() },
            forEachRecord: { (body) throws(PersistenceError) in
                for record in records { try body(record) }
            }
        )
        let store = Store(
            stepping: loop,
            identity: recovered.identity,
            term: recovered.startCount,
            metrics: StorageMetrics(factory: NOOPMetricsHandler.instance)
        )
        self.life = life
        self.log = log
        self.recovery = recovered.recovery
        self.commitLoop = loop
        self.store = store
        let shared = Self.sharedServices(configuration.dataPlane.authLimits)
        self.shared = shared
        self.eventLoops = (0..<configuration.loopCount).map { _ in EmbeddedEventLoop() }
        self.times = self.eventLoops.map { _ in now() }
        self.services = self.eventLoops.map { eventLoop in
            let port = LoopPort(eventLoop: eventLoop)
            store.attach(port)
            return LoopServices(
                port: port,
                store: store,
                configuration: configuration.dataPlane,
                metrics: .init(factory: NOOPMetricsHandler.instance),
                shared: shared
            )
        }
        self.environment = RPCEnvironment(
            methods: LoopServices.methods,
            limits: configuration.dataPlane.transportLimits,
            metrics: RPCMetrics(methods: LoopServices.methods),
            logger: Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    /// What takes no part here: nobody logs in or takes a snapshot, which other threads would work for.
    private static func sharedServices(_ limits: AuthLimits) -> SharedServices {
        SharedServices(
            limits: limits,
            snapshots: SnapshotSlots(
                limit: 0,
                makeDigest: { throw CancellationError() },
                factory: NOOPMetricsHandler.instance
            ),
            factory: NOOPMetricsHandler.instance,
            pool: .singleton,
            randomBytes: { Array(repeating: 7, count: $0) },
            wallClock: { 0 }
        )
    }

    /// The open connections, by number.
    var clients: [ClientConnection] {
        self.services.flatMap { $0.clients.page(after: 0, limit: .max).clients }.sorted { $0.id < $1.id }
    }
    /// A page of the connections of the first loop.
    func clientPage(after id: UInt64, limit: Int) -> ClientPage {
        self.services[0].clients.page(after: id, limit: limit)
    }
    /// The connections that were closed last, the latest first.
    var recentlyClosed: [ClosedClient] { self.shared.recentlyClosed }

    /// The newest state that readers see.
    var snapshot: Snapshot { self.store.replica.current }
    var horizon: Int64 { self.snapshot.keyspace.compactedRevision }
    var loopCount: Int { self.eventLoops.count }
    /// Whether a step was published and not announced.
    var hasReport: Bool { self.report != nil }

    /// Whether the commit thread would do something at this time.
    func hasWork(at now: Duration) -> Bool {
        self.report != nil || self.store.waitingProposalCount > 0
            || self.commitLoop.nextDeadline.map { $0 <= now } ?? false
    }

    /// When the commit thread wakes by itself.
    var nextDeadline: Duration? { self.commitLoop.nextDeadline }

    func accept(_ number: Int, _ line: Line) throws -> Wire {
        let index = number % self.eventLoops.count
        let peer = RPCPeer(
            remoteAddress: nil,
            certificateChain: [line.certificate],
            isTLS: true,
            connectionID: UInt64(number)
        )
        let wire = try Wire(
            eventLoop: self.eventLoops[index],
            environment: self.environment,
            session: self.services[index].makeSession(line.identified, of: peer),
            peer: peer
        )
        self.wires.append(wire)
        return wire
    }

    /// Decides, logs and publishes a batch; nobody is told yet.
    func step(at now: Duration) {
        guard !self.isCommitting, !self.log.hasCrashed else { return }
        self.announce()
        self.isCommitting = true
        defer { self.isCommitting = false }
        let report = self.commitLoop.step(self.store.takeProposals(for: self.commitLoop), now: now)
        if !self.log.hasCrashed { self.report = report }
    }

    /// Tells the loops of what was published.
    func announce() {
        guard !self.isCommitting, let report = self.report.take() else { return }
        self.store.announce(report)
    }

    /// Turns one event loop, whose clock is set first.
    func turn(_ index: Int, to now: Duration) {
        let eventLoop = self.eventLoops[index]
        let delay = now - self.times[index]
        self.times[index] = now
        let nanoseconds =
            delay.components.seconds * 1_000_000_000 + delay.components.attoseconds / 1_000_000_000
        eventLoop.advanceTime(by: .nanoseconds(nanoseconds))
        self.wires.removeAll { $0.isOver }
    }

    /// Ends cleanly: what waits is answered, the log is closed.
    func stop(at now: Duration) {
        self.store.stop()
        while self.store.waitingProposalCount > 0 || self.commitLoop.hasDeferred, !self.log.hasCrashed {
            self.step(at: now)
        }
        self.announce()
        // A log that cannot be marked as clean is as after a crash.
        _ = self.store.finish(self.commitLoop)
        for index in self.eventLoops.indices { self.turn(index, to: now) }
    }

    /// Ends at once; of what each wire still carries, `kept` says how many bytes arrive.
    func kill(keeping kept: (Wire) -> Int) {
        self.log.crash()
        for wire in self.wires { wire.serverDied(keeping: kept(wire)) }
        for eventLoop in self.eventLoops {
            // An embedded loop's shutdown cannot fail.
            try? eventLoop.syncShutdownGracefully()
        }
    }
}
