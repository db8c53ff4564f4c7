// Persistence: what the store writes to disk.
//
// What it is: the revision log of the embedded engine, kept in one SQLite file (`store.db`), and what a
// restart may conclude from that file.
// What it is not: it decides nothing about keys, leases or compaction, assigns no revision and serves no
// reads. It knows no clock and no randomness.
// The idea: one commit is one `LogBatch` is one transaction. Revisions are reserved ahead in synced blocks,
// so that even when a power cut takes the newest transactions, a restart can name a revision above everything
// ever given out.
// Begin with `RevisionLog`, then `StoreState` (what a restart concludes), then `SQLiteRevisionLog`.

/// A store's durable history: the newest records of every key, the leases, and a few small documents.
///
/// One thread owns a log, the commit thread after start-up; implementations are not Sendable. Every call
/// blocks until it is done. A call that throws has changed nothing, and the log stays usable: the same call
/// may be tried again.
package protocol RevisionLog: AnyObject {
    /// Appends everything that one commit adds, in one transaction.
    ///
    /// When this returns the batch survives a crash of the process, and in ``Durability/strict`` a power cut.
    ///
    /// - Precondition: Revisions ascend within and between batches, and none is above the reserved ceiling.
    func append(_ batch: LogBatch) throws(PersistenceError)

    /// Reserves the revisions up to `ceiling`; synced before this returns, except in ``Durability/memory``.
    ///
    /// - Precondition: The ceiling does not go back.
    func reserveRevisions(through ceiling: Int64) throws(PersistenceError)

    /// Deletes records that compaction made unreachable, in one transaction; positions that hold nothing are
    /// skipped.
    ///
    /// The caller passes slices, so that no call takes long. A deletion that is lost in a power cut is
    /// harmless: the record comes back below the compacted revision and can be deleted again.
    func deleteRecords(_ positions: [RecordPosition]) throws(PersistenceError)

    /// The size of the database in bytes, without its write-ahead log.
    var sizeInBytes: Int64 { get }

    /// The part of ``sizeInBytes`` that holds data; the rest is free pages, which new records reuse.
    var sizeInUseInBytes: Int64 { get }

    /// Gives free space back to the file system. Takes time in proportion to the data: a second per 100 MiB
    /// or two.
    func defragment() throws(PersistenceError)

    /// Marks the log as stopped cleanly, synced, and closes it; no other call may follow, except this one
    /// again.
    ///
    /// Closes the file even when it throws; the next start then concludes what it would after a crash.
    func close() throws(PersistenceError)
}
