package import AccessControl
package import MVCC
import NIOCore
package import Persistence

/// The only writer: turns batches of proposals into revisions, in the order logged → readable → announced.
///
/// Owned by one thread (so not Sendable), with one step and no clock of its own: a simulation calls the step
/// itself. If the log refuses a batch, the working copy is dropped and nothing has happened.
package final class CommitLoop {
    /// An answer that is due now that the commit is readable.
    package struct Completion: Sendable {
        let reply: Reply
        let result: Result<ProposalOutcome, StoreError>
    }

    /// What one step did.
    package struct StepReport: Sendable {
        package var completions: [Completion] = []
        /// Whether readers see something new.
        package var hasNewSnapshot = false
        /// How many records were logged.
        package var recordCount = 0
        /// What was done, by kind; zero when the log refused it.
        package var work = CommittedWork()
        /// What the log said when it refused the batch.
        package var logFailure: PersistenceError?
    }

    /// How long the loop leaves a log alone that refused something; proposals are tried at once all the same.
    private static let retryDelay: Duration = .seconds(1)

    /// What readers see.
    package let replica: Replica
    let configuration: StoreConfiguration
    let log: any RevisionLog
    let logSize = LogSize()
    private(set) var keyspace: Keyspace
    private(set) var alarms: Set<Alarm>
    private var auth: AuthState
    private var authGeneration = 0
    private var reservedRevision: Int64
    private var compaction: AutomaticCompaction
    /// Proposals that did not fit into the last commit.
    private var deferred: [QueuedProposal] = []
    /// Physical compactions that wait for the garbage to be freed.
    private var compactionWaiters: [Reply] = []
    private let makeLeaseID: @Sendable () -> Int64
    /// What memory has let go of and the log has not.
    ///
    /// Nothing newer may be deleted before: a key would come back to life at the next start if its tombstone
    /// were gone and an older record were not.
    var undeleted: [RecordPosition] = []
    /// When the loop's own work is tried again after the log refused something.
    private var retryTime: Duration?
    private var commitCount = 0

    /// Creates the loop over a recovered key space.
    ///
    /// - Parameters:
    ///   - keyspace: What the log holds.
    ///   - alarms: What alarms the log holds.
    ///   - auth: The users and roles that the log holds.
    ///   - reservedRevision: The revision up to which the log has reserved.
    ///   - log: Where commits go; the loop's thread owns it from now on.
    ///   - configuration: The limits.
    ///   - now: The current time on the clock that ``step(_:now:)`` uses.
    ///   - makeLeaseID: Returns a positive random number.
    package init(
        keyspace: Keyspace,
        alarms: Set<Alarm>,
        auth: AuthState = AuthState(),
        reservedRevision: Int64,
        log: any RevisionLog,
        configuration: StoreConfiguration,
        now: Duration,
        makeLeaseID: @escaping @Sendable () -> Int64
    ) {
        self.keyspace = keyspace
        self.keyspace.renewLeases(now: now)
        self.alarms = alarms
        self.auth = auth
        self.reservedRevision = reservedRevision
        self.log = log
        self.configuration = configuration
        self.makeLeaseID = makeLeaseID
        self.compaction = AutomaticCompaction(
            interval: configuration.compactionInterval,
            keptRevisions: configuration.historyRevisions,
            goesByRevision: configuration.compactsByRevision,
            now: now
        )
        let snapshot = Snapshot(keyspace: self.keyspace, alarms: alarms, auth: auth, authGeneration: 0)
        self.replica = Replica(snapshot)
        self.logSize.note(total: log.sizeInBytes, inUse: log.sizeInUseInBytes)
    }

    /// When ``step(_:now:)`` has something to do by itself: at once with work left, else at a deadline.
    package var nextDeadline: Duration? {
        if self.hasDeferred { return .zero }
        let deadline =
            self.isTrimmed
            ? [self.keyspace.leases.nextDeadline, self.compaction.deadline].compactMap { $0 }.min() : .zero
        guard let deadline, let retry = self.retryTime else { return deadline }
        return max(deadline, retry)
    }

    /// Whether proposals wait that did not fit into the last commit.
    package var hasDeferred: Bool { !self.deferred.isEmpty }

    /// How many proposals the next step can take, so that what waits here is bounded as well.
    package var room: Int { max(0, self.configuration.batchLimit - self.deferred.count) }

    /// Whether the garbage of all compactions is gone, from the log too.
    private var isTrimmed: Bool { self.undeleted.isEmpty && !self.keyspace.needsTrimming }

    /// Decides a batch, logs it, publishes it, and returns the answers that are due.
    ///
    /// Expired leases, automatic compaction and a slice of garbage are part of the step.
    package func step(_ proposals: [QueuedProposal], now: Duration) -> StepReport {
        var batch = WorkingBatch(keyspace: self.keyspace, alarms: self.alarms, auth: self.auth)
        if self.mayTryLog(now: now) {
            self.expireLeases(&batch, now: now)
            self.compactAutomatically(&batch, now: now)
        }
        let waiting = self.deferred + proposals
        let limit = min(waiting.count, self.configuration.batchLimit)
        while batch.decisions.count < limit, batch.newByteCount < self.configuration.batchByteLimit {
            let queued = waiting[batch.decisions.count]
            let result = self.decide(queued.proposal, in: &batch, now: now)
            batch.decisions.append(Decision(queued: queued, result: result))
        }
        self.deferred = Array(waiting[batch.decisions.count...])
        return self.commit(batch, now: now)
    }

    /// Answers everything that still waits with ``StoreError/stopped``, and closes the log as cleanly
    /// stopped.
    package func close() -> (completions: [Completion], failure: PersistenceError?) {
        let stopped = Result<ProposalOutcome, StoreError>.failure(.stopped)
        let replies = self.deferred.map(\.reply) + self.compactionWaiters
        let completions = replies.map { Completion(reply: $0, result: stopped) }
        do {
            try self.log.close()
            return (completions, nil)
        } catch {
            return (completions, error)
        }
    }

    // MARK: - The steps

    /// Whether the loop's own work may go to the log: not shortly after the log refused something.
    private func mayTryLog(now: Duration) -> Bool { self.retryTime.map { now >= $0 } ?? true }

    private func expireLeases(_ batch: inout WorkingBatch, now: Duration) {
        for id in batch.keyspace.leases.expired(now: now, limit: self.configuration.expiryLimit) {
            // The lease was just read from this key space, so revoking it cannot fail.
            guard let deleted = try? batch.keyspace.revoke(lease: id) else { continue }
            batch.work.expiredLeases += 1
            batch.work.deletes += deleted
            batch.leaseChanges.append(.revoke(id: id))
        }
    }

    private func compactAutomatically(_ batch: inout WorkingBatch, now: Duration) {
        let target =
            self.compaction.revisionToCompact(
                head: batch.keyspace.revision,
                compacted: batch.keyspace.compactedRevision,
                now: now
            )
            ?? self.compaction.revisionToCompact(
                batch.keyspace,
                historyByteLimit: self.configuration.historyByteLimit
            )
        guard let target else { return }
        // Losing the error is right: the horizon is already there or the head is not, and the next sample
        // tries again.
        try? batch.keyspace.compact(through: target)
    }

    private func decide(
        _ proposal: Proposal,
        in batch: inout WorkingBatch,
        now: Duration
    ) -> Result<ProposalOutcome, StoreError> {
        do throws(StoreError) {
            if case .defragment = proposal { try self.defragment() }
            return .success(try self.evaluator(now: now).evaluate(proposal, in: &batch))
        } catch {
            return .failure(error)
        }
    }

    private func evaluator(now: Duration) -> ProposalEvaluator {
        ProposalEvaluator(configuration: self.configuration, now: now, makeLeaseID: self.makeLeaseID)
    }

    private func defragment() throws(StoreError) {
        do throws(PersistenceError) {
            try self.log.defragment()
            self.logSize.note(total: self.log.sizeInBytes, inUse: self.log.sizeInUseInBytes)
        } catch {
            throw StoreError(error)
        }
    }

    /// Logs, publishes, and only then answers.
    private func commit(_ batch: WorkingBatch, now: Duration) -> StepReport {
        let entry = batch.logBatch
        if !batch.hasChanges(entry) {
            // Keep-alives and look-ups change nothing that is logged or published.
            self.keyspace = batch.keyspace
            return self.finish(batch, recordCount: 0, isChanged: false, now: now)
        }
        do throws(PersistenceError) {
            try self.reserve(through: entry.headRevision)
            try self.log.append(entry)
        } catch {
            return self.refuse(batch, error, now: now)
        }
        self.retryTime = nil
        self.keyspace = batch.keyspace
        self.alarms = batch.alarms
        if batch.hasNewAuth {
            self.auth = batch.auth
            self.authGeneration += 1
        }
        return self.finish(batch, recordCount: entry.records.count, isChanged: true, now: now)
    }

    private func finish(
        _ batch: WorkingBatch,
        recordCount: Int,
        isChanged: Bool,
        now: Duration
    ) -> StepReport {
        var report = StepReport(hasNewSnapshot: isChanged, recordCount: recordCount, work: batch.work)
        for decision in batch.decisions {
            if case .success(let outcome) = decision.result {
                report.work.count(decision.queued.proposal, outcome)
            }
            if decision.waitsForTrimming {
                self.compactionWaiters.append(decision.queued.reply)
            } else {
                report.completions.append(Completion(reply: decision.queued.reply, result: decision.result))
            }
        }
        let needsTrimming = self.keyspace.needsTrimming
        report.logFailure = self.trim(now: now)
        if isChanged { self.noteLogSize() }
        // What was freed leaves the replica as well, or it would keep the garbage until the next write.
        if isChanged || needsTrimming {
            self.publish()
        }
        if self.isTrimmed, !self.compactionWaiters.isEmpty {
            let done = ProposalOutcome.done(revision: self.keyspace.revision)
            report.completions += self.compactionWaiters.map { Completion(reply: $0, result: .success(done)) }
            self.compactionWaiters = []
        }
        return report
    }

    private func publish() {
        let snapshot = Snapshot(
            keyspace: self.keyspace,
            alarms: self.alarms,
            auth: self.auth,
            authGeneration: self.authGeneration
        )
        self.replica.install(snapshot)
    }

    /// Asks for the sizes now and then: they cost a query, and nobody needs them by the commit.
    private func noteLogSize() {
        if self.commitCount % 64 == 0 {
            self.logSize.note(total: self.log.sizeInBytes, inUse: self.log.sizeInUseInBytes)
        }
        self.commitCount += 1
    }

    /// Reserves revisions in blocks, so that after a lost tail none is given out twice.
    private func reserve(through revision: Int64) throws(PersistenceError) {
        guard revision > self.reservedRevision else { return }
        let ceiling = revision + self.configuration.revisionBlock
        try self.log.reserveRevisions(through: ceiling)
        self.reservedRevision = ceiling
    }

    /// Frees a slice of garbage in memory, then in the log.
    private func trim(now: Duration) -> PersistenceError? {
        guard !self.isTrimmed, self.mayTryLog(now: now) else { return nil }
        if self.undeleted.isEmpty {
            self.undeleted = self.keyspace.trim(limit: self.configuration.trimLimit).map(RecordPosition.init)
        }
        guard !self.undeleted.isEmpty else { return nil }
        do throws(PersistenceError) {
            try self.log.deleteRecords(self.undeleted)
            self.undeleted = []
            self.retryTime = nil
            return nil
        } catch {
            self.retryTime = now + Self.retryDelay
            return error
        }
    }

    /// The log refused: the working copy is dropped, and whoever would have changed something is told.
    private func refuse(_ batch: WorkingBatch, _ error: PersistenceError, now: Duration) -> StepReport {
        self.retryTime = now + Self.retryDelay
        let reason = StoreError(error)
        var report = StepReport(logFailure: error)
        report.completions = batch.decisions.map { decision in
            Completion(
                reply: decision.queued.reply,
                result: self.decideAlone(decision, refusal: reason, now: now)
            )
        }
        if reason == .noSpace, self.alarms.insert(.noSpace).inserted {
            // It cannot be logged on a full disk; it is raised again if the disk is still full after a
            // restart.
            self.publish()
            report.hasNewSnapshot = true
        }
        return report
    }

    /// Decides a proposal of a refused batch against the state that stays.
    ///
    /// Its first outcome may rest on changes of the batch that never happened.
    private func decideAlone(
        _ decision: Decision,
        refusal: StoreError,
        now: Duration
    ) -> Result<ProposalOutcome, StoreError> {
        var alone = WorkingBatch(keyspace: self.keyspace, alarms: self.alarms, auth: self.auth)
        do throws(StoreError) {
            // A defragmentation was done, or refused, when it was decided first.
            if case .defragment = decision.queued.proposal { _ = try decision.result.get() }
            let outcome = try self.evaluator(now: now).evaluate(decision.queued.proposal, in: &alone)
            guard !alone.hasChanges(alone.logBatch) else { return .failure(refusal) }
            // A keep-alive needs no log, so a log that fails does not let leases expire.
            self.keyspace = alone.keyspace
            return .success(outcome)
        } catch {
            return .failure(error)
        }
    }
}

/// A proposal and what became of it in the working copy.
struct Decision {
    let queued: QueuedProposal
    let result: Result<ProposalOutcome, StoreError>

    /// Whether the answer is due only when garbage is freed.
    var waitsForTrimming: Bool {
        guard case .compact(_, isPhysical: true) = self.queued.proposal else { return false }
        return (try? self.result.get()) != nil
    }
}

extension RecordPosition {
    /// Where `record` stands in the log.
    init(_ record: Record) {
        self.init(revision: record.modRevision, sub: record.sub)
    }
}

extension StoreError {
    /// What a failure of the log means to whoever proposed something.
    init(_ error: PersistenceError) {
        switch error {
        case .diskFull: self = .noSpace
        default: self = .unavailable(reason: "\(error)")
        }
    }
}
