// Simulation: a whole server and its clients in one thread.
//
// The server is the real one from the commit loop to HTTP/2; a `World` plays the threads, the clock, the
// network and the disk, and decides with one seeded generator what happens next: the same seed is the same
// run. Clients speak gRPC and record what they are told; `Checkers` hold that against the history of the
// disk. Begin with `World`, then `ServerProcess`, `Wire`, `SimulatedLog`.

import AccessControl
import MVCC
import NIOCore
import Persistence
import RPC
import Storage
import TestSupport

/// The server's threads, the network, the disk, the clock and the clients.
final class World {
    /// What may go wrong, and how much of it.
    struct Settings {
        /// Of a thousand steps, how many are faults.
        var faultsPerThousand = 12
        var writers = 3
        var agents = 2
        var observers = 2
        var managesUsers = false
        /// What the log does wrong.
        var flaw: SimulatedLog.Flaw?
        var server = ServerProcess.Configuration()
        /// Of a thousand moments at which another thread could run, in how many it does.
        var concurrencyPerThousand = 40
    }

    static let keyCount = 8
    static func key(_ number: Int) -> String { "k/\(number)" }

    let history = History()
    let recorder: Recorder
    let disk: SimulatedDisk
    var settings: Settings
    var random: SeededGenerator
    private(set) var now: Duration = .seconds(1_000)
    private(set) var process: ServerProcess?
    /// How many processes there were before the running one.
    private(set) var life = -1
    /// When each process started.
    private(set) var startTimes: [Int: Duration] = [:]
    /// All connections that are not over, those of dead processes too.
    private(set) var wires: [Wire] = []
    private(set) var census = Census()
    private(set) var clients: [any SimulatedClient] = []
    private var connections: [GRPCClient] = []
    private var wireCount = 0
    private var isTurning = false
    private var isSettling = false

    init(seed: UInt64, _ settings: Settings = Settings()) {
        self.random = SeededGenerator(seed: seed)
        self.settings = settings
        self.recorder = Recorder(self.history)
        self.disk = SimulatedDisk(
            identity: StoreIdentity(clusterID: 11, memberID: 22),
            durability: settings.server.durability
        )
    }

    deinit {
        self.process?.kill { _ in 0 }
    }

    /// Adds whoever the settings ask for.
    func populate() {
        let settings = self.settings
        for number in 0..<settings.writers {
            let writer = Writer(
                self.line("writer \(number)", .administrator),
                in: self,
                seed: self.random.next(),
                firstLease: Int64(number + 1) * 1_000
            )
            self.clients.append(writer)
        }
        for number in 0..<settings.agents {
            let line = self.line("agent \(number)", number == 0 ? .peer : .administrator)
            self.clients.append(Agent(line, KeySpan(prefix: "k/"), in: self, seed: self.random.next()))
        }
        for number in 0..<settings.observers {
            let line = self.line("observer \(number)", .administrator)
            self.clients.append(Observer(line, in: self, seed: self.random.next()))
        }
        for name in settings.managesUsers ? ["alice", "bob"] : [] {
            let line = self.line(name, .user(name))
            self.clients.append(Agent(line, KeySpan(prefix: "k/"), in: self, seed: self.random.next()))
        }
        let line = self.line("operator", .administrator)
        let seed = self.random.next()
        self.clients.append(Operator(line, in: self, seed: seed, managesUsers: settings.managesUsers))
    }

    func line(_ name: String, _ authorization: Authorization) -> Line {
        Line(name, authorization, in: self)
    }

    // MARK: - The server

    var horizon: Int64 { self.process?.horizon ?? self.disk.image.state.compacted }
    var auth: AuthState? { self.process?.snapshot.auth }
    var isOutOfSpace: Bool { self.process?.snapshot.alarms.contains(.noSpace) ?? false }

    /// Whether a user may read what is watched here.
    func mayRead(_ user: String) -> Bool { self.auth.map { $0.mayRead(user) } ?? false }

    func startServer() {
        guard self.process == nil else { return }
        self.life += 1
        self.startTimes[self.life] = self.now
        do throws(PersistenceError) {
            let process = try ServerProcess(
                self.disk,
                self.history,
                life: self.life,
                configuration: self.settings.server,
                leaseIDs: Int64(self.life + 1) * 1_000_000,
                now: { [unowned self] in self.now }
            )
            process.log.flaw = self.settings.flaw
            process.log.onAppend = { [unowned self] in self.turnConcurrently() }
            self.process = process
            if case .tailMayBeLost = process.recovery { self.census.resumedAbove += 1 }
        } catch {
            self.recorder.report("the server does not start: \(error)")
        }
    }

    /// Ends the process at once, of whose answers some may still arrive.
    func killServer() {
        guard let process = self.process.take() else { return }
        self.census.crashes += 1
        process.kill { wire in self.random.below(wire.toClient.readableBytes + 1) }
    }

    /// Ends the process and takes some of what was not synced.
    func cutPower() {
        self.killServer()
        let kept = self.random.below(self.disk.unsyncedCount + 1)
        let lost = self.disk.cutPower(keeping: kept)
        self.history.lose(lost, life: self.life + 1)
        self.census.powerCuts += 1
        self.census.lostCommits += lost.count
    }

    /// Sends everybody away and stops when the log is closed.
    func stopServer() {
        guard let process else { return }
        process.isStopping = true
        for wire in process.wires { wire.connection.close(graceful: true) }
        for _ in 0..<self.random.below(12) where self.process != nil { self.moveSomething() }
        guard self.process != nil else { return }
        self.process = nil
        process.stop(at: self.now)
        self.census.cleanStops += 1
        process.kill { wire in self.random.chance(70) ? .max : self.random.below(100) }
    }

    func connect(_ line: Line) -> GRPCClient? {
        guard let process, !process.isStopping else { return nil }
        self.wireCount += 1
        do {
            let wire = try process.accept(self.wireCount, line)
            wire.onServerWrite = { [unowned self] in self.stepConcurrently() }
            wire.isServerDead = { [log = process.log] in log.hasCrashed }
            self.wires.append(wire)
            let window = self.random.chance(30) ? 200 + self.random.below(2_000) : 65_535
            let client = GRPCClient(wire, windowBytes: window)
            self.connections.append(client)
            self.census.connections += 1
            return client
        } catch {
            self.recorder.report("no connection: \(error)")
            return nil
        }
    }

    // MARK: - Steps

    func run(steps: Int) {
        self.startServer()
        // Otherwise it takes half of the run until users count.
        if self.settings.managesUsers, self.random.chance(70) { self.rest() }
        for _ in 0..<steps { self.step() }
    }

    private func step() {
        if self.process == nil, self.random.chance(20) { self.startServer() }
        let choice = self.random.below(1_000)
        if choice < self.settings.faultsPerThousand {
            self.fault()
        } else if choice < 200 {
            self.random.pick(self.clients).act()
        } else if choice < 230 {
            let isLong = self.random.chance(10)
            self.pass(.milliseconds(isLong ? self.random.below(5_000) : self.random.below(100)))
        } else {
            self.moveSomething()
        }
        self.buryServer()
    }

    /// Bytes, an event loop or the commit thread.
    func moveSomething() {
        switch self.random.below(100) {
        case 0..<50:
            let busy = self.wires.filter(\.isBusy)
            guard !busy.isEmpty else { return }
            let wire = self.random.pick(busy)
            let limit = self.random.chance(30) ? 1 + self.random.below(60) : Int.max
            if self.random.chance(50) { wire.deliverToServer(limit) } else { wire.deliverToClient(limit) }
            self.forgetConnections()
        case 50..<70:
            guard let process else { return }
            self.turn(self.random.below(process.loopCount))
        case 70..<88:
            if let process, process.hasWork(at: self.now) { process.step(at: self.now) }
        default:
            self.process?.announce()
        }
        self.buryServer()
    }

    func pass(_ duration: Duration) { self.now += duration }

    func turn(_ index: Int) {
        guard let process, !self.isTurning else { return }
        self.isTurning = true
        process.turn(index, to: self.now)
        self.isTurning = false
    }

    /// The commit thread may run whenever an event loop does something.
    private func stepConcurrently() {
        guard !self.isSettling, self.random.below(1_000) < self.settings.concurrencyPerThousand else {
            return
        }
        guard let process, process.hasWork(at: self.now) else { return }
        // Whoever writes is an event loop in the middle of something: it cannot turn again meanwhile.
        let wasTurning = self.isTurning
        self.isTurning = true
        process.step(at: self.now)
        self.isTurning = wasTurning
        if self.random.chance(50) { process.announce() }
        self.census.concurrentSteps += 1
    }

    /// An event loop may run while the commit thread logs.
    private func turnConcurrently() {
        guard !self.isSettling, self.random.below(1_000) < self.settings.concurrencyPerThousand * 3 else {
            return
        }
        guard let process, !self.isTurning else { return }
        self.turn(self.random.below(process.loopCount))
        self.census.concurrentTurns += 1
    }

    /// A process that died in the middle of a step is gone.
    private func buryServer() {
        guard let process, process.log.hasCrashed else { return }
        self.census.crashesInSteps += 1
        self.random.chance(30) ? self.cutPower() : self.killServer()
    }

    private func forgetConnections() {
        self.wires.removeAll { $0.isOver }
        self.connections.removeAll { $0.isClosed }
    }

    // MARK: - Rest

    /// Repairs everything, lets everybody come to rest, and lets all leases run out.
    func settle() {
        self.isSettling = true
        self.process?.log.crashPoint = nil
        self.process?.log.failures = []
        for wire in self.wires { wire.isStalled = false }
        self.rest()
        // Longer than any lease; a connection that is silently gone is found out as well.
        for _ in 0..<60 {
            self.pass(.seconds(1))
            self.moveEverything()
        }
        self.rest()
        self.markSettled()
    }

    /// Moves everything until nobody waits.
    func rest() {
        var quietRounds = 0
        for _ in 0..<300 where quietRounds < 3 {
            self.startServer()
            for client in self.clients { client.settle() }
            self.moveEverything()
            self.pass(.milliseconds(100))
            let isQuiet = self.clients.allSatisfy(\.isQuiet) && !self.isOutOfSpace
            quietRounds = isQuiet ? quietRounds + 1 : 0
        }
        if quietRounds < 3 { self.recorder.report("not everybody comes to rest") }
    }

    /// Moves all bytes and turns all threads, a few times.
    func moveEverything() {
        for _ in 0..<4 {
            // Turns of catching up are so far apart.
            self.pass(.microseconds(100))
            for wire in self.wires {
                wire.deliverToServer(.max)
                wire.deliverToClient(.max)
            }
            guard let process else { break }
            for _ in 0..<20 where process.hasWork(at: self.now) { process.step(at: self.now) }
            process.announce()
            for index in 0..<process.loopCount { self.turn(index) }
        }
        self.forgetConnections()
    }

    private func markSettled() {
        for client in self.clients {
            let open: [Int] =
                switch client {
                case let agent as Agent: agent.openTrace.map { [$0] } ?? []
                case let observer as Observer: observer.openTraces
                default: []
                }
            for number in open { self.recorder.watchIsSettled(number) }
        }
    }

    func note(_ change: (inout Census) -> Void) { change(&self.census) }
}

extension AuthState {
    /// Whether a user whom only a certificate names may read what is watched here.
    func mayRead(_ user: String) -> Bool {
        // Who is nobody may read nothing.
        guard let authorization = try? self.authorization(of: .user(user)) else { return false }
        let span = KeySpan(prefix: "k/")
        let (start, end) = (Array(span.start.utf8), Array(span.end.utf8))
        return authorization.allowsRead(key: start.span, rangeEnd: end.span)
    }
}
