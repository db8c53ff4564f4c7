import CSQLite
import GRDB

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension PersistenceError {
    /// Translates whatever was thrown while `path` was used.
    ///
    /// - Parameters:
    ///   - error: An error of GRDB, of SQLite or of our own.
    ///   - path: The database.
    ///   - systemError: The operating system's error number, when the error does not carry one.
    init(_ error: any Error, path: String, systemError: Int32) {
        switch error {
        case let error as PersistenceError:
            self = error
        case let error as SQLiteFailure:
            self = .sqlite(error, path: path)
        case let error as DatabaseError:
            let failure = SQLiteFailure(
                code: error.extendedResultCode.rawValue,
                systemError: systemError,
                message: error.message ?? "no message"
            )
            self = .sqlite(failure, path: path)
        case RecordScanError.sqlite(let failure):
            self = .sqlite(failure, path: path)
        case RecordScanError.stopped(let error):
            self = error
        case RecordScanError.damaged(let position):
            let place = "revision \(position.revision), change \(position.sub)"
            self = .corrupt(path: path, reason: "the record at \(place), is not what was written")
        case StoreSchemaError.damaged(let reason):
            self = .corrupt(path: path, reason: reason)
        default:
            self = .io(path: path, code: SQLITE_ERROR, reason: "\(error)")
        }
    }

    private static func sqlite(_ failure: SQLiteFailure, path: String) -> PersistenceError {
        switch failure.code & 0xff {
        case SQLITE_BUSY:
            .inUse(path: path)
        case SQLITE_FULL:
            .diskFull(path: path)
        // SQLite itself reports a full disk only for plain writes, and never a full quota.
        case SQLITE_IOERR where failure.systemError == ENOSPC || failure.systemError == EDQUOT:
            .diskFull(path: path)
        // A constraint of ours can only break when an index is not what was written.
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_CONSTRAINT, SQLITE_MISMATCH:
            .corrupt(path: path, reason: failure.message)
        default:
            .io(path: path, code: failure.code, reason: failure.message)
        }
    }
}
