import GRDB

/// The layout of `admin.db`.
///
/// A migration is frozen once it is released; a change of the layout is a further one.
enum AdminSchema {
    /// Marks our files (SQLite's `application_id`): "IsAd".
    static let applicationID: Int32 = 0x4973_4164
    /// What each version adds to the one before it; the count is the newest version (`user_version`).
    static let migrations = [
        """
        CREATE TABLE objects (
            kind TEXT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL UNIQUE,
            resource_version INTEGER NOT NULL, generation INTEGER NOT NULL,
            created_at INTEGER NOT NULL, deleted_at INTEGER, labels TEXT NOT NULL,
            annotations TEXT NOT NULL, spec BLOB NOT NULL, status BLOB NOT NULL,
            secret BLOB NOT NULL, PRIMARY KEY (kind, name)
        ) WITHOUT ROWID;
        CREATE TABLE events (
            id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, type TEXT NOT NULL,
            kind TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL
        );
        CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, actor TEXT NOT NULL,
            method TEXT NOT NULL, address TEXT NOT NULL, request_id TEXT NOT NULL, verb TEXT NOT NULL,
            kind TEXT NOT NULL, name TEXT NOT NULL, result INTEGER NOT NULL, difference BLOB NOT NULL,
            hash BLOB NOT NULL
        );
        CREATE TABLE answers (
            key TEXT PRIMARY KEY, time INTEGER NOT NULL, request_hash BLOB NOT NULL, status INTEGER NOT NULL,
            bytes BLOB NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX answers_by_time ON answers (time);
        """
    ]
    /// The newest version.
    static var version: Int32 { Int32(Self.migrations.count) }

    /// Creates the tables of an empty database.
    static func create(in db: Database) throws {
        try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
        try db.execute(sql: "PRAGMA application_id = \(Self.applicationID)")
        try self.migrate(db)
    }

    /// What a database of this version has: its tables and indexes, and nothing else.
    static func definitions(ofVersion version: Int) throws -> [String] {
        try DatabaseQueue().writeWithoutTransaction { db in
            for migration in self.migrations.prefix(version) { try db.execute(sql: migration) }
            return try self.definitions(db)
        }
    }

    /// What the database has.
    static func definitions(_ db: Database) throws -> [String] {
        try String.fetchAll(
            db,
            sql: """
                SELECT type || ' ' || name || ' on ' || tbl_name || ': ' || coalesce(sql, '')
                FROM sqlite_schema ORDER BY type, name
                """
        )
    }

    /// Brings the tables to the newest version, in one transaction.
    static func migrate(_ db: Database) throws {
        let found = Int(try Int32.fetchOne(db, sql: "PRAGMA user_version") ?? 0)
        guard found < Self.migrations.count else { return }
        try db.inTransaction(.immediate) {
            for migration in Self.migrations[found...] { try db.execute(sql: migration) }
            try db.execute(sql: "PRAGMA user_version = \(Self.version)")
            return .commit
        }
    }
}
