import GRDB

/// A backup of `admin.db` that was read and is in order.
package struct AdminBackup: Sendable {
    /// The objects.
    package let tables: AdminTables
    /// The hash of the audit's last line; nothing in a backup without any.
    package let auditHash: [UInt8]

    /// Reads a file that somebody sent.
    ///
    /// Everything is checked that the file itself can tell: that it is ours and not newer, each page, that its
    /// tables are ours and nothing else is in it (a trigger, say), and the chain of its audit. The file may be
    /// changed by that: an older one is brought to the newest version.
    ///
    /// - Parameters:
    ///   - path: The file, which nobody else uses.
    ///   - sha256: The hash of the audit's chain.
    /// - Throws: ``PersistenceError``.
    package static func read(
        path: String,
        sha256: @escaping @Sendable ([UInt8]) -> [UInt8]
    ) async throws(PersistenceError) -> AdminBackup {
        let file = DatabaseFile(
            path: path,
            applicationID: AdminSchema.applicationID,
            version: AdminSchema.version
        )
        let queue = try file.connect(label: "backup") { db in
            try db.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
        }
        do {
            return try await queue.writeWithoutTransaction { db in
                try file.checkPages(db)
                let version = Int(try Int32.fetchOne(db, sql: "PRAGMA user_version") ?? 0)
                guard try AdminSchema.definitions(db) == AdminSchema.definitions(ofVersion: version) else {
                    throw StoreSchemaError.damaged("its tables are not those of an admin.db")
                }
                try AdminSchema.migrate(db)
                if let line = try AdminStore.firstBrokenAuditLine(db, sha256) {
                    throw StoreSchemaError.damaged("line \(line) of its audit is not what was written")
                }
                let (tables, tail) = try AdminStore.load(db)
                return AdminBackup(tables: tables, auditHash: tail.auditHash)
            }
        } catch {
            throw PersistenceError(error, path: path, systemError: 0)
        }
    }
}
