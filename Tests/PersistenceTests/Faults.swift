import Foundation
import GRDB

@testable import Persistence

extension SQLiteRevisionLog {
    /// Makes the file full at this size.
    func limitPages(to count: Int) throws {
        try self.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = \(count)") }
    }

    /// Does what defragmenting does when there is no room.
    func releaseFreePages() throws {
        try self.queue.writeWithoutTransaction { try StoreSchema.releaseFreePages(of: $0) }
    }

    /// Makes the write-ahead log be copied, and start again from its beginning, this often.
    func checkpoint(everyPages count: Int) throws {
        try self.queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA wal_autocheckpoint = \(count)")
            try db.execute(sql: "PRAGMA journal_size_limit = 0")
        }
    }
}

/// The operating system's limit on the size of files that this process writes.
///
/// Use it in a process of its own.
enum FileSizeLimit {
    static let quotaExceeded = EDQUOT

    static func with(byteCount: Int, _ body: () throws -> Void) throws {
        // Otherwise the limit ends the process instead of failing the write.
        signal(SIGXFSZ, SIG_IGN)
        var old = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old)
        var new = old
        new.rlim_cur = rlim_t(byteCount)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &new)
        defer { setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old) }
        try body()
    }
}
