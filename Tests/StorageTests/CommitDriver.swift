import MVCC
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import Persistence

@testable import Storage

typealias Answer = Result<ProposalOutcome, StoreError>

/// Drives a commit loop without threads: virtual time, and an event loop that the driver turns.
final class CommitDriver {
    let log: FaultyLog
    let loop: CommitLoop
    let eventLoop = EmbeddedEventLoop()
    let port: LoopPort
    var now: Duration
    private(set) var report = CommitLoop.StepReport()
    /// The answers so far, by the proposals' numbers.
    private(set) var answers: [Int: Answer] = [:]
    /// The numbers of the answered proposals in the order of the answers.
    private(set) var answerOrder: [Int] = []
    private var proposalCount = 0

    /// Creates a loop over an empty store, without automatic compaction.
    convenience init(leaseIDs: [Int64] = [7_001], _ configure: (inout StoreConfiguration) -> Void = { _ in })
    {
        self.init(recovering: FaultyLog(), leaseIDs: leaseIDs, configure)
    }

    /// Creates a loop over what the log holds.
    init(
        recovering log: FaultyLog,
        leaseIDs: [Int64] = [7_001],
        now: Duration = .seconds(1_000),
        _ configure: (inout StoreConfiguration) -> Void = { _ in }
    ) {
        var configuration = StoreConfiguration()
        configuration.compactionInterval = .zero
        configure(&configuration)
        let ids = NIOLockedValueBox(leaseIDs)
        self.log = log
        self.now = now
        self.port = LoopPort(eventLoop: self.eventLoop)
        let stored = log.stored
        do {
            self.loop = try CommitLoop(
                recovered: stored.recovered,
                log: log,
                configuration: configuration,
                now: now,
                makeLeaseID: {
                    ids.withLockedValue { $0.count > 1 ? $0.removeFirst() : $0[0] }
                },
                forEachRecord: { (body) throws(PersistenceError) in
                    for record in stored.recordsInOrder { try body(record) }
                }
            )
        } catch {
            fatalError("a log in memory can be read: \(error)")
        }
    }

    deinit {
        try? self.eventLoop.syncShutdownGracefully()
    }

    var keyspace: Keyspace { self.loop.replica.current.keyspace }
    var alarms: Set<Alarm> { self.loop.replica.current.alarms }
    var revision: Int64 { self.keyspace.revision }

    /// Makes a proposal whose answer this driver records under the returned number.
    func queue(_ proposal: Proposal) -> (number: Int, queued: QueuedProposal) {
        let number = self.proposalCount
        self.proposalCount += 1
        let completion: (Answer) -> Void = { answer in
            precondition(self.answers[number] == nil, "proposal \(number) was answered twice")
            self.answers[number] = answer
            self.answerOrder.append(number)
        }
        let reply = Reply.loop(self.port, NIOLoopBound(completion, eventLoop: self.eventLoop))
        return (number, QueuedProposal(proposal, reply: reply))
    }

    /// Steps the loop once with these proposals and returns the answers that they have afterwards.
    @discardableResult
    func step(_ proposals: Proposal...) -> [Answer?] {
        self.step(proposals)
    }

    @discardableResult
    func step(_ proposals: [Proposal]) -> [Answer?] {
        let queued = proposals.map(self.queue)
        self.report = self.loop.step(queued.map(\.queued), now: self.now)
        self.deliver(self.report.completions)
        return queued.map { self.answers[$0.number] }
    }

    /// Steps until the loop has nothing to do at this time; at most `limit` times.
    func settle(limit: Int = 10_000) {
        for _ in 0..<limit {
            guard let deadline = self.loop.nextDeadline, deadline <= self.now else { return }
            self.step()
        }
    }

    func close() -> PersistenceError? {
        let (completions, failure) = self.loop.close()
        self.deliver(completions)
        return failure
    }

    private func deliver(_ completions: [CommitLoop.Completion]) {
        for completion in completions { completion.reply.complete(completion.result) }
        self.port.wake()
        self.eventLoop.run()
    }
}

extension Proposal {
    static func put(_ key: String, _ value: String = "v", lease: Int64 = 0) -> Proposal {
        var put = Put(key: ByteBuffer(string: key), value: ByteBuffer(string: value))
        put.lease = lease
        return .put(put)
    }

    static func delete(_ key: String) -> Proposal {
        .deleteRange(DeleteRange(KeyRange(ByteBuffer(string: key))))
    }

    static func delete(prefix: String) -> Proposal {
        .deleteRange(DeleteRange(KeyRange(prefix: prefix)))
    }

    static func compact(_ revision: Int64) -> Proposal {
        .compact(through: revision, isPhysical: false)
    }

    static func grant(_ id: Int64, seconds: Int) -> Proposal {
        .grant(lease: id, timeToLive: .seconds(seconds))
    }
}

extension Operation {
    static func put(_ key: String, _ value: String = "v") -> Operation {
        .put(Put(key: ByteBuffer(string: key), value: ByteBuffer(string: value)))
    }

    static func delete(_ key: String) -> Operation {
        .deleteRange(DeleteRange(KeyRange(ByteBuffer(string: key))))
    }
}

extension Result<ProposalOutcome, StoreError> {
    /// Why the proposal was refused, or `nil`.
    var error: StoreError? {
        guard case .failure(let error) = self else { return nil }
        return error
    }

    /// The revision that the answer names, or `nil` for a refusal.
    var revision: Int64? {
        switch self {
        case .success(.put(_, let revision)), .success(.deleteRange(_, let revision)),
            .success(.done(let revision)), .success(.granted(_, let revision)),
            .success(.keptAlive(_, let revision)), .success(.timeToLive(_, let revision)),
            .success(.leases(_, let revision)), .success(.alarm(_, let revision)),
            .success(.auth(_, let revision)):
            revision
        case .success(.transaction(let outcome)): outcome.revision
        default: nil
        }
    }

    /// The lease that was granted, or that a keep-alive found.
    var lease: LeaseTable.Lease? {
        switch self {
        case .success(.granted(let lease, _)): lease
        case .success(.keptAlive(let lease, _)): lease
        default: nil
        }
    }

    /// What a question after a lease found.
    var status: LeaseStatus? {
        guard case .success(.timeToLive(let status, _)) = self else { return nil }
        return status
    }

    /// Whether an alarm changed.
    var changedAlarm: Bool? {
        guard case .success(.alarm(let changed, _)) = self else { return nil }
        return changed
    }
}

extension Result<ProposalOutcome, StoreError>? {
    var error: StoreError? { self?.error }
    var revision: Int64? { self?.revision }
    var lease: LeaseTable.Lease? { self?.lease }
    var status: LeaseStatus? { self?.status }
    var changedAlarm: Bool? { self?.changedAlarm }
}

extension Keyspace {
    /// The value of a key now, or `nil` when it does not exist.
    func text(_ key: String) -> String? {
        self.newest(ByteBuffer(string: key)).map { String(buffer: $0.value) }
    }

    /// All that a reader can find out, as text: the keys at all readable revisions, and the leases.
    var description: [String] {
        var lines = [
            "revision \(self.revision), horizon \(self.compactedRevision)",
            "hash \(self.hash(through: self.revision))",
        ]
        for revision in max(1, self.compactedRevision)...max(1, self.revision) {
            var query = RangeQuery(.everything)
            query.revision = revision
            let records = (try? self.range(query).records) ?? []
            lines.append(
                "\(revision): "
                    + records.map { record in
                        "\(String(buffer: record.key))=\(String(buffer: record.value))"
                            + "@\(record.createRevision)-\(record.modRevision).\(record.sub)"
                            + "v\(record.version)l\(record.lease)"
                    }.joined(separator: " ")
            )
        }
        for lease in self.leases.all.sorted(by: { $0.id < $1.id }) {
            let keys = self.leases.attachedKeys(of: lease.id).map { String(buffer: $0.key) }
            lines.append("lease \(lease.id) for \(lease.timeToLive): \(keys)")
        }
        return lines
    }
}
