import GRDB

extension SQLiteRevisionLog {
    /// Opens the log at `path`, or creates it when nothing is there, and says what it holds.
    ///
    /// The whole file is checked (half a second per million records), and changed only by the first change of
    /// the log.
    ///
    /// - Parameters:
    ///   - path: The file; its directory exists. SQLite keeps a file with the suffix `-wal` beside it.
    ///   - durability: ``Durability/strict`` or ``Durability/relaxed``.
    ///   - bootID: The kernel's boot ID, or empty when unknown: then every crash counts as a power cut.
    ///   - newIdentity: Makes the identity of a new store, from randomness.
    /// - Returns: The log, and what it holds apart from its records.
    /// - Throws: ``PersistenceError``; whatever is at the path then stays as it was.
    package static func open(
        path: String,
        durability: Durability,
        bootID: String,
        newIdentity: () -> StoreIdentity
    ) throws(PersistenceError) -> (SQLiteRevisionLog, RecoveredStore) {
        precondition(durability != .memory, "a log in memory has no file")
        let file = DatabaseFile(store: path)
        let isFresh = try !file.exists()
        if isFresh {
            let state = StoreState.fresh(identity: newIdentity(), durability: durability)
            try file.create(mark: state.identity.clusterID) { try StoreSchema.create(in: $0, state: state) }
        }
        let queue = try Self.connect(to: file, durability: durability)
        return try Self.recover(queue, file: file, durability: durability, bootID: bootID, isFresh: isFresh)
    }

    private static func connect(
        to file: DatabaseFile,
        durability: Durability
    ) throws(PersistenceError) -> DatabaseQueue {
        try file.connect(label: "store") { db in
            try db.execute(sql: "PRAGMA synchronous = \(durability == .strict ? "FULL" : "NORMAL")")
            try db.execute(sql: "PRAGMA cache_size = -\(StoreSchema.cacheKiB)")
            try db.execute(sql: "PRAGMA wal_autocheckpoint = \(StoreSchema.checkpointPages)")
            try db.execute(sql: "PRAGMA journal_size_limit = \(StoreSchema.writeAheadLogLimitBytes)")
        }
    }

    private static func recover(
        _ queue: DatabaseQueue,
        file: DatabaseFile,
        durability: Durability,
        bootID: String,
        isFresh: Bool
    ) throws(PersistenceError) -> (SQLiteRevisionLog, RecoveredStore) {
        do {
            return try queue.writeWithoutTransaction { db in
                try file.checkPages(db)
                let stored = try StoreSchema.readState(from: db)
                let last = try Int64.fetchOne(
                    db,
                    sql: """
                        SELECT max(
                            coalesce((SELECT max(revision) FROM records), 0),
                            coalesce((SELECT max(revision) FROM further_records), 0)
                        )
                        """
                )
                let (resumed, recovery) = stored.resumed(
                    lastRecord: last ?? 0,
                    bootID: bootID,
                    durability: durability
                )
                let store = RecoveredStore(
                    identity: resumed.identity,
                    startCount: UInt64(clamping: resumed.startCount),
                    headRevision: resumed.head,
                    compactedRevision: resumed.compacted,
                    revisionCeiling: resumed.ceiling,
                    leases: try StoreSchema.readLeases(from: db),
                    documents: try StoreSchema.readDocuments(from: db),
                    recovery: isFresh ? .fresh : recovery
                )
                let log = SQLiteRevisionLog(
                    path: file.path,
                    queue: queue,
                    durability: durability,
                    statements: try RecordStatements(connection: db.handle.connection),
                    resumed: resumed
                )
                return (log, store)
            }
        } catch {
            throw PersistenceError(error, path: file.path, systemError: 0)
        }
    }
}
