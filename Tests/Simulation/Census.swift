/// How often the interesting things happened.
struct Census {
    var connections = 0
    var brokenConnections = 0
    var stalls = 0
    var crashes = 0
    var crashesInSteps = 0
    var powerCuts = 0
    var lostCommits = 0
    var resumedAbove = 0
    var cleanStops = 0
    var diskFaults = 0
    var rotations = 0
    var concurrentSteps = 0
    var concurrentTurns = 0

    // From what was recorded.
    var commits = 0
    var answered = 0
    var refused = 0
    var unknown = 0
    var events = 0
    var eventsWithPrevious = 0
    var fragments = 0
    var progress = 0
    var compactedWatches = 0
    var deniedWatches = 0
    var expiredLeases = 0
    var lists = 0
    var resumes = 0
    var deniedReads = 0
    var refusedByLog = 0
    var outOfSpace = 0

    /// Adds what happened in another run.
    mutating func add(_ other: Census) {
        self.connections += other.connections
        self.brokenConnections += other.brokenConnections
        self.stalls += other.stalls
        self.crashes += other.crashes
        self.crashesInSteps += other.crashesInSteps
        self.powerCuts += other.powerCuts
        self.lostCommits += other.lostCommits
        self.resumedAbove += other.resumedAbove
        self.cleanStops += other.cleanStops
        self.diskFaults += other.diskFaults
        self.rotations += other.rotations
        self.concurrentSteps += other.concurrentSteps
        self.concurrentTurns += other.concurrentTurns
        self.commits += other.commits
        self.answered += other.answered
        self.refused += other.refused
        self.unknown += other.unknown
        self.events += other.events
        self.eventsWithPrevious += other.eventsWithPrevious
        self.fragments += other.fragments
        self.progress += other.progress
        self.compactedWatches += other.compactedWatches
        self.deniedWatches += other.deniedWatches
        self.expiredLeases += other.expiredLeases
        self.lists += other.lists
        self.resumes += other.resumes
        self.deniedReads += other.deniedReads
        self.refusedByLog += other.refusedByLog
        self.outOfSpace += other.outOfSpace
    }
}

extension World {
    /// Counts what was recorded into the census.
    func count() -> Census {
        var census = self.census
        census.commits = self.history.commits.count
        for operation in self.recorder.operations {
            switch operation.outcome {
            case .done: census.answered += 1
            case .unknown: census.unknown += 1
            case .refused(let code, let message):
                census.refused += 1
                if code == 7 { census.deniedReads += 1 }
                if message.hasPrefix("isthmus: the log refuses") { census.refusedByLog += 1 }
                if message.contains("space exceeded") { census.outOfSpace += 1 }
            }
        }
        for item in self.recorder.watches.lazy.flatMap(\.items) {
            switch item {
            case .events(let events, _, let isFragment, _):
                census.events += events.count
                census.eventsWithPrevious += events.count { $0.previous != nil }
                if isFragment { census.fragments += 1 }
            case .progress: census.progress += 1
            case .compacted: census.compactedWatches += 1
            case .cancelled(let reason): if !reason.isEmpty { census.deniedWatches += 1 }
            }
        }
        census.expiredLeases = self.expiries.count
        for case let agent as Agent in self.clients {
            census.lists += agent.listCount
            census.resumes += agent.resumeCount
        }
        return census
    }

    /// Everything that can be seen of a run, as text.
    var trace: [String] {
        self.recorder.operations.map { "\($0.client) \($0.request) \($0.outcome)" }
            + self.recorder.watches.map { "\($0.name) \($0.items)" }
            + self.history.commits.map { "\($0.life) \($0.revision) \($0.events)" }
    }
}
