package import MVCC

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Fills a new store with what another one held.
///
/// The file has a provisional name until it is complete and synced, so an import that is interrupted leaves
/// no store, and can simply be done again. Not Sendable, and blocks.
package final class StoreImport {
    /// How many records go into one transaction, at least, unless there are no more.
    private static let batchCount = 1_000
    /// How far ahead revisions are reserved.
    private static let revisionBlock: Int64 = 1_000_000

    private let file: DatabaseFile
    private let draft: DatabaseFile
    private let log: SQLiteRevisionLog
    private var pending: [Record] = []
    private var ceiling: Int64
    /// The revision of the last record, or that of an empty store.
    package private(set) var headRevision: Int64
    /// The number of records so far.
    package private(set) var recordCount = 0

    /// Begins a store at `path`, where nothing is yet.
    ///
    /// - Parameters:
    ///   - path: The file; its directory exists.
    ///   - identity: Who the store is to be.
    /// - Throws: ``PersistenceError``.
    package init(path: String, identity: StoreIdentity) throws(PersistenceError) {
        self.file = DatabaseFile(store: path)
        guard try !self.file.exists() else { throw .inUse(path: path) }
        self.draft = DatabaseFile(store: path + ".import")
        // What an interrupted import left.
        self.draft.remove()
        let (log, recovered) = try SQLiteRevisionLog.open(
            path: self.draft.path,
            durability: .relaxed,
            bootID: "",
            newIdentity: { identity }
        )
        self.log = log
        self.headRevision = recovered.headRevision
        self.ceiling = recovered.revisionCeiling
    }

    /// Adds a record.
    ///
    /// - Precondition: Records ascend by revision and position, and begin above revision 1.
    package func append(_ record: Record) throws(PersistenceError) {
        // A revision is never split between transactions.
        if self.pending.count >= Self.batchCount, record.modRevision != self.headRevision {
            try self.write(LogBatch(records: self.pending, headRevision: self.headRevision))
            self.pending = []
        }
        self.pending.append(record)
        self.headRevision = record.modRevision
        self.recordCount += 1
    }

    /// Adds everything else, and gives the file its name.
    ///
    /// - Parameters:
    ///   - leaseChanges: The leases.
    ///   - documents: The small named values.
    ///   - compactedRevision: The compaction horizon, or zero; at most `headRevision`.
    ///   - headRevision: The store's revision; at least that of the last record.
    /// - Throws: ``PersistenceError``.
    package func finish(
        leaseChanges: [LeaseChange],
        documents: [DocumentChange],
        compactedRevision: Int64,
        headRevision: Int64
    ) throws(PersistenceError) {
        self.headRevision = headRevision
        try self.write(
            LogBatch(
                records: self.pending,
                leaseChanges: leaseChanges,
                compactedRevision: compactedRevision > 0 ? compactedRevision : nil,
                documents: documents,
                headRevision: headRevision
            )
        )
        self.pending = []
        try self.log.close()
        try self.file.adopt(self.draft.path)
        self.draft.remove()
    }

    /// Gives up, and removes what was written.
    package func abandon() {
        // Losing the error is right: the file is of no use any more.
        try? self.log.close()
        self.draft.remove()
    }

    private func write(_ batch: LogBatch) throws(PersistenceError) {
        if batch.headRevision > self.ceiling {
            self.ceiling = batch.headRevision + Self.revisionBlock
            try self.log.reserveRevisions(through: self.ceiling)
        }
        try self.log.append(batch)
    }
}
