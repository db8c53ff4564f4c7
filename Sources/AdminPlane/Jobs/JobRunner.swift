import ChangeBus
import Documents
package import Persistence
import Synchronization

/// Does what takes longer than a request should, one job at a time, and keeps the record of it.
///
/// A job is asked for in a transaction (``create(_:total:in:)``) and handed over once that is on the disk
/// (``enqueue(_:_:)``). What a stop of the server interrupts is begun anew at the next start, or ends as
/// failed: a record never stays "running" with nobody at work. Any thread.
package final class JobRunner: Sendable {
    /// Does a job.
    ///
    /// - Returns: What it led to.
    typealias Work = @Sendable (Job) async throws(Problem) -> DocumentValue

    /// The most jobs that wait.
    static let waitingLimit = 16
    /// The most tasks that wait for the end of a job.
    static let waiterLimit = 256
    /// The most records that are kept, and how long, in nanoseconds.
    static let keptCount = 1_000
    static let keptFor: Int64 = 7 * 86_400 * 1_000_000_000
    /// The type of events that nobody outside sees.
    private static let innerEvent = ".operation"

    let store: AdminStore
    private let now: @Sendable () -> Int64
    private let randomBytes: @Sendable (Int) -> [UInt8]
    private let waiting = Mutex<[(name: String, work: Work)]>([])
    private let arrivals = DirtySet<Int>(limit: 4)
    private let waiters = Waiters<String>(limit: JobRunner.waiterLimit)

    /// Creates a runner that does nothing until ``run()``.
    package init(
        store: AdminStore,
        now: @escaping @Sendable () -> Int64,
        randomBytes: @escaping @Sendable (Int) -> [UInt8]
    ) {
        self.store = store
        self.now = now
        self.randomBytes = randomBytes
    }

    // MARK: - Asking for a job

    /// Makes sure that a job would be taken.
    ///
    /// - Throws: 503 when too many wait.
    func checkRoom() throws(Problem) {
        guard self.waiting.withLock({ $0.count }) >= Self.waitingLimit else { return }
        var problem = Problem(.notAvailable, "too many operations wait already")
        problem.retryAfterSeconds = 10
        throw problem
    }

    /// Writes the record of a job that is going to be done, and removes records that are too old.
    func create(
        _ action: String,
        total: Int64,
        in transaction: AdminTransaction
    ) throws(PersistenceError) -> JobRecord {
        for record in self.outdated(transaction) {
            try transaction.delete(JobRecord.kind, record.name, event: Self.innerEvent)
        }
        let suffix = self.randomBytes(8).map { AuditLine.hexadecimal([$0]) }.joined()
        let record = JobRecord(
            name: "\(action)-\(suffix)",
            action: action,
            createdAt: transaction.time,
            total: total
        )
        _ = try transaction.put(record.draft, event: "operation.created")
        return record
    }

    /// Has a job done whose record is on the disk.
    func enqueue(_ name: String, _ work: @escaping Work) {
        self.waiting.withLock { $0.append((name, work)) }
        self.arrivals.mark(0)
    }

    /// The jobs, newest first.
    static func records(in tables: AdminTables) -> [JobRecord] {
        tables.objects(JobRecord.kind).compactMap(JobRecord.init).sorted { left, right in
            left.createdAt == right.createdAt ? left.name < right.name : left.createdAt > right.createdAt
        }
    }

    private func outdated(_ transaction: AdminTransaction) -> [JobRecord] {
        let records = Self.records(in: transaction.tables)
        let oldest = transaction.time - Self.keptFor
        return records.enumerated().filter { index, record in
            record.isOver && (index >= Self.keptCount - 1 || record.createdAt < oldest)
        }.map(\.element)
    }

    // MARK: - Doing

    /// Ends the jobs that the last stop of the server interrupted, or has them done after all.
    ///
    /// Called once, before anybody can ask for a job.
    ///
    /// - Throws: ``AdminStoreError``.
    package func recover() async throws(AdminStoreError) { try await self.recover(resuming: [:]) }

    /// See ``recover()``.
    ///
    /// - Parameter resuming: Makes the work of a job again, by its action.
    func recover(
        resuming: [String: @Sendable (JobRecord) -> Work]
    ) async throws(AdminStoreError) {
        for record in Self.records(in: self.store.tables).reversed() where !record.isOver {
            if let resume = resuming[record.action] {
                self.enqueue(record.name, resume(record))
            } else {
                let problem = Problem(.notAvailable, "the server was stopped before this was done")
                try await self.end(record.name, .failure(problem))
            }
        }
    }

    /// Does jobs until the task is cancelled.
    package func run() async {
        while await self.arrivals.next() != .names([]) {
            while let next = self.takeNext(), !Task.isCancelled { await self.perform(next.name, next.work) }
        }
    }

    private func takeNext() -> (name: String, work: Work)? {
        self.waiting.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }

    private func perform(_ name: String, _ work: Work) async {
        let job = Job(name: name, runner: self)
        // A record that cannot be written is told by the next start; the work itself may still be possible.
        try? await self.change(name, event: Self.innerEvent) { record in
            record.state = .running
            record.startedAt = self.now()
        }
        do throws(Problem) {
            let result = try await work(job)
            try? await self.end(name, .success(result))
        } catch {
            try? await self.end(name, .failure(error))
        }
        self.waiters.wake(name)
    }

    private func end(_ name: String, _ outcome: Result<DocumentValue, Problem>) async throws(AdminStoreError)
    {
        try await self.store.write { (transaction) throws(PersistenceError) in
            try self.end(name, outcome, in: transaction)
            return .commit(())
        }
    }

    /// Writes the end of a job, unless it has one.
    fileprivate func end(
        _ name: String,
        _ outcome: Result<DocumentValue, Problem>,
        in transaction: AdminTransaction
    ) throws(PersistenceError) {
        guard var record = transaction.object(JobRecord.kind, name).flatMap(JobRecord.init), !record.isOver
        else { return }
        record.finishedAt = transaction.time
        switch outcome {
        case .success(let result):
            record.state = .succeeded
            record.done = record.total
            record.result = result
        case .failure(let problem):
            record.state = .failed
            record.problem = problem.document(requestID: record.name)
        }
        _ = try transaction.put(record.draft, event: "operation." + record.state.rawValue)
    }

    fileprivate func change(
        _ name: String,
        event: String,
        _ body: @escaping @Sendable (inout JobRecord) -> Void
    ) async throws(AdminStoreError) {
        try await self.store.write { (transaction) throws(PersistenceError) in
            guard var record = transaction.object(JobRecord.kind, name).flatMap(JobRecord.init),
                !record.isOver
            else { return .rollBack(()) }
            body(&record)
            _ = try transaction.put(record.draft, event: event)
            return .commit(())
        }
    }

    // MARK: - Waiting

    /// The record of a job.
    func record(_ name: String) -> JobRecord? {
        self.store.object(JobRecord.kind, name).flatMap(JobRecord.init)
    }

    /// Waits until a job is over, or the deadline has passed, or nobody wants to know any more.
    ///
    /// - Parameter deadline: In nanoseconds since 1970.
    /// - Throws: 503 when too many wait.
    func wait(for name: String, until deadline: Int64) async throws(Problem) {
        let timeout = Duration.nanoseconds(max(0, deadline - self.now()))
        let isTaken = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    _ = try await self.waiters.wait(for: name) { self.record(name)?.isOver ?? true }
                    return true
                } catch {
                    return false
                }
            }
            group.addTask {
                try? await Task.sleep(for: timeout)
                return true
            }
            let first = await group.next() ?? true
            group.cancelAll()
            return first
        }
        guard isTaken else {
            var problem = Problem(.notAvailable, "too many requests wait for operations already")
            problem.retryAfterSeconds = 1
            throw problem
        }
    }
}

/// A job that is being done.
struct Job: Sendable {
    /// The name of its record.
    let name: String
    private let runner: JobRunner

    fileprivate init(name: String, runner: JobRunner) {
        self.name = name
        self.runner = runner
    }

    /// Says how much is done.
    func report(_ done: Int64, of total: Int64) async {
        try? await self.runner.change(self.name, event: ".operation") { record in
            record.done = done
            record.total = total
        }
    }

    /// Writes that the job succeeded in the transaction that does it: both are there, or neither.
    func succeed(_ result: DocumentValue, in transaction: AdminTransaction) throws(PersistenceError) {
        try self.runner.end(self.name, .success(result), in: transaction)
    }
}
