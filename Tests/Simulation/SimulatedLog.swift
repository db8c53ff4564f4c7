import MVCC
import Persistence

/// The log of one process over the simulated disk, by the rules of the log in SQLite, with faults.
final class SimulatedLog: RevisionLog {
    /// Where in a step the process dies.
    enum CrashPoint: CaseIterable {
        case beforeReserving
        case afterReserving
        case beforeAppending
        case afterAppending
        case beforeDeleting
        case afterDeleting
        case defragmenting
    }

    /// A mistake that a log could make, to see that it is found.
    enum Flaw {
        /// Reserved revisions are not synced.
        case reservesUnsynced
        /// Now and then a batch is not written.
        case skipsBatches
    }

    private let disk: SimulatedDisk
    private let history: History
    private let life: Int
    private let durability: Durability
    private let now: () -> Duration
    private var fence: RevisionFence
    private var stored: StoreState
    private var hasBegun = false
    private var isTailSuspect = false
    private var isClosed = false

    /// Whether the process is dead: nothing reaches the disk any more.
    private(set) var hasCrashed = false
    /// Dies at this point, when it comes to it.
    var crashPoint: CrashPoint?
    /// Refuses so many calls from now on.
    var failures: [PersistenceError?] = []
    var flaw: Flaw?
    private var batchCount = 0
    /// Called when a batch is about to be appended: other threads may do something then.
    var onAppend: () -> Void = {}
    private(set) var refusals = 0

    static let full = PersistenceError.diskFull(path: "store.db")
    static let broken = PersistenceError.io(path: "store.db", code: 10, reason: "disk I/O error")

    private init(
        _ disk: SimulatedDisk,
        _ history: History,
        life: Int,
        resumed: StoreState,
        now: @escaping () -> Duration
    ) {
        self.disk = disk
        self.history = history
        self.life = life
        self.durability = resumed.durability
        self.stored = resumed
        self.fence = RevisionFence(of: resumed)
        self.now = now
    }

    /// Opens what is on the disk.
    static func open(
        _ disk: SimulatedDisk,
        _ history: History,
        life: Int,
        durability: Durability,
        now: @escaping () -> Duration
    ) -> (SimulatedLog, RecoveredStore) {
        let image = disk.image
        let (resumed, recovery) = image.state.resumed(
            lastRecord: image.records.keys.max()?.revision ?? 0,
            bootID: disk.bootID,
            durability: durability
        )
        let recovered = RecoveredStore(
            identity: resumed.identity,
            startCount: UInt64(resumed.startCount),
            headRevision: resumed.head,
            compactedRevision: resumed.compacted,
            revisionCeiling: resumed.ceiling,
            leases: image.leases.sorted { $0.key < $1.key }.map {
                RecoveredLease(id: $0.key, ttlSeconds: $0.value)
            },
            documents: image.documents.sorted { $0.key < $1.key }.map {
                Document(name: $0.key, bytes: $0.value)
            },
            recovery: recovery
        )
        return (SimulatedLog(disk, history, life: life, resumed: resumed, now: now), recovered)
    }

    /// Ends the process: what it still does is without effect.
    func crash() { self.hasCrashed = true }

    func append(_ batch: LogBatch) throws(PersistenceError) {
        self.onAppend()
        self.crash(at: .beforeAppending)
        guard !self.hasCrashed else { return }
        self.fence.check(batch)
        try self.mayRefuse()
        var next = self.stored
        next.compacted = batch.compactedRevision ?? self.fence.compacted
        if batch.records.last?.modRevision != batch.headRevision { next.head = batch.headRevision }
        let number = self.history.add(batch, life: self.life, now: self.now())
        self.batchCount += 1
        if self.flaw != .skipsBatches || self.batchCount % 20 != 0 {
            self.write(SimulatedDisk.Write(state: next, batch: batch, number: number), isSynced: false)
        }
        self.fence.advance(past: batch)
        self.crash(at: .afterAppending)
    }

    func reserveRevisions(through ceiling: Int64) throws(PersistenceError) {
        self.crash(at: .beforeReserving)
        guard !self.hasCrashed else { return }
        try self.mayRefuse()
        var next = self.stored
        next.ceiling = ceiling
        self.write(SimulatedDisk.Write(state: next), isSynced: self.flaw != .reservesUnsynced)
        self.fence.raise(ceiling: ceiling)
        self.crash(at: .afterReserving)
    }

    func deleteRecords(_ positions: [RecordPosition]) throws(PersistenceError) {
        self.crash(at: .beforeDeleting)
        guard !self.hasCrashed else { return }
        try self.mayRefuse()
        var next = self.stored
        next.head = self.fence.head
        self.write(SimulatedDisk.Write(state: next, deleted: positions), isSynced: false)
        self.crash(at: .afterDeleting)
    }

    var sizeInBytes: Int64 { Int64(self.disk.image.records.count) * 100 }
    var sizeInUseInBytes: Int64 { self.sizeInBytes }

    func defragment() throws(PersistenceError) {
        self.crash(at: .defragmenting)
        guard !self.hasCrashed else { return }
        try self.mayRefuse()
    }

    func close() throws(PersistenceError) {
        guard !self.isClosed, !self.hasCrashed else { return }
        self.isClosed = true
        guard self.hasBegun, !self.isTailSuspect else { return }
        try self.mayRefuse()
        var next = self.stored
        next.head = self.fence.head
        next.isStoppedCleanly = true
        self.write(SimulatedDisk.Write(state: next), isSynced: true)
    }

    private func write(_ write: SimulatedDisk.Write, isSynced: Bool) {
        var write = write
        if self.isTailSuspect { write.state.bootID = "" }
        let mustSync =
            isSynced || !self.hasBegun || self.durability == .strict
            || write.state.bootID != self.stored.bootID
        self.disk.write(write, isSynced: mustSync)
        self.stored = write.state
        self.hasBegun = true
    }

    private func crash(at point: CrashPoint) {
        if self.crashPoint == point { self.hasCrashed = true }
    }

    private func mayRefuse() throws(PersistenceError) {
        guard !self.failures.isEmpty, let error = self.failures.removeFirst() else { return }
        self.refusals += 1
        if case .io = error { self.isTailSuspect = true }
        throw error
    }
}
