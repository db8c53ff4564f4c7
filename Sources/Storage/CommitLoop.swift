package import AccessControl
package import MVCC
package import Persistence
import NIOCore

/// The only writer: turns batches of proposals into revisions, in the order logged → readable → announced.
///
/// Owned by one thread (so not Sendable), with one step and no clock of its own: a simulation calls the step itself. If the log refuses a
/// batch, the working copy is dropped and nothing has happened.
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
        /// What the log said when it refused the batch.
        package var logFailure: PersistenceError?
    }

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
    private var commitCount = 0

    /// Creates the loop over a recovered key space.
    ///
    /// - Parameters:
    ///   - keyspace: What the log holds.
    ///   - alarms: What alarms the log holds.
    ///   - auth: The users and roles that the log holds.
    ///   - reservedRevision: The revision up to which the log has reserved.
    ///   - log: Where commits go; the loop's thread owns it from now on.
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
            now: now
        )
        let snapshot = Snapshot(keyspace: self.keyspace, alarms: alarms, auth: auth, authGeneration: 0)
        self.replica = Replica(snapshot)
    }

    /// When ``step(_:now:)`` has something to do by itself: at once with work left, else at a deadline.
    package var nextDeadline: Duration? {
        if self.keyspace.needsTrimming || !self.deferred.isEmpty { return .zero }
        return [self.keyspace.leases.nextDeadline, self.compaction.deadline].compactMap { $0 }.min()
    }

    /// Decides a batch, logs it, publishes it, and returns the answers that are due.
    ///
    /// Expired leases, automatic compaction and a slice of garbage are part of the step.
    package func step(_ proposals: [QueuedProposal], now: Duration) -> StepReport {
        var batch = WorkingBatch(keyspace: self.keyspace, alarms: self.alarms, auth: self.auth)
        self.expireLeases(&batch, now: now)
        self.compactAutomatically(&batch, now: now)

        let waiting = self.deferred + proposals
        self.deferred = []
        var taken = 0
        while taken < waiting.count, batch.newByteCount < self.configuration.batchByteLimit {
            self.evaluate(waiting[taken], in: &batch, now: now)
            taken += 1
        }
        self.deferred = Array(waiting[taken...])
        return self.commit(&batch)
    }

    /// Answers everything that still waits with ``StoreError/stopped``, and closes the log as cleanly stopped.
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

    private func expireLeases(_ batch: inout WorkingBatch, now: Duration) {
        for id in batch.keyspace.leases.expired(now: now, limit: self.configuration.expiryLimit) {
            // The lease was just read from this key space, so revoking it cannot fail.
            guard (try? batch.keyspace.revoke(lease: id)) != nil else { continue }
            batch.leaseChanges.append(.revoke(id: id))
        }
    }

    private func compactAutomatically(_ batch: inout WorkingBatch, now: Duration) {
        let target = self.compaction.revisionToCompact(
            head: batch.keyspace.revision,
            compacted: batch.keyspace.compactedRevision,
            now: now
        )
        guard let target else { return }
        // Losing the error is right: the horizon is already there or the head is not, and the next sample tries again.
        try? batch.keyspace.compact(through: target)
    }

    private func evaluate(_ queued: QueuedProposal, in batch: inout WorkingBatch, now: Duration) {
        let evaluator = ProposalEvaluator(configuration: self.configuration, now: now, makeLeaseID: self.makeLeaseID)
        do throws(StoreError) {
            if case .defragment = queued.proposal { try self.defragment() }
            let outcome = try evaluator.evaluate(queued.proposal, in: &batch)
            if case .compact(_, isPhysical: true) = queued.proposal {
                batch.physicalCompactions.append(queued.reply)
            } else {
                batch.completions.append(Completion(reply: queued.reply, result: .success(outcome)))
            }
        } catch {
            batch.completions.append(Completion(reply: queued.reply, result: .failure(error)))
        }
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
    private func commit(_ batch: inout WorkingBatch) -> StepReport {
        let entry = batch.logBatch
        if !batch.hasChanges(entry) {
            // Keep-alives and look-ups change nothing that is logged or published.
            self.keyspace = batch.keyspace
            return self.finish(batch, recordCount: 0, isPublished: false)
        }
        do throws(PersistenceError) {
            try self.reserve(through: entry.headRevision)
            try self.log.append(entry)
        } catch {
            return self.refuse(batch, error)
        }
        self.keyspace = batch.keyspace
        self.alarms = batch.alarms
        if batch.hasNewAuth {
            self.auth = batch.auth
            self.authGeneration += 1
        }
        return self.finish(batch, recordCount: entry.records.count, isPublished: true)
    }

    private func finish(_ batch: WorkingBatch, recordCount: Int, isPublished: Bool) -> StepReport {
        self.compactionWaiters += batch.physicalCompactions
        let failure = self.trim()
        if isPublished { self.noteLogSize() }
        if isPublished || recordCount > 0 {
            self.publish()
        }
        var report = StepReport(completions: batch.completions, hasNewSnapshot: isPublished, recordCount: recordCount)
        report.logFailure = failure
        if !self.keyspace.needsTrimming, !self.compactionWaiters.isEmpty {
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

    /// Frees a slice of garbage in memory and in the log.
    private func trim() -> PersistenceError? {
        guard self.keyspace.needsTrimming else { return nil }
        let dropped = self.keyspace.trim(limit: self.configuration.trimLimit)
        guard !dropped.isEmpty else { return nil }
        do throws(PersistenceError) {
            try self.log.deleteRecords(dropped.map { RecordPosition(revision: $0.modRevision, sub: $0.sub) })
            return nil
        } catch {
            // The rows stay; the next start finds them below the horizon and deletes them.
            return error
        }
    }

    /// The log refused: the working copy is dropped, and whoever would have changed something is told.
    private func refuse(_ batch: WorkingBatch, _ error: PersistenceError) -> StepReport {
        var report = StepReport(logFailure: error)
        let reason = StoreError(error)
        if reason == .noSpace, self.alarms.insert(.noSpace).inserted {
            // The alarm cannot be logged on a full disk; it is raised again if the disk is still full after a restart.
            self.publish()
            report.hasNewSnapshot = true
        }
        let refused = Result<ProposalOutcome, StoreError>.failure(reason)
        report.completions = batch.completions.map { completion in
            guard case .success = completion.result else { return completion }
            return Completion(reply: completion.reply, result: refused)
        }
        report.completions += batch.physicalCompactions.map { Completion(reply: $0, result: refused) }
        return report
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
