import GRDB

/// The layout of `store.db`.
///
/// `records` holds the first change of each revision under the revision itself, which costs one tree and no
/// index; `further_records` holds the other changes of transactions that have several.
enum StoreSchema {
    /// Marks our files (SQLite's `application_id`): "Isth".
    static let applicationID: Int32 = 0x4973_7468
    /// The schema that this version writes and the newest that it reads (SQLite's `user_version`).
    static let version: Int32 = 1
    /// Larger pages than SQLite's 4 KiB: fewer splits, and values of a few kilobytes stay in the page.
    static let pageBytes = 8_192
    /// The write-ahead log is copied into the database when it has this many pages (16 MiB): a compromise
    /// between how often a commit waits for that and for how long.
    static let checkpointPages = 2_000
    /// To what size the write-ahead log is cut after an unusually large transaction.
    static let writeAheadLogLimitBytes = 64 << 20
    /// How much memory SQLite may use for pages, in KiB.
    static let cacheKiB = 2_048

    /// Creates the tables of an empty database.
    ///
    /// Page size and vacuum mode come first: they are fixed by the first write.
    static func create(in db: Database, state: StoreState) throws {
        try db.execute(sql: "PRAGMA page_size = \(Self.pageBytes)")
        try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
        try db.inTransaction(.immediate) {
            try db.execute(sql: "PRAGMA application_id = \(Self.applicationID)")
            try db.execute(sql: "PRAGMA user_version = \(Self.version)")
            try db.execute(sql: Self.tables)
            try db.execute(sql: "INSERT INTO state (id) VALUES (1)")
            try self.write(state, to: db)
            return .commit
        }
    }

    /// Overwrites the state row.
    static func write(_ state: StoreState, to db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                UPDATE state SET start_count = ?, cluster_id = ?, member_id = ?, boot_id = ?,
                    stopped_cleanly = ?, durability = ?, ceiling = ?, head = ?, compacted = ?, checksum = ?
                """
        )
        try statement.execute(arguments: [
            state.startCount,
            Int64(bitPattern: state.identity.clusterID),
            Int64(bitPattern: state.identity.memberID),
            state.bootID,
            state.isStoppedCleanly,
            state.durability.rawValue,
            state.ceiling,
            state.head,
            state.compacted,
            state.checksum,
        ])
        guard db.changesCount == 1 else { throw StoreSchemaError.damaged("the state row is missing") }
    }

    /// Reads the state row.
    static func readState(from db: Database) throws -> StoreState {
        let rows = try Row.fetchAll(db, sql: "SELECT * FROM state")
        guard let row = rows.first, rows.count == 1,
            let startCount = Int64.fromDatabaseValue(row["start_count"]),
            let clusterID = Int64.fromDatabaseValue(row["cluster_id"]),
            let memberID = Int64.fromDatabaseValue(row["member_id"]),
            let bootID = String.fromDatabaseValue(row["boot_id"]),
            let isStoppedCleanly = Bool.fromDatabaseValue(row["stopped_cleanly"]),
            let durability = String.fromDatabaseValue(row["durability"]).flatMap(Durability.init(rawValue:)),
            let ceiling = Int64.fromDatabaseValue(row["ceiling"]),
            let head = Int64.fromDatabaseValue(row["head"]),
            let compacted = Int64.fromDatabaseValue(row["compacted"])
        else { throw StoreSchemaError.damaged("the state row is not what was written") }
        let state = StoreState(
            startCount: startCount,
            identity: StoreIdentity(
                clusterID: UInt64(bitPattern: clusterID),
                memberID: UInt64(bitPattern: memberID)
            ),
            bootID: bootID,
            isStoppedCleanly: isStoppedCleanly,
            durability: durability,
            ceiling: ceiling,
            head: head,
            compacted: compacted
        )
        guard Int64.fromDatabaseValue(row["checksum"]) == state.checksum else {
            throw StoreSchemaError.damaged("the state row is not what was written")
        }
        return state
    }

    /// Gives free pages back to the file system, in slices that fit the write-ahead log.
    ///
    /// Needs no room. Pages that are half empty stay so.
    static func releaseFreePages(of db: Database) throws {
        while try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0 > 0 {
            // The pragma moves one page for each row that is fetched.
            _ = try Row.fetchAll(db, sql: "PRAGMA incremental_vacuum(\(Self.checkpointPages))")
        }
    }

    private static let tables = """
        CREATE TABLE state (
            id INTEGER PRIMARY KEY CHECK (id = 1), start_count INTEGER, cluster_id INTEGER, member_id INTEGER,
            boot_id TEXT, stopped_cleanly INTEGER, durability TEXT, ceiling INTEGER, head INTEGER,
            compacted INTEGER, checksum INTEGER
        );
        CREATE TABLE records (
            revision INTEGER PRIMARY KEY, tombstone INTEGER NOT NULL, checksum INTEGER NOT NULL,
            encoded BLOB NOT NULL
        );
        CREATE TABLE further_records (
            revision INTEGER NOT NULL, sub INTEGER NOT NULL, tombstone INTEGER NOT NULL,
            checksum INTEGER NOT NULL, encoded BLOB NOT NULL, PRIMARY KEY (revision, sub)
        ) WITHOUT ROWID;
        CREATE TABLE leases (
            id INTEGER PRIMARY KEY, ttl_seconds INTEGER NOT NULL, checksum INTEGER NOT NULL
        );
        CREATE TABLE documents (
            name TEXT PRIMARY KEY, bytes BLOB NOT NULL, checksum INTEGER NOT NULL
        ) WITHOUT ROWID;
        """
}

extension DatabaseFile {
    /// The file of a store.
    init(store path: String) {
        self.init(path: path, applicationID: StoreSchema.applicationID, version: StoreSchema.version)
    }
}

/// What is wrong with the contents of a file that SQLite itself finds in order.
enum StoreSchemaError: Error {
    /// Something that this program wrote has changed.
    case damaged(String)
}
