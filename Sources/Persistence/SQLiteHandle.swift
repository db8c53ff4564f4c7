import CSQLite
// Both modules declare SQLite; which of them the compiler takes for a member depends on the other files.
import GRDBSQLite

/// The few things that need SQLite's C interface besides ``RecordStatements``.
///
/// Borrowed from a GRDB connection, and valid only while that is open.
struct SQLiteHandle {
    /// The C connection.
    let connection: OpaquePointer

    /// The number of bytes of an SQLite file's header.
    static let headerByteCount = 100

    /// Says whether closing the connection copies the write-ahead log into the database and deletes it.
    func setCheckpointOnClose(_ isEnabled: Bool) {
        // It fails only for unknown options.
        _ = isthmus_sqlite3_checkpoint_on_close(self.connection, isEnabled ? 1 : 0)
    }

    /// Returns the first bytes of the database file, fewer than ``headerByteCount`` when the file is shorter.
    ///
    /// Read through SQLite's own descriptor: opening and closing another one would silently drop the locks
    /// that this process holds on the file (POSIX locks belong to the process, not to the descriptor).
    func header() throws(SQLiteFailure) -> [UInt8] {
        var file: UnsafeMutablePointer<sqlite3_file>?
        let code = withUnsafeMutablePointer(to: &file) {
            sqlite3_file_control(self.connection, "main", SQLITE_FCNTL_FILE_POINTER, $0)
        }
        guard code == SQLITE_OK, let file, let methods = file.pointee.pMethods?.pointee,
            let size = methods.xFileSize, let read = methods.xRead
        else { throw SQLiteFailure(code: code, systemError: 0, message: "no file behind the connection") }
        var byteCount: sqlite3_int64 = 0
        try self.check(size(file, &byteCount), "the file's size")
        var bytes = [UInt8](repeating: 0, count: Int(min(byteCount, sqlite3_int64(Self.headerByteCount))))
        let result = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress, Int32($0.count), 0) }
        try self.check(result, "the file's header")
        return bytes
    }

    /// The operating system's error number behind the last I/O error.
    var systemError: Int32 { sqlite3_system_errno(self.connection) }

    /// Copies the write-ahead log into the database, synced, and empties it; returns whether all of that was
    /// possible.
    func truncateWriteAheadLog() -> Bool {
        sqlite3_wal_checkpoint_v2(self.connection, "main", SQLITE_CHECKPOINT_TRUNCATE, nil, nil) == SQLITE_OK
    }

    private func check(_ code: Int32, _ what: String) throws(SQLiteFailure) {
        guard code == SQLITE_OK else {
            throw SQLiteFailure(code: code, systemError: self.systemError, message: "\(what) cannot be read")
        }
    }
}

/// What SQLite answered instead of "done".
struct SQLiteFailure: Error {
    /// The extended result code.
    var code: Int32
    /// The operating system's error number, or zero.
    var systemError: Int32
    /// SQLite's own words.
    var message: String
}
