import GRDB

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A database file and the rules about whose it is.
///
/// Our file appears under its name only when it is complete, so whatever else has that name (an empty file,
/// too) is somebody else's, or a file system that lost ours, and is not touched.
struct DatabaseFile {
    /// The path of the database.
    let path: String
    /// The mark of files of this kind (SQLite's `application_id`).
    let applicationID: Int32
    /// The newest schema that this version reads (SQLite's `user_version`).
    let version: Int32

    /// Returns whether there is a file at the path.
    ///
    /// - Throws: ``PersistenceError/foreign(path:reason:)`` for things that SQLite would delete, overwrite or
    ///   apply.
    func exists() throws(PersistenceError) -> Bool {
        // SQLite would roll such a journal back into the file; ours never has one under this name.
        let journal = self.path + "-journal"
        guard try Self.kind(of: journal) == nil else {
            throw .foreign(path: self.path, reason: "a rollback journal, \(journal), is beside it")
        }
        if let kind = try Self.kind(of: self.path) {
            guard kind == S_IFREG else { throw .foreign(path: self.path, reason: "it is not a regular file") }
            return true
        }
        // SQLite would apply it to whatever database appears beside it.
        let log = self.path + "-wal"
        guard try Self.kind(of: log) == nil else {
            throw .foreign(
                path: self.path,
                reason: "it is missing, but its write-ahead log, \(log), is there"
            )
        }
        return false
    }

    /// Creates the database, so that it appears at the path at once, complete and synced.
    ///
    /// - Parameters:
    ///   - mark: A random number, so that nobody else uses the same name for a file that is not yet complete.
    ///   - fill: Makes the tables and sets `application_id` and `user_version`.
    /// - Throws: ``PersistenceError/inUse(path:)`` when another process created it meanwhile.
    func create(mark: UInt64, _ fill: (Database) throws -> Void) throws(PersistenceError) {
        let draft = self.path + ".new-" + String(mark, radix: 16)
        defer {
            DatabaseFile(path: draft, applicationID: self.applicationID, version: self.version).remove()
        }
        do {
            var configuration = Configuration()
            configuration.label = "store creation"
            let queue = try DatabaseQueue(path: draft, configuration: configuration)
            try queue.writeWithoutTransaction { db in
                // The draft is synced once, when it is complete; after a crash nobody reads it.
                try db.execute(sql: "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY")
                try fill(db)
                try db.execute(sql: "PRAGMA journal_mode = WAL")
            }
            try queue.close()
        } catch {
            throw PersistenceError(error, path: self.path, systemError: 0)
        }
        // The files that SQLite puts beside it get the same mode.
        guard chmod(draft, S_IRUSR | S_IWUSR) == 0 else { throw self.failure(errno, "closing it to others") }
        try self.adopt(draft)
    }

    /// Gives the complete and closed database at `draft` this file's name, synced.
    func adopt(_ draft: String) throws(PersistenceError) {
        try self.sync(draft)
        try self.publish(draft)
        try self.sync(self.directory)
    }

    /// Removes the file and what SQLite puts beside it, if they are there.
    func remove() {
        for suffix in ["", "-journal", "-wal", "-shm"] { unlink(self.path + suffix) }
    }

    /// Gives the complete file its name.
    private func publish(_ draft: String) throws(PersistenceError) {
        // A link, not a renaming: it never replaces a file.
        if link(draft, self.path) == 0 { return }
        let code = errno
        switch code {
        case EEXIST:
            throw .inUse(path: self.path)
        // A file system without hard links: that nothing is there was seen a moment ago.
        case EPERM, ENOTSUP, ENOSYS, EMLINK:
            guard rename(draft, self.path) == 0 else { throw self.failure(errno, "naming the new file") }
        default:
            throw self.failure(code, "naming the new file")
        }
    }

    /// Checks the first bytes of the file.
    func checkHeader(_ header: [UInt8]) throws(PersistenceError) {
        guard !header.isEmpty else { throw .foreign(path: self.path, reason: "it is empty") }
        guard header.starts(with: "SQLite format 3\0".utf8) else {
            throw .foreign(path: self.path, reason: "it is not an SQLite database")
        }
        guard header.count == SQLiteHandle.headerByteCount else {
            throw .corrupt(path: self.path, reason: "it ends within its header")
        }
        // https://www.sqlite.org/fileformat.html: user version at 60, application ID at 68, both big-endian.
        let applicationID = Self.number(in: header, at: 68)
        guard applicationID == self.applicationID else {
            let reason = "it is the database of another application (\(applicationID))"
            throw .foreign(path: self.path, reason: reason)
        }
        try self.checkVersion(Self.number(in: header, at: 60))
    }

    /// Checks the schema's version.
    func checkVersion(_ version: Int32) throws(PersistenceError) {
        guard version <= self.version else {
            throw .newerSchema(path: self.path, found: Int(version), supported: Int(self.version))
        }
        guard version > 0 else { throw .corrupt(path: self.path, reason: "it has no schema version") }
    }

    private var directory: String {
        guard let slash = self.path.lastIndex(of: "/") else { return "." }
        return slash == self.path.startIndex ? "/" : String(self.path[..<slash])
    }

    /// Opens a connection that holds the file alone and changes nothing by being opened or dropped.
    ///
    /// - Parameters:
    ///   - label: The connection's name in messages.
    ///   - prepare: Sets what the connection needs.
    /// - Returns: The connection.
    /// - Throws: ``PersistenceError``.
    func connect(
        label: String,
        _ prepare: @escaping @Sendable (Database) throws -> Void
    ) throws(PersistenceError) -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = label
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .immediateError
        // Runs before anything reads the database, which would make SQLite apply a foreign write-ahead log.
        configuration.prepareDatabase { db in
            let handle = try db.handle
            handle.setCheckpointOnClose(false)
            try self.checkHeader(handle.header())
            try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
            try prepare(db)
        }
        do {
            return try DatabaseQueue(path: self.path, configuration: configuration)
        } catch {
            throw PersistenceError(error, path: self.path, systemError: 0)
        }
    }

    /// Checks that the file is in order: its version, as the write-ahead log has it, and every page.
    func checkPages(_ db: Database) throws {
        try self.checkVersion(Int32.fetchOne(db, sql: "PRAGMA user_version") ?? 0)
        let findings = try String.fetchAll(db, sql: "PRAGMA integrity_check(1)")
        guard findings == ["ok"] else {
            throw StoreSchemaError.damaged(findings.joined(separator: "; "))
        }
    }

    private func sync(_ path: String) throws(PersistenceError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw self.failure(errno, "opening \(path)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw self.failure(errno, "syncing \(path)") }
    }

    private func failure(_ code: Int32, _ what: String) -> PersistenceError {
        .ofFile(self.path, code, what)
    }

    private static func number(in header: [UInt8], at offset: Int) -> Int32 {
        let value = header[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return Int32(bitPattern: value)
    }

    /// Returns the file type bits of what is at `path`, or `nil` when there is nothing.
    private static func kind(of path: String) throws(PersistenceError) -> mode_t? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            if code == ENOENT { return nil }
            throw .io(path: path, code: code, reason: String(cString: strerror(code)))
        }
        return status.st_mode & S_IFMT
    }
}
