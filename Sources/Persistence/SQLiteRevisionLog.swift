import GRDB
package import MVCC

/// The revision log in one SQLite file, in write-ahead mode.
///
/// Owns the file: the lock is exclusive, so a second process gets ``PersistenceError/inUse(path:)``. Nothing
/// is written before the first change: opening and reading a file, damaged or not, leaves its bytes as they
/// were. The first change of a run is synced whatever the durability, since it also records that the run has
/// not stopped cleanly.
///
/// Not Sendable: one thread at a time, the one that loads the store first, the commit thread later.
package final class SQLiteRevisionLog: RevisionLog {
    let path: String
    let queue: DatabaseQueue
    private let durability: Durability
    /// `nil` once closed.
    private var statements: RecordStatements?
    private var fence: RevisionFence
    /// What the state row holds after the last transaction.
    private var stored: StoreState
    /// Whether the state row is already that of this run.
    private var hasBegun = false
    /// Whether the file turned out to be damaged: nothing more is written to it.
    private var isDamaged = false
    /// Whether an I/O error may have cost data that the kernel had taken.
    ///
    /// After a failed sync, Linux drops what it could not write. The run's boot ID then no longer promises
    /// that the page cache is complete.
    private var isTailSuspect = false
    private var lastSizes: (allocated: Int64, free: Int64) = (0, 0)

    init(
        path: String,
        queue: DatabaseQueue,
        durability: Durability,
        statements: RecordStatements,
        resumed: StoreState
    ) {
        self.path = path
        self.queue = queue
        self.durability = durability
        self.statements = statements
        self.stored = resumed
        self.fence = RevisionFence(of: resumed)
    }

    /// Calls `body` with each record, ascending by revision and position.
    ///
    /// Streams: one record at a time is in memory. What `body` throws ends the call and is passed on.
    ///
    /// - Throws: ``PersistenceError/corrupt(path:reason:)`` for a record that is not what was written. The
    ///   log then takes no more changes, and closing it leaves the file as it was.
    package func forEachRecord(
        _ body: (MVCC.Record) throws(PersistenceError) -> Void
    ) throws(PersistenceError) {
        try self.access { db in
            try RecordStatements.scan(connection: try db.handle.connection, body)
        }
    }

    /// Appends everything that one commit adds, in one transaction; synced in ``Durability/strict``.
    package func append(_ batch: LogBatch) throws(PersistenceError) {
        self.fence.check(batch)
        var next = self.stored
        next.compacted = batch.compactedRevision ?? self.fence.compacted
        // Records show how far the store got, which saves a page per commit.
        if batch.records.last?.modRevision != batch.headRevision { next.head = batch.headRevision }
        try self.write(next, isSynced: false) { db, statements in
            for record in batch.records {
                try statements.insert(record)
            }
            try StoreSchema.apply(batch.leaseChanges, to: db)
            try StoreSchema.apply(batch.documents, to: db)
        }
        self.fence.advance(past: batch)
    }

    /// Reserves the revisions up to `ceiling`; synced before this returns.
    package func reserveRevisions(through ceiling: Int64) throws(PersistenceError) {
        var raised = self.fence
        raised.raise(ceiling: ceiling)
        guard raised != self.fence else { return }
        var next = self.stored
        next.ceiling = ceiling
        try self.write(next, isSynced: true) { _, _ in }
        self.fence = raised
    }

    /// Deletes records in one transaction; positions that hold nothing are skipped.
    package func deleteRecords(_ positions: [RecordPosition]) throws(PersistenceError) {
        var next = self.stored
        // The newest record may be among them; the head must not go with it (etcd issue 17780).
        next.head = self.fence.head
        try self.write(next, isSynced: false) { _, statements in
            for position in positions {
                try statements.delete(position)
            }
        }
    }

    /// The size of the database in bytes, without its write-ahead log; the last known one after an error.
    package var sizeInBytes: Int64 {
        self.readSizes().allocated
    }

    /// The part of ``sizeInBytes`` that holds data; the last known one after an error.
    package var sizeInUseInBytes: Int64 {
        let sizes = self.readSizes()
        return sizes.allocated - sizes.free
    }

    /// Rewrites the file without free space, or, when there is no room for a copy, gives at least its free
    /// pages back.
    ///
    /// The copy needs as much room again as the data, twice: beside the file and where SQLite keeps temporary
    /// files (the environment variable `SQLITE_TMPDIR`).
    package func defragment() throws(PersistenceError) {
        try self.access { db in
            do {
                try db.execute(sql: "VACUUM")
            } catch let error as DatabaseError where Self.isForLackOfRoom(error) {
                try StoreSchema.releaseFreePages(of: db)
            }
            // What cannot be copied into the database now will be later.
            _ = try db.handle.truncateWriteAheadLog()
        }
    }

    /// Marks the log as stopped cleanly, synced, and closes it.
    package func close() throws(PersistenceError) {
        guard self.statements != nil else { return }
        var failure: PersistenceError?
        if self.hasBegun && !self.isTailSuspect && !self.isDamaged {
            var next = self.stored
            next.head = self.fence.head
            next.isStoppedCleanly = true
            do throws(PersistenceError) {
                try self.write(next, isSynced: true) { _, _ in }
            } catch {
                failure = error
            }
        }
        let mayCheckpoint = failure == nil && !self.isDamaged
        // Statements end before their connection does.
        self.statements = nil
        do {
            try self.queue.writeWithoutTransaction { db in
                // A log that cannot be copied now is kept and read at the next start.
                let handle = try db.handle
                let isCopied = mayCheckpoint && handle.truncateWriteAheadLog()
                handle.setCheckpointOnClose(isCopied)
            }
            try self.queue.close()
        } catch {
            failure = failure ?? PersistenceError(error, path: self.path, systemError: 0)
        }
        if let failure { throw failure }
    }

    /// Notes that data which the kernel took may be lost.
    func suspectTail() {
        self.isTailSuspect = true
    }
}

extension SQLiteRevisionLog {
    /// Runs one transaction and stores `next` with it, when that differs from what is stored.
    private func write(
        _ next: StoreState,
        isSynced: Bool,
        _ body: (Database, RecordStatements) throws -> Void
    ) throws(PersistenceError) {
        guard let statements = self.statements else { preconditionFailure("the log is closed") }
        var next = next
        if self.isTailSuspect { next.bootID = "" }
        let writesState = next != self.stored || !self.hasBegun
        // Whatever changes what the next start may conclude must be on the disk before anything relies on it.
        let isSynced = isSynced || !self.hasBegun || next.bootID != self.stored.bootID
        let raisesSafety = isSynced && self.durability != .strict
        try self.access { db in
            if !self.hasBegun { try Self.enterWriteAheadMode(db) }
            // SQLite refuses to change this inside a transaction.
            if raisesSafety { try db.execute(sql: "PRAGMA synchronous = FULL") }
            defer {
                // It fails only inside a transaction, and staying at FULL would only be slower.
                if raisesSafety { try? db.execute(sql: "PRAGMA synchronous = NORMAL") }
            }
            try Self.transaction(db) {
                try body(db, statements)
                if writesState { try StoreSchema.write(next, to: db) }
            }
        }
        self.stored = next
        self.hasBegun = true
    }

    private static func isForLackOfRoom(_ error: DatabaseError) -> Bool {
        switch error.extendedResultCode {
        case .SQLITE_FULL, .SQLITE_CANTOPEN, .SQLITE_IOERR_GETTEMPPATH: true
        default: false
        }
    }

    /// Runs `body` in a transaction.
    ///
    /// Unlike GRDB's own, it does not parse its statements again for each commit, which is a fifth of what a
    /// commit of one record costs.
    private static func transaction(_ db: Database, _ body: () throws -> Void) throws {
        try db.cachedStatement(sql: "BEGIN IMMEDIATE").execute()
        do {
            try body()
            try db.cachedStatement(sql: "COMMIT").execute()
        } catch {
            // After some errors SQLite has already rolled back; the first error is the one to report.
            if db.isInsideTransaction { try? db.cachedStatement(sql: "ROLLBACK").execute() }
            throw error
        }
    }

    /// Does nothing, except to a file that went through a tool which leaves this mode.
    private static func enterWriteAheadMode(_ db: Database) throws {
        let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
        guard mode == "wal" else {
            throw DatabaseError(message: "the file system does not support write-ahead mode")
        }
    }

    /// Runs `body` on the connection and translates what it throws.
    private func access<Result>(_ body: (Database) throws -> Result) throws(PersistenceError) -> Result {
        precondition(self.statements != nil, "the log is closed")
        if self.isDamaged { throw .corrupt(path: self.path, reason: "damage was found before") }
        let path = self.path
        do {
            return try self.queue.writeWithoutTransaction { db in
                do {
                    return try body(db)
                } catch {
                    throw PersistenceError(error, path: path, systemError: try db.handle.systemError)
                }
            }
        } catch {
            let failure = PersistenceError(error, path: path, systemError: 0)
            switch failure {
            case .corrupt: self.isDamaged = true
            case .io: self.isTailSuspect = true
            default: break
            }
            throw failure
        }
    }

    private func readSizes() -> (allocated: Int64, free: Int64) {
        do throws(PersistenceError) {
            self.lastSizes = try self.access { db in
                let pageBytes = Int64(StoreSchema.pageBytes)
                let allocated = try Int64.fetchOne(db, sql: "PRAGMA page_count") ?? 0
                let free = try Int64.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
                return (allocated * pageBytes, free * pageBytes)
            }
        } catch {
            // A size is for display and quotas: the next change will report what is wrong.
        }
        return self.lastSizes
    }
}

extension Database {
    /// The C interface of this connection.
    var handle: SQLiteHandle {
        get throws {
            guard let connection = self.sqliteConnection else {
                throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "the connection is closed")
            }
            return SQLiteHandle(connection: connection)
        }
    }
}
