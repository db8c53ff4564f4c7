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
        let file = StoreFile(path: path)
        let isFresh = try !file.exists()
        if isFresh {
            try file.create(state: .fresh(identity: newIdentity(), durability: durability))
        }
        let queue = try Self.connect(to: file, durability: durability)
        return try Self.recover(queue, file: file, durability: durability, bootID: bootID, isFresh: isFresh)
    }

    /// Opens a connection that holds the file alone and changes nothing by being opened or dropped.
    private static func connect(
        to file: StoreFile,
        durability: Durability
    ) throws(PersistenceError) -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "store"
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .immediateError
        // Runs before anything reads the database, which would make SQLite apply a foreign write-ahead log.
        configuration.prepareDatabase { db in
            let handle = try db.handle
            handle.setCheckpointOnClose(false)
            try file.checkHeader(handle.header())
            try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
            try db.execute(sql: "PRAGMA synchronous = \(durability == .strict ? "FULL" : "NORMAL")")
            try db.execute(sql: "PRAGMA cache_size = -\(StoreSchema.cacheKiB)")
            try db.execute(sql: "PRAGMA wal_autocheckpoint = \(StoreSchema.checkpointPages)")
            try db.execute(sql: "PRAGMA journal_size_limit = \(StoreSchema.writeAheadLogLimitBytes)")
        }
        do {
            return try DatabaseQueue(path: file.path, configuration: configuration)
        } catch {
            throw PersistenceError(error, path: file.path, systemError: 0)
        }
    }

    private static func recover(
        _ queue: DatabaseQueue,
        file: StoreFile,
        durability: Durability,
        bootID: String,
        isFresh: Bool
    ) throws(PersistenceError) -> (SQLiteRevisionLog, RecoveredStore) {
        do {
            return try queue.writeWithoutTransaction { db in
                try Self.check(db, file: file)
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

    /// Checks that the file is in order: its version, as the write-ahead log has it, and every page.
    private static func check(_ db: Database, file: StoreFile) throws {
        try file.checkVersion(Int32.fetchOne(db, sql: "PRAGMA user_version") ?? 0)
        let findings = try String.fetchAll(db, sql: "PRAGMA integrity_check(1)")
        guard findings == ["ok"] else {
            throw StoreSchemaError.damaged(findings.joined(separator: "; "))
        }
    }
}
