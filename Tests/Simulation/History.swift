import AccessControl
import MVCC
import Persistence

/// One batch that reached the disk.
struct Commit {
    /// The process that wrote it.
    let life: Int
    /// When.
    let time: Duration
    /// The store's revision afterwards.
    let revision: Int64
    let events: [SentEvent]
    let leaseChanges: [LeaseChange]
    /// The users after it, if it changed them.
    let auth: AuthState?
    /// The first process that did not find it any more.
    var lostBy: Int?

    /// Whether the process finds it on the disk, or wrote it.
    func isVisible(to life: Int) -> Bool { self.life <= life && self.lostBy.map { $0 > life } ?? true }
}

/// The truth: everything that was ever committed, also what a power cut took.
final class History {
    private(set) var commits: [Commit] = []
    /// What exists now.
    private(set) var state: [String: SentEvent] = [:]

    /// The newest revision that was ever written.
    var newestRevision: Int64 { self.commits.reduce(1) { max($0, $1.revision) } }

    /// Adds a batch and returns its number.
    func add(_ batch: LogBatch, life: Int, now: Duration) -> Int {
        let events = batch.records.map { record -> SentEvent in
            var event = SentEvent(record)
            self.apply(&event)
            return event
        }
        let document = batch.documents.first { $0.name == "auth" }?.bytes
        let commit = Commit(
            life: life,
            time: now,
            revision: batch.headRevision,
            events: events,
            leaseChanges: batch.leaseChanges,
            // What cannot be read is found by whoever starts from it.
            auth: document.flatMap { try? AuthState(encoded: $0) },
            lostBy: nil
        )
        self.commits.append(commit)
        return self.commits.count - 1
    }

    /// Forgets batches that a power cut took; `life` is the next process.
    func lose(_ numbers: [Int], life: Int) {
        guard !numbers.isEmpty else { return }
        for number in numbers { self.commits[number].lostBy = life }
        self.state = [:]
        for event in self.events(of: life) { self.state[event.key] = event.isDelete ? nil : event }
    }

    /// Adds the newest batch once more, to see that this is noticed.
    func repeatLast() { self.commits += self.commits.suffix(1) }

    /// Everything that the process committed or found, in order.
    func events(of life: Int) -> [SentEvent] {
        self.commits.filter { $0.isVisible(to: life) }.flatMap(\.events)
    }

    private func apply(_ event: inout SentEvent) {
        if let replaced = self.state[event.key] {
            event.previous = .init(value: replaced.value, modRevision: replaced.modRevision)
        }
        self.state[event.key] = event.isDelete ? nil : event
    }
}
