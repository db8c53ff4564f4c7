import CSQLite
import MVCC

/// The prepared statements over the two record tables, in SQLite's C interface.
///
/// Raw because rows are the hot path: through GRDB's statements, which box and copy what SQLite here reads in
/// place, a row of 300 bytes took 2.3 instead of 1.4 microseconds. Used only inside the closures of the GRDB
/// connection that it was made for, and finished before that is closed.
final class RecordStatements {
    private let connection: OpaquePointer
    private let insertFirst: OpaquePointer
    private let insertFurther: OpaquePointer
    private let deleteFirst: OpaquePointer
    private let deleteFurther: OpaquePointer

    /// Prepares the statements on `connection`.
    init(connection: OpaquePointer) throws(SQLiteFailure) {
        self.connection = connection
        var prepared: [OpaquePointer] = []
        do throws(SQLiteFailure) {
            for sql in [
                "INSERT INTO records (revision, tombstone, checksum, encoded) VALUES (?1, ?2, ?3, ?4)",
                """
                INSERT INTO further_records (revision, tombstone, checksum, encoded, sub)
                VALUES (?1, ?2, ?3, ?4, ?5)
                """,
                "DELETE FROM records WHERE revision = ?1",
                "DELETE FROM further_records WHERE revision = ?1 AND sub = ?2",
            ] {
                prepared.append(try Self.prepare(sql, on: connection))
            }
        } catch {
            for statement in prepared { sqlite3_finalize(statement) }
            throw error
        }
        self.insertFirst = prepared[0]
        self.insertFurther = prepared[1]
        self.deleteFirst = prepared[2]
        self.deleteFurther = prepared[3]
    }

    deinit {
        for statement in [self.insertFirst, self.insertFurther, self.deleteFirst, self.deleteFurther] {
            sqlite3_finalize(statement)
        }
    }

    /// Inserts one row.
    func insert(_ record: Record) throws(SQLiteFailure) {
        let sub = record.sub
        let statement = sub == 0 ? self.insertFirst : self.insertFurther
        sqlite3_bind_int64(statement, 1, record.modRevision)
        sqlite3_bind_int64(statement, 2, record.isTombstone ? 1 : 0)
        if sub != 0 { sqlite3_bind_int64(statement, 5, Int64(sub)) }
        try record.withUnsafeEncoded { (encoded: UnsafeRawBufferPointer) throws(SQLiteFailure) in
            let checksum = Self.checksum(
                revision: record.modRevision,
                sub: sub,
                isTombstone: record.isTombstone,
                encoded: encoded
            )
            sqlite3_bind_int64(statement, 3, checksum)
            // No destructor means that SQLite reads the bytes in place; they stay valid until after the step.
            sqlite3_bind_blob64(statement, 4, encoded.baseAddress, UInt64(encoded.count), nil)
            try self.run(statement)
        }
    }

    /// Deletes one row, if it is there.
    func delete(_ position: RecordPosition) throws(SQLiteFailure) {
        let statement = position.sub == 0 ? self.deleteFirst : self.deleteFurther
        sqlite3_bind_int64(statement, 1, position.revision)
        if position.sub != 0 { sqlite3_bind_int64(statement, 2, Int64(position.sub)) }
        try self.run(statement)
    }

    /// Calls `body` with each record, ascending by revision and position.
    ///
    /// - Throws: ``RecordScanError``, also for rows that are not what was written.
    static func scan(
        connection: OpaquePointer,
        _ body: (Record) throws(PersistenceError) -> Void
    ) throws(RecordScanError) {
        let first = try Cursor(
            "SELECT revision, 0, tombstone, checksum, encoded FROM records ORDER BY revision",
            on: connection
        )
        let further = try Cursor(
            "SELECT revision, sub, tombstone, checksum, encoded FROM further_records ORDER BY revision, sub",
            on: connection
        )
        while true {
            let cursor: Cursor
            switch (first.position, further.position) {
            case (nil, nil): return
            case (_?, nil): cursor = first
            case (nil, _?): cursor = further
            case (let left?, let right?): cursor = left < right ? first : further
            }
            let record = try cursor.record()
            do throws(PersistenceError) {
                try body(record)
            } catch {
                throw .stopped(error)
            }
            try cursor.advance()
        }
    }

    private func run(_ statement: OpaquePointer) throws(SQLiteFailure) {
        let code = sqlite3_step(statement)
        guard code == SQLITE_DONE else {
            let failure = SQLiteFailure(connection: self.connection, code: code)
            sqlite3_reset(statement)
            throw failure
        }
        sqlite3_reset(statement)
    }

    fileprivate static func prepare(
        _ sql: String,
        on connection: OpaquePointer
    ) throws(SQLiteFailure) -> OpaquePointer {
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement else {
            throw SQLiteFailure(connection: connection, code: code)
        }
        return statement
    }

    fileprivate static func checksum(
        revision: Int64,
        sub: Int,
        isTombstone: Bool,
        encoded: UnsafeRawBufferPointer
    ) -> Int64 {
        var checksum = Checksum()
        checksum.add(revision)
        checksum.add(Int64(sub) << 1 | (isTombstone ? 1 : 0))
        checksum.add(encoded)
        return checksum.value
    }
}

/// Why reading all records ended early.
enum RecordScanError: Error {
    /// SQLite failed.
    case sqlite(SQLiteFailure)
    /// A row is not what was written.
    case damaged(RecordPosition)
    /// The reader gave up.
    case stopped(PersistenceError)
}

/// Walks one record table in order.
private final class Cursor {
    private let connection: OpaquePointer
    private let statement: OpaquePointer
    /// Where the current row stands; `nil` after the last.
    private(set) var position: RecordPosition?

    init(_ sql: String, on connection: OpaquePointer) throws(RecordScanError) {
        self.connection = connection
        do throws(SQLiteFailure) {
            self.statement = try RecordStatements.prepare(sql, on: connection)
        } catch {
            throw .sqlite(error)
        }
        try self.advance()
    }

    deinit {
        sqlite3_finalize(self.statement)
    }

    func advance() throws(RecordScanError) {
        let code = sqlite3_step(self.statement)
        switch code {
        case SQLITE_ROW:
            let next = RecordPosition(
                revision: sqlite3_column_int64(self.statement, 0),
                sub: Int(sqlite3_column_int64(self.statement, 1))
            )
            // Damage in the tree's inner pages can show a page twice.
            if let previous = self.position, next <= previous { throw .damaged(next) }
            self.position = next
        case SQLITE_DONE:
            self.position = nil
        default:
            throw .sqlite(SQLiteFailure(connection: self.connection, code: code))
        }
    }

    func record() throws(RecordScanError) -> Record {
        guard let position = self.position else { preconditionFailure("there is no row") }
        let isTombstone = sqlite3_column_int64(self.statement, 2) != 0
        // The blob is asked for before its size, as SQLite wants it; both hold until the next step.
        let start = sqlite3_column_blob(self.statement, 4)
        let encoded = UnsafeRawBufferPointer(
            start: start,
            count: Int(sqlite3_column_bytes(self.statement, 4))
        )
        let checksum = RecordStatements.checksum(
            revision: position.revision,
            sub: position.sub,
            isTombstone: isTombstone,
            encoded: encoded
        )
        guard checksum == sqlite3_column_int64(self.statement, 3),
            let record = Record(encoded: encoded, sub: position.sub, isTombstone: isTombstone),
            record.modRevision == position.revision
        else { throw .damaged(position) }
        return record
    }
}

extension SQLiteFailure {
    fileprivate init(connection: OpaquePointer, code: Int32) {
        self.init(
            code: code,
            systemError: sqlite3_system_errno(connection),
            message: String(cString: sqlite3_errmsg(connection))
        )
    }
}
