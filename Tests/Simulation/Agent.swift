import TestSupport

/// A Cilium agent: lists a prefix in pages of one revision, watches from the revision after it, and keeps a
/// map of what exists.
final class Agent: SimulatedClient {
    private enum Stage {
        case idle
        case listing
        case watching
    }

    let line: Line
    let span: KeySpan
    private unowned let world: World
    private var random: SeededGenerator
    private var stage = Stage.idle
    private var watch: WatchCall?
    private var trace = -1
    private var listed: [String: String] = [:]
    /// What exists, as far as it was told.
    private(set) var map: [String: String] = [:]
    /// The last revision that it knows everything of; zero before the first list.
    private(set) var reached: Int64 = 0
    private(set) var listCount = 0
    private(set) var resumeCount = 0
    private(set) var compactionCount = 0
    private(set) var denialCount = 0

    init(_ line: Line, _ span: KeySpan, in world: World, seed: UInt64) {
        self.line = line
        self.span = span
        self.world = world
        self.random = SeededGenerator(seed: seed)
    }

    /// The trace of its open watch.
    var openTrace: Int? { self.watch.flatMap { $0.isBroken ? nil : $0.openWatches.first } }

    var isQuiet: Bool {
        self.stage == .watching && self.watch?.isBroken == false && self.watch?.isWaiting == false
    }

    func settle() { self.act() }

    func act() {
        switch self.stage {
        case .listing: break
        case .watching:
            guard let watch else {
                self.stage = .idle
                return
            }
            if watch.isBroken {
                // Some clients resume by themselves, some list again.
                if self.random.chance(60) { return self.resume() }
                self.stage = .idle
            } else if self.random.chance(10) {
                watch.requestProgress()
            }
        case .idle: self.list(from: self.span.start, revision: 0)
        }
    }

    private func list(from key: String, revision: Int64) {
        if revision == 0 {
            self.listed = [:]
            self.listCount += 1
        }
        self.stage = .listing
        let span = KeySpan(key, self.span.end)
        let limit = 2 + self.random.below(3)
        self.world.range(span, revision: revision, limit: limit, by: self.line) { [unowned self] outcome in
            guard case .done(.range(let found, _, let more), let head) = outcome else {
                self.stage = .idle
                if case .refused(code: 7, _) = outcome { self.denialCount += 1 }
                return
            }
            for event in found { self.listed[event.key] = event.value }
            let revision = revision == 0 ? head : revision
            if more, let last = found.last {
                self.list(from: last.key + "\0", revision: revision)
            } else {
                self.map = self.listed
                self.reached = revision
                self.startWatch()
            }
        }
    }

    private func resume() {
        self.resumeCount += 1
        self.startWatch()
    }

    private func startWatch() {
        self.watch?.close()
        guard let client = self.line.ready else {
            self.stage = .idle
            return
        }
        let world = self.world
        let watch = WatchCall(client, world.recorder) { [unowned world] in world.horizon }
        watch.onItem = { [unowned self] _, item in self.receive(item) }
        var trace = WatchTrace(name: self.line.name, span: self.span)
        trace.life = world.life
        trace.startRevision = self.reached + 1
        trace.wantsPrevious = self.random.chance(30)
        trace.wantsProgress = self.random.chance(50)
        trace.wantsFragments = self.random.chance(30)
        self.watch = watch
        self.stage = .watching
        self.trace = watch.create(trace)
    }

    private func receive(_ item: WatchTrace.Item) {
        switch item {
        case .events(let events, let revision, let isFragment, _):
            for event in events { self.map[event.key] = event.isDelete ? nil : event.value }
            // Of a fragment only the last has everything up to the header's revision.
            if !isFragment { self.reached = max(self.reached, revision) }
        case .progress(let revision): self.reached = max(self.reached, revision)
        case .compacted:
            self.compactionCount += 1
            self.listAgain()
        case .cancelled:
            self.denialCount += 1
            self.listAgain()
        }
    }

    private func listAgain() {
        self.watch?.close()
        self.stage = .idle
    }
}
