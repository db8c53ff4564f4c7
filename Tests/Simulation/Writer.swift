import TestSupport

/// Writes and reads keys at random, under leases too.
final class Writer: SimulatedClient {
    let line: Line
    private unowned let world: World
    private var random: SeededGenerator
    private var waiting = 0
    /// Revisions of keys that it was told, for guarded writes.
    private var known: [String: Int64] = [:]
    private var leases: [Int64] = []
    private var leaseCount: Int64
    /// Whether every value gets bytes that nobody reads.
    private let padding: Int

    init(_ line: Line, in world: World, seed: UInt64, firstLease: Int64) {
        self.line = line
        self.world = world
        self.random = SeededGenerator(seed: seed)
        self.leaseCount = firstLease
        self.padding = self.random.chance(30) ? 120 : 8
    }

    var isQuiet: Bool { self.waiting == 0 }

    func settle() {}

    func act() {
        guard self.waiting < 3 else { return }
        self.waiting += 1
        switch self.random.below(100) {
        case 0..<40: self.put()
        case 40..<50: self.delete()
        case 50..<65: self.writeGuarded()
        case 65..<82: self.read()
        case 82..<88: self.grant()
        case 88..<95: self.keepAlive()
        case 95..<97: self.revoke()
        default: self.waiting -= 1
        }
    }

    private func done(_ outcome: Operation.Outcome) { self.waiting -= 1 }

    private func key() -> String { World.key(self.random.below(World.keyCount)) }

    private func value() -> String {
        self.world.recorder.makeValue(padding: self.random.below(self.padding))
    }

    private func put() {
        let key = self.key()
        let lease = !self.leases.isEmpty && self.random.chance(30) ? self.random.pick(self.leases) : 0
        self.world.put(key, self.value(), lease: lease, by: self.line) { [unowned self] outcome in
            if case .done(_, let revision) = outcome { self.known[key] = revision }
            self.done(outcome)
        }
    }

    private func delete() {
        let key = self.key()
        let span = self.random.chance(80) ? KeySpan(key) : KeySpan(key, World.key(World.keyCount))
        self.world.delete(span, by: self.line) { [unowned self] outcome in
            if case .done = outcome { self.known[key] = 0 }
            self.done(outcome)
        }
    }

    private func writeGuarded() {
        var keys = (0..<World.keyCount).map(World.key)
        keys.shuffle(using: &self.random)
        let puts = Array(keys.prefix(1 + self.random.below(3)))
        let write = Operation.GuardedWrite(
            key: puts[0],
            modRevision: self.known[puts[0]] ?? 0,
            puts: puts,
            value: self.value(),
            deletes: Array(keys.dropFirst(puts.count).prefix(self.random.below(3)))
        )
        self.world.write(write, by: self.line) { [unowned self] outcome in
            if case .done(.guarded(let succeeded, let found), let revision) = outcome {
                if succeeded {
                    for key in write.puts { self.known[key] = revision }
                    for key in write.deletes { self.known[key] = 0 }
                } else {
                    self.known[write.key] = found.first?.modRevision ?? 0
                }
            }
            self.done(outcome)
        }
    }

    private func read() {
        let span = self.random.chance(50) ? KeySpan(self.key()) : KeySpan(prefix: "k/")
        var revision: Int64 = 0
        if self.random.chance(30) {
            revision = max(1, self.world.recorder.knownRevision - Int64(self.random.below(30)))
        }
        let limit = self.random.chance(30) ? 1 + self.random.below(4) : 0
        self.world.range(span, revision: revision, limit: limit, by: self.line) { [unowned self] outcome in
            if case .done(.range(let found, _, _), _) = outcome, revision == 0 {
                for event in found { self.known[event.key] = event.modRevision }
            }
            self.done(outcome)
        }
    }

    private func grant() {
        self.leaseCount += 1
        let lease = self.leaseCount
        self.world.grant(lease, seconds: Int64(2 + self.random.below(18)), by: self.line) { [unowned self] in
            if case .done = $0 { self.leases.append(lease) }
            self.done($0)
        }
    }

    private func keepAlive() {
        guard let lease = self.anyLease() else { return }
        self.world.keepAlive(lease, by: self.line) { [unowned self] outcome in
            if case .done(.lease(seconds: 0), _) = outcome { self.leases.removeAll { $0 == lease } }
            self.done(outcome)
        }
    }

    private func revoke() {
        guard let lease = self.anyLease() else { return }
        self.leases.removeAll { $0 == lease }
        self.world.revoke(lease, by: self.line) { [unowned self] in self.done($0) }
    }

    private func anyLease() -> Int64? {
        guard !self.leases.isEmpty else {
            self.waiting -= 1
            return nil
        }
        return self.random.pick(self.leases)
    }
}
