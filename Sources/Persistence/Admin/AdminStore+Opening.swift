import FoundationEssentials
import GRDB

extension AdminStore {
    /// Opens the file at `path`, or creates it when nothing is there, and loads the objects.
    ///
    /// Every page is checked, and the tables are brought to the newest version.
    ///
    /// - Parameters:
    ///   - path: The file; its directory exists.
    ///   - mark: A random number; see ``DatabaseFile``.
    ///   - environment: What the store needs from outside.
    /// - Returns: The store; end it with ``close()``.
    /// - Throws: ``PersistenceError``; a file that is damaged, foreign or newer stays as it was.
    package static func open(
        path: String,
        mark: UInt64,
        environment: Environment
    ) throws(PersistenceError) -> AdminStore {
        let file = DatabaseFile(
            path: path,
            applicationID: AdminSchema.applicationID,
            version: AdminSchema.version
        )
        if try !file.exists() { try file.create(mark: mark) { try AdminSchema.create(in: $0) } }
        let queue = try file.connect(label: "admin") { db in
            // Rules and keys are precious: a mutation that was answered survives a power cut.
            try db.execute(sql: "PRAGMA synchronous = FULL")
        }
        do {
            let (tables, tail) = try queue.writeWithoutTransaction { db in
                try file.checkPages(db)
                try AdminSchema.migrate(db)
                return try self.load(db)
            }
            return AdminStore(path: path, queue: queue, environment: environment, tables: tables, tail: tail)
        } catch {
            throw PersistenceError(error, path: path, systemError: 0)
        }
    }

    /// Reads every object, and where events and audit end.
    static func load(_ db: Database) throws -> (AdminTables, AdminTail) {
        var tables = AdminTables()
        var tail = AdminTail()
        // The sequence knows also of rows that were deleted.
        let sequence = { (table: String) in
            try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = ?", arguments: [table])
        }
        tail.eventID = try sequence("events") ?? 0
        tail.auditID = try sequence("audit") ?? 0
        tail.auditHash = Array(
            try Data.fetchOne(db, sql: "SELECT hash FROM audit ORDER BY id DESC LIMIT 1") ?? Data()
        )
        let rows = try Row.fetchCursor(db, sql: "SELECT * FROM objects ORDER BY kind, name")
        while let row = try rows.next() {
            var draft = AdminObjectDraft(kind: row["kind"], name: row["name"])
            draft.deletedAt = row["deleted_at"]
            draft.labels = try TextMap.decode(row["labels"])
            draft.annotations = try TextMap.decode(row["annotations"])
            draft.spec = Array(row["spec"] as Data)
            draft.status = Array(row["status"] as Data)
            draft.secret = Array(row["secret"] as Data)
            let object = AdminObject(
                draft,
                uid: row["uid"],
                resourceVersion: row["resource_version"],
                generation: row["generation"],
                createdAt: row["created_at"]
            )
            tables.set(object)
        }
        tables.resourceVersion = tail.eventID
        return (tables, tail)
    }
}
