import DataPlane
import MVCC
import Storage

/// Tells one story in a world without chance: each call is answered before the next.
final class Script {
    let world: World
    let line: Line
    private var watchCount = 0

    init(_ configure: (inout World.Settings) -> Void = { _ in }) {
        var settings = World.Settings()
        settings.concurrencyPerThousand = 0
        settings.server.store.compactionInterval = .zero
        settings.server.dataPlane.authLimits.passwordLimit = 0
        configure(&settings)
        self.world = World(seed: 1, settings)
        self.line = self.world.line("client", .administrator)
        self.world.startServer()
    }

    /// The store's revision, as readers see it.
    var revision: Int64 { self.world.process?.snapshot.keyspace.revision ?? -1 }

    /// Moves everything until nothing moves.
    func run() { for _ in 0..<16 { self.world.moveEverything() } }

    /// Ends the server at once, by a power cut or alone, and starts it again.
    func restart(cutsPower: Bool = false) {
        cutsPower ? self.world.cutPower() : self.world.killServer()
        self.run()
        self.world.startServer()
    }

    /// The outcome of a call, after everything has moved.
    @discardableResult
    func outcome(_ call: (@escaping World.Completion) -> Void) -> Operation.Outcome {
        var outcome = Operation.Outcome.unknown
        call { outcome = $0 }
        self.run()
        return outcome
    }

    @discardableResult
    func put(_ key: String, _ value: String? = nil, lease: Int64 = 0) -> Operation.Outcome {
        let value = value ?? self.world.recorder.makeValue(padding: 0)
        return self.outcome { self.world.put(key, value, lease: lease, by: self.line, then: $0) }
    }

    @discardableResult
    func delete(_ key: String) -> Operation.Outcome {
        self.outcome { self.world.delete(KeySpan(key), by: self.line, then: $0) }
    }

    @discardableResult
    func compact(_ revision: Int64, isPhysical: Bool = true) -> Operation.Outcome {
        self.outcome { self.world.compact(revision, isPhysical: isPhysical, by: self.line, then: $0) }
    }

    /// The keys with their values, or why they cannot be read.
    func read(revision: Int64 = 0, by line: Line? = nil) -> Operation.Outcome {
        self.outcome { self.world.range(.everything, revision: revision, by: line ?? self.line, then: $0) }
    }

    /// What exists, as `key=value@revision`.
    func list(revision: Int64 = 0) -> [String] {
        guard case .done(.range(let found, _, _), _) = self.read(revision: revision) else { return ["?"] }
        return found.map { "\($0.key)=\($0.value)@\($0.modRevision)" }
    }

    /// Puts and deletes in one transaction.
    func write(
        _ puts: [String],
        deletes: [String] = [],
        then completion: @escaping World.Completion = { _ in }
    ) {
        let write = Operation.GuardedWrite(
            key: "guard",
            modRevision: 0,
            puts: puts,
            value: self.world.recorder.makeValue(padding: 0),
            deletes: deletes
        )
        self.world.write(write, by: self.line, then: completion)
    }

    /// Opens a watch on a connection of its own.
    func watch(
        _ span: KeySpan = .everything,
        from start: Int64 = 0,
        _ configure: (inout WatchTrace) -> Void = { _ in }
    ) -> ScriptedWatch {
        let line = self.world.line("watcher \(self.watchCount)", .administrator)
        self.watchCount += 1
        let watch = ScriptedWatch(self, line, span, from: start, configure)
        self.run()
        return watch
    }

    /// What the checkers find in everything so far, once it is at rest.
    var problems: [String] {
        self.run()
        return self.world.problems
    }
}

/// A watch of a ``Script``.
final class ScriptedWatch {
    private let script: Script
    private let call: WatchCall?
    private let wire: Wire?
    let number: Int

    init(
        _ script: Script,
        _ line: Line,
        _ span: KeySpan,
        from start: Int64,
        _ configure: (inout WatchTrace) -> Void
    ) {
        self.script = script
        let world = script.world
        let client = line.ready
        var trace = WatchTrace(name: line.name, span: span)
        trace.life = world.life
        trace.startRevision = start
        configure(&trace)
        self.wire = client?.wire
        self.call = client.map { WatchCall($0, world.recorder) { [unowned world] in world.horizon } }
        self.number = self.call?.create(trace) ?? -1
    }

    var trace: WatchTrace { self.script.world.recorder.watches[self.number] }
    /// The events as text.
    var lines: [String] { self.trace.events.map(\.description) }
    var progress: [Int64] {
        self.trace.items.compactMap { if case .progress(let revision) = $0 { revision } else { nil } }
    }
    var compactions: [Int64] {
        self.trace.items.compactMap { if case .compacted(let horizon) = $0 { horizon } else { nil } }
    }

    /// The client reads nothing.
    func stall() { self.wire?.isStalled = true }
    func resume() {
        self.wire?.isStalled = false
        self.script.run()
    }
    /// The network lets nothing through any more.
    func vanish() { self.wire?.vanish() }
    func requestProgress() {
        self.call?.requestProgress()
        self.script.run()
    }

    /// What the checkers find; the watch has been told everything.
    var problems: [String] {
        var trace = self.trace
        trace.isSettled = true
        return Checkers.problems(of: trace, self.script.world.history.events(of: trace.life))
    }
}
