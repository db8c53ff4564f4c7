import EtcdAPI

/// Everything that clients asked and were told.
final class Recorder {
    private let history: History
    private(set) var operations: [Operation] = []
    private(set) var watches: [WatchTrace] = []
    /// How many commits there were when each watch was told each item.
    private(set) var commitsAtItems: [Int: [Int]] = [:]
    /// The identities that headers named.
    private(set) var identities: Set<[UInt64]> = []
    private(set) var knownRevision: Int64 = 0
    private(set) var problems: [String] = []
    private var clock = 0
    private var valueCount = 0

    init(_ history: History) {
        self.history = history
    }

    /// Returns a value that nobody else writes.
    func makeValue(padding: Int) -> String {
        self.valueCount += 1
        return "v\(self.valueCount)" + String(repeating: "x", count: padding)
    }

    func begin(_ request: Operation.Request, by client: String, life: Int, now: Duration) -> Int {
        self.clock += 1
        self.operations.append(
            Operation(
                client: client,
                request: request,
                life: life,
                called: self.clock,
                commitsBefore: self.history.commits.count,
                knownRevision: self.knownRevision,
                time: now
            )
        )
        return self.operations.count - 1
    }

    func end(_ number: Int, _ outcome: Operation.Outcome) {
        self.clock += 1
        if self.operations[number].returned != nil { self.problems.append("call \(number) ended twice") }
        self.operations[number].returned = self.clock
        self.operations[number].commitsAfter = self.history.commits.count
        self.operations[number].outcome = outcome
    }

    /// Looks at the header of an answer.
    func note(_ header: Etcdserverpb_ResponseHeader) {
        self.identities.insert([header.clusterID, header.memberID])
        self.knownRevision = max(self.knownRevision, header.revision)
    }

    func addWatch(_ trace: WatchTrace) -> Int {
        var trace = trace
        trace.knownRevision = self.knownRevision
        self.watches.append(trace)
        return self.watches.count - 1
    }

    func watchWasCreated(_ number: Int, at revision: Int64) {
        self.watches[number].createdRevision = revision
    }

    func watch(_ number: Int, wasTold item: WatchTrace.Item) {
        self.watches[number].items.append(item)
        self.commitsAtItems[number, default: []].append(self.history.commits.count)
    }

    func watchIsSettled(_ number: Int) {
        self.watches[number].isSettled = true
    }

    func report(_ problem: String) { self.problems.append(problem) }
}
