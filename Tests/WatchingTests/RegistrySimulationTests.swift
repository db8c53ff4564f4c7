import MVCC
import NIOCore
import Simulation
import Storage
import TestSupport
import Testing
import Watching

/// Streams, watchers, writes, compactions, stalls and cancels at random; the seed is the whole reproduction.
///
/// Beside the simulation of the whole server for one thing: here something is also committed between two
/// responses of one turn.
@Suite(.timeLimit(.minutes(5)))
struct RegistrySimulationTests {
    @Test("keeps etcd's guarantees", arguments: 1...40)
    func keepsTheGuarantees(seed: Int) {
        var simulation = WatchSimulation(seed: UInt64(seed))
        simulation.run(steps: 250)
        simulation.settle()
        for problem in simulation.problems.prefix(5) { Issue.record("seed \(seed): \(problem)") }
        #expect(simulation.eventCount > 0)
    }

    @Test func theSameSeedIsTheSameRun() {
        let traces = (0..<2).map { _ in
            var simulation = WatchSimulation(seed: 99)
            simulation.run(steps: 150)
            simulation.settle()
            return simulation.trace
        }
        #expect(traces[0] == traces[1])
    }

    /// The simulation is worth its time only while the interesting things happen in it.
    @Test func theInterestingThingsHappen() {
        var total = WatchSimulation.Census()
        for seed in 1...5 {
            var simulation = WatchSimulation(seed: UInt64(seed))
            simulation.run(steps: 250)
            simulation.settle()
            total.add(simulation.census)
        }
        #expect(total.compactedWatchers > 10)
        #expect(total.progressItems > 50)
        #expect(total.fragmentedResponses > 20)
        #expect(total.eventsWithPrevious > 100)
        #expect(total.stalledSteps > 100)
        #expect(total.events > 5_000)
    }
}

private struct WatchSimulation {
    struct Census {
        var events = 0
        var compactedWatchers = 0
        var progressItems = 0
        var fragmentedResponses = 0
        var eventsWithPrevious = 0
        var stalledSteps = 0

        mutating func add(_ other: Census) {
            self.events += other.events
            self.compactedWatchers += other.compactedWatchers
            self.progressItems += other.progressItems
            self.fragmentedResponses += other.fragmentedResponses
            self.eventsWithPrevious += other.eventsWithPrevious
            self.stalledSteps += other.stalledSteps
        }
    }

    private let driver: WatchDriver
    private let writer: RandomWriter
    private var random: SeededGenerator
    /// All streams that there ever were.
    private var streams: [TestStream] = []
    private var stalledSteps = 0
    private var unflushed = 0

    init(seed: UInt64) {
        self.random = SeededGenerator(seed: seed)
        var random = self.random
        let driver = WatchDriver(trimLimit: 40) {
            $0.segmentRevisions = 1 + random.below(6)
            $0.segmentBytes = 200 + random.below(2_000)
            $0.catchUpRecords = 4 + random.below(30)
            $0.segmentsPerTurn = 1 + random.below(5)
            $0.fragmentBytes = 80 + random.below(300)
            $0.watchesPerStream = 12
        }
        self.driver = driver
        self.writer = RandomWriter(driver, seed: seed &+ 1_000_000)
    }

    mutating func run(steps: Int) {
        for _ in 0..<steps { self.step() }
    }

    /// Everybody reads, until there is nothing left to read.
    mutating func settle() {
        self.writer.isConcurrent = false
        for stream in self.driver.streams {
            stream.sink.onFlush = {}
            stream.resume()
        }
        self.wake()
    }

    private mutating func step() {
        self.stalledSteps += self.driver.streams.count { !$0.sink.isWritable }
        switch self.random.below(100) {
        case 0..<30: self.writer.write()
        case 30..<33: self.writer.writeMuch()
        case 33..<37: self.writer.compact()
        case 37..<55: self.wake()
        case 55..<72: self.watch()
        case 72..<76: self.cancel()
        case 76..<82: self.stall()
        case 82..<89: self.resume()
        case 89..<93: self.stream?.stream.requestProgress()
        case 93..<96: self.driver.registry.sendProgressNotifications()
        case 96: self.close()
        default: self.driver.turn()
        }
    }

    private var stream: TestStream? {
        mutating get {
            let streams = self.driver.streams
            return streams.isEmpty ? nil : streams[self.random.below(streams.count)]
        }
    }

    private mutating func wake() {
        self.driver.wake()
        self.unflushed += self.driver.streams.reduce(0) { $0 + $1.sink.unflushedCount }
    }

    private mutating func watch() {
        if self.driver.streams.isEmpty || (self.driver.streams.count < 5 && self.random.chance(20)) {
            self.open()
        }
        guard let stream = self.stream else { return }
        let start: Int64 =
            switch self.random.below(10) {
            case 0..<4: 0
            case 4..<8: max(0, self.driver.revision - Int64(self.random.below(40)))
            case 8: self.driver.revision + Int64(self.random.below(8))
            default: max(0, self.driver.horizon + Int64(self.random.below(3)) - 1)
            }
        let range: KeyRange =
            switch self.random.below(5) {
            case 0: .key("k\(self.random.below(6))")
            case 1: .keys("k1", "k\(2 + self.random.below(4))")
            case 2: .from("k\(self.random.below(6))")
            case 3: KeyRange(prefix: "k")
            default: .everything
            }
        let flags = self.random.below(256)
        let id = self.random.chance(20) ? Int64(self.random.below(20)) : 0
        // A refusal is fine: the stream is full, or the identifier is taken.
        _ = try? stream.watch(range, from: start, id: id) { request in
            request.filtersPuts = flags & 7 == 1
            request.filtersDeletes = flags & 7 == 2
            request.wantsPrevious = flags & 8 != 0
            request.wantsProgress = flags & 16 != 0
            request.wantsFragments = flags & 32 != 0
        }
    }

    private mutating func open() {
        let stream = self.driver.makeStream()
        self.streams.append(stream)
        let writer = self.writer
        stream.sink.onSend = { writer.maybeWriteConcurrently() }
        guard self.random.chance(30) else { return }
        // This client reads a little whenever something was flushed to it.
        stream.sink.onFlush = { [unowned stream] in
            guard !stream.sink.isWritable else { return }
            stream.sink.capacity = 2
            stream.stream.becameWritable()
        }
    }

    private mutating func cancel() {
        guard let stream = self.stream else { return }
        stream.cancel(Int64(self.random.below(20)))
    }

    private mutating func stall() {
        let capacity = self.random.below(3)
        self.stream?.sink.capacity = capacity
    }

    private mutating func resume() {
        let capacity = self.random.chance(50) ? Int.max : 1 + self.random.below(4)
        self.stream?.resume(capacity: capacity)
    }

    private mutating func close() {
        guard let stream = self.stream else { return }
        for log in stream.sink.active.values { log.isCancelled = true }
        self.driver.remove(stream)
    }

    // MARK: - What happened

    private var logs: [WatcherLog] { self.streams.flatMap(\.logs) }

    var eventCount: Int { self.logs.reduce(0) { $0 + $1.events.count } }

    var problems: [String] {
        var problems = self.logs.flatMap { Checkers.problems(of: $0, in: self.driver, isSettled: true) }
        problems += self.streams.flatMap(\.sink.violations)
        if self.unflushed > 0 {
            problems.append("\(self.unflushed) responses were not flushed in their turn")
        }
        return problems
    }

    var trace: [String] {
        self.logs.map { log in
            let items = log.items.map { item in
                switch item {
                case .events(let events, let revision, let isFragment, _):
                    "\(revision)\(isFragment ? "+" : "") \(events)"
                case .progress(let revision): "progress \(revision)"
                case .compacted(let horizon): "compacted \(horizon)"
                case .cancelled: "cancelled"
                }
            }
            return "\(log.id) \(items.joined(separator: ", "))"
        }
    }

    var census: Census {
        var census = Census()
        census.stalledSteps = self.stalledSteps
        for log in self.logs {
            census.events += log.events.count
            census.eventsWithPrevious += log.events.count { $0.previous != nil }
            census.compactedWatchers += log.compactions.count
            census.progressItems += log.progress.count
            for case .events(_, _, isFragment: true, _) in log.items { census.fragmentedResponses += 1 }
        }
        return census
    }
}

/// The commit thread of the simulation: it may also write between two responses of one turn.
private final class RandomWriter {
    private unowned let driver: WatchDriver
    private var random: SeededGenerator
    private var isWriting = false
    var isConcurrent = true
    private var value = 0

    init(_ driver: WatchDriver, seed: UInt64) {
        self.driver = driver
        self.random = SeededGenerator(seed: seed)
    }

    func write() {
        self.driver.commit((0..<1 + self.random.below(4)).map { _ in self.proposal() })
    }

    func writeMuch() {
        for _ in 0..<self.random.below(40) { self.write() }
        if self.random.chance(20) { self.driver.commit((0..<600).map { _ in self.proposal() }) }
    }

    func compact() {
        let low = max(1, self.driver.horizon + 1)
        guard low <= self.driver.revision else { return }
        let span = Int(self.driver.revision - low) + 1
        // Mostly near the head, where watchers are.
        let back = self.random.chance(70) ? self.random.below(min(span, 20)) : self.random.below(span)
        self.driver.commit([.compact(self.driver.revision - Int64(back))])
    }

    func maybeWriteConcurrently() {
        guard self.isConcurrent, self.random.chance(5) else { return }
        self.random.chance(80) ? self.write() : self.compact()
    }

    private func proposal() -> Proposal {
        self.value += 1
        switch self.random.below(10) {
        case 0..<5: return .put(self.key(), self.text())
        case 5..<7: return .delete(self.key())
        case 7: return .deleteRange(DeleteRange(KeyRange(prefix: "k")))
        default:
            var keys = ["k0", "k1", "k2", "k3", "k4", "k5"]
            keys.shuffle(using: &self.random)
            let operations = keys.prefix(1 + self.random.below(6)).map { key in
                self.random.chance(70) ? Operation.put(key, self.text()) : .delete(key)
            }
            return .transaction(Transaction(success: operations))
        }
    }

    private func key() -> String { "k\(self.random.below(6))" }

    private func text() -> String { "\(self.value)" + String(repeating: "x", count: self.random.below(60)) }
}
