import TestSupport

/// Watches anything in any way: only the checkers care what it is told.
final class Observer: SimulatedClient {
    let line: Line
    private unowned let world: World
    private var random: SeededGenerator
    private var watch: WatchCall?

    init(_ line: Line, in world: World, seed: UInt64) {
        self.line = line
        self.world = world
        self.random = SeededGenerator(seed: seed)
    }

    var openTraces: [Int] { self.watch.map { $0.isBroken ? [] : $0.openWatches } ?? [] }
    var isQuiet: Bool { self.watch?.isWaiting != true || self.watch?.isBroken == true }

    func settle() {}

    func act() {
        guard let watch, !watch.isBroken else { return self.open() }
        switch self.random.below(100) {
        case 0..<50:
            if watch.openWatches.count < 4 { watch.create(self.request()) }
        case 50..<65: watch.requestProgress()
        case 65..<80:
            let open = watch.openWatches
            if !open.isEmpty { watch.cancel(self.random.pick(open)) }
        case 80..<85: watch.close()
        default: break
        }
    }

    private func open() {
        guard let client = self.line.ready else { return }
        let world = self.world
        self.watch = WatchCall(client, world.recorder) { [unowned world] in world.horizon }
        self.watch?.create(self.request())
    }

    private func request() -> WatchTrace {
        let known = self.world.recorder.knownRevision
        let span: KeySpan =
            switch self.random.below(4) {
            case 0: KeySpan(World.key(self.random.below(World.keyCount)))
            case 1: KeySpan(World.key(1), World.key(2 + self.random.below(World.keyCount - 2)))
            case 2: KeySpan(prefix: "k/")
            default: .everything
            }
        var trace = WatchTrace(name: self.line.name, span: span)
        trace.life = self.world.life
        trace.startRevision =
            switch self.random.below(10) {
            case 0..<4: 0
            case 4..<7: max(0, known - Int64(self.random.below(40)))
            case 7: known + 1
            case 8: known + Int64(self.random.below(8))
            default: max(0, self.world.horizon + Int64(self.random.below(3)) - 1)
            }
        let flags = self.random.below(256)
        trace.filtersPuts = flags & 7 == 1
        trace.filtersDeletes = flags & 7 == 2
        trace.wantsPrevious = flags & 8 != 0
        trace.wantsProgress = flags & 16 != 0
        trace.wantsFragments = flags & 32 != 0
        return trace
    }
}
