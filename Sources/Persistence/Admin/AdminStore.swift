import GRDB
import Synchronization

// What the admin plane keeps: objects, events, audit and answers, in one SQLite file (`admin.db`).
//
// Reads come from memory, a value that is replaced after each commit. Mutations are closures; those that wait
// at the same time share one transaction and one sync, each in a savepoint of its own, so that each is all or
// nothing whatever becomes of its neighbours. Begin with `AdminTransaction`.

/// The objects of the admin plane, durable before anyone is told.
///
/// Any thread.
package final class AdminStore: Sendable {
    /// What the store needs from outside.
    package struct Environment: Sendable {
        /// The time in nanoseconds since 1970.
        package var now: @Sendable () -> Int64
        /// Makes the number of a new object.
        package var newUID: @Sendable () -> String
        /// The hash of the audit's chain.
        package var sha256: @Sendable ([UInt8]) -> [UInt8]
        /// Told of what a transaction changed once it is readable; must not block.
        package var didCommit: @Sendable ([AdminObjectID]) -> Void

        /// Creates an environment.
        package init(
            now: @escaping @Sendable () -> Int64,
            newUID: @escaping @Sendable () -> String,
            sha256: @escaping @Sendable ([UInt8]) -> [UInt8],
            didCommit: @escaping @Sendable ([AdminObjectID]) -> Void = { _ in }
        ) {
            self.now = now
            self.newUID = newUID
            self.sha256 = sha256
            self.didCommit = didCommit
        }
    }

    /// The most mutations that wait; the next is refused with ``AdminStoreError/overloaded``.
    package static let waitingLimit = 4_096
    /// The most mutations that share a transaction.
    static let batchLimit = 128

    let environment: Environment
    let path: String
    let queue: DatabaseQueue
    private let published: Mutex<AdminTables>
    private let window: Mutex<EventWindow>
    private let tail: Mutex<AdminTail>
    private let waiting = Mutex(Waiting())

    private struct Waiting {
        var jobs: [AdminJob] = []
        var isScheduled = false
        var isClosed = false
    }

    init(path: String, queue: DatabaseQueue, environment: Environment, tables: AdminTables, tail: AdminTail) {
        self.path = path
        self.queue = queue
        self.environment = environment
        self.published = Mutex(tables)
        self.window = Mutex(EventWindow(after: tail.eventID))
        self.tail = Mutex(tail)
    }

    /// The objects as of the last commit.
    package var tables: AdminTables { self.published.withLock { $0 } }

    /// The object of that name as of the last commit.
    package func object(_ kind: String, _ name: String) -> AdminObject? {
        // Inside the lock, so that no copy of the tables makes the next change copy an array.
        self.published.withLock { $0.object(kind, name) }
    }

    /// The events after the row `id`, oldest first, if memory still has all of them.
    ///
    /// For streams, which follow closely; older ones are read with ``events(after:limit:)``.
    package func recentEvents(after id: Int64, limit: Int) -> [AdminEvent]? {
        self.window.withLock { $0.events(after: id, limit: limit) }
    }

    // MARK: - Mutations

    /// Runs one mutation and suspends until it is on the disk and readable, or rolled back.
    ///
    /// - Parameter body: Decides, on the thread of the database; it must not block.
    /// - Returns: What the mutation decided to answer.
    /// - Throws: ``AdminStoreError``; nothing of the mutation is there then.
    package func write<Answer: Sendable>(
        _ body: @escaping @Sendable (AdminTransaction) throws(PersistenceError) -> AdminDecision<Answer>
    ) async throws(AdminStoreError) -> Answer {
        let result = await withCheckedContinuation { continuation in
            let job = AdminJob(body, then: { continuation.resume(returning: $0) })
            if let refusal = self.enqueue(job) { continuation.resume(returning: .failure(refusal)) }
        }
        return try result.get()
    }

    /// Returns why the job is not taken, or `nil`.
    private func enqueue(_ job: AdminJob) -> AdminStoreError? {
        let (refusal, schedules) = self.waiting.withLock { waiting -> (AdminStoreError?, Bool) in
            guard !waiting.isClosed else { return (.closed, false) }
            guard waiting.jobs.count < Self.waitingLimit else { return (.overloaded, false) }
            waiting.jobs.append(job)
            defer { waiting.isScheduled = true }
            return (nil, !waiting.isScheduled)
        }
        if schedules {
            self.queue.asyncWriteWithoutTransaction { db in self.drain(db) }
        }
        return refusal
    }

    private func drain(_ db: Database) {
        while true {
            let jobs = self.waiting.withLock { waiting -> [AdminJob] in
                let jobs = Array(waiting.jobs.prefix(Self.batchLimit))
                waiting.jobs.removeFirst(jobs.count)
                waiting.isScheduled = !jobs.isEmpty
                return jobs
            }
            if jobs.isEmpty { return }
            self.run(jobs, db)
        }
    }

    private func run(_ jobs: [AdminJob], _ db: Database) {
        var state = AdminBatchState(tail: self.tail.withLock { $0 })
        var outcomes: [AdminJob.Outcome] = []
        do throws(PersistenceError) {
            try self.translate { try db.cachedStatement(sql: "BEGIN IMMEDIATE").execute() }
            for job in jobs { outcomes.append(try self.run(job, db, &state)) }
            try self.translate { try db.cachedStatement(sql: "COMMIT").execute() }
        } catch {
            // After some errors SQLite has already rolled back; the first error is the one to report.
            if db.isInsideTransaction { try? db.cachedStatement(sql: "ROLLBACK").execute() }
            for job in jobs { job.finish(.failed(error)) }
            return
        }
        self.publish(state)
        for (job, outcome) in zip(jobs, outcomes) { job.finish(outcome) }
    }

    /// Runs one mutation in a savepoint.
    ///
    /// - Throws: Only when the transaction as a whole is lost.
    private func run(
        _ job: AdminJob,
        _ db: Database,
        _ state: inout AdminBatchState
    ) throws(PersistenceError) -> AdminJob.Outcome {
        try self.translate { try db.cachedStatement(sql: "SAVEPOINT mutation").execute() }
        let transaction = AdminTransaction(db, store: self, state: state)
        var outcome: AdminJob.Outcome
        do throws(PersistenceError) {
            outcome = try job.run(transaction)
        } catch {
            guard db.isInsideTransaction else { throw error }
            outcome = .failed(error)
        }
        if case .committed = outcome {
            state = transaction.state
        } else {
            try self.translate { try db.cachedStatement(sql: "ROLLBACK TO mutation").execute() }
        }
        try self.translate { try db.cachedStatement(sql: "RELEASE mutation").execute() }
        return outcome
    }

    private func publish(_ state: AdminBatchState) {
        self.tail.withLock { $0 = state.tail }
        self.published.withLock { state.apply(to: &$0) }
        self.window.withLock { $0.append(state.events) }
        self.environment.didCommit(state.changes.keys.sorted())
    }

    /// Answers what waits and closes the file.
    ///
    /// Blocks.
    package func close() throws(PersistenceError) {
        self.waiting.withLock { $0.isClosed = true }
        try self.translate {
            // Runs behind what is already scheduled.
            try self.queue.writeWithoutTransaction { db in
                self.drain(db)
                let handle = try db.handle
                handle.setCheckpointOnClose(handle.truncateWriteAheadLog())
            }
            try self.queue.close()
        }
    }

    /// Runs `body` and translates what it throws.
    func translate<Result>(_ body: () throws -> Result) throws(PersistenceError) -> Result {
        do {
            return try body()
        } catch {
            throw PersistenceError(error, path: self.path, systemError: 0)
        }
    }
}

/// What a mutation decided.
package enum AdminDecision<Answer: Sendable>: Sendable {
    /// Keep what was written.
    case commit(Answer)
    /// Undo what was written.
    case rollBack(Answer)
}

/// Why a mutation or a read was not done.
package enum AdminStoreError: Error, Hashable, Sendable {
    /// The file could not be written or read.
    case persistence(PersistenceError)
    /// Too many mutations wait.
    case overloaded
    /// The store is closed.
    case closed
}

/// A mutation that waits, without the type of its answer.
struct AdminJob: Sendable {
    /// What became of the mutation.
    enum Outcome {
        case committed
        case rolledBack
        case failed(PersistenceError)
    }

    let run: @Sendable (AdminTransaction) throws(PersistenceError) -> Outcome
    let finish: @Sendable (Outcome) -> Void

    init<Answer: Sendable>(
        _ body: @escaping @Sendable (AdminTransaction) throws(PersistenceError) -> AdminDecision<Answer>,
        then answer: @escaping @Sendable (Result<Answer, AdminStoreError>) -> Void
    ) {
        let decided = DecidedAnswer<Answer>()
        self.run = { (transaction) throws(PersistenceError) in
            switch try body(transaction) {
            case .commit(let value):
                decided.value.withLock { $0 = value }
                return .committed
            case .rollBack(let value):
                decided.value.withLock { $0 = value }
                return .rolledBack
            }
        }
        self.finish = { outcome in
            switch (outcome, decided.value.withLock({ $0 })) {
            case (.failed(let error), _): answer(.failure(.persistence(error)))
            case (_, let value?): answer(.success(value))
            case (_, nil): preconditionFailure("a mutation ended without a decision")
            }
        }
    }
}

/// Holds an answer between the decision and the commit.
private final class DecidedAnswer<Answer: Sendable>: Sendable {
    let value = Mutex<Answer?>(nil)
}
