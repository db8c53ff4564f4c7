import MVCC
import Testing

@testable import Persistence

/// A change that fails leaves nothing behind, and the log usable.
@Suite struct FullDiskTests {
    @Test func anAppendThatDoesNotFitIsUndoneAndCanBeRetried() throws {
        let directory = try TemporaryDirectory()
        let opened = try Opened(directory.store())
        try opened.log.reserveRevisions(through: 10_000)
        try opened.log.append(batch(2...50))
        let limit = opened.log.sizeInBytes / 8_192 + 4
        try opened.log.limitPages(to: Int(limit))

        var large = batch(51...500)
        large.leaseChanges = [.grant(id: 5, ttlSeconds: 60)]
        large.documents = [DocumentChange(name: "alarms", bytes: [1])]
        #expect(throws: PersistenceError.diskFull(path: directory.store())) { try opened.log.append(large) }
        #expect(throws: PersistenceError.diskFull(path: directory.store())) { try opened.log.append(large) }
        #expect(try opened.records().count == 49, "nothing of the failed batch is there")
        try opened.log.append(batch(51...52))
        try opened.log.deleteRecords((2...40).map { RecordPosition(revision: $0, sub: 0) })

        let crashed = try TemporaryDirectory()
        try directory.copy(to: crashed)
        let copy = try Opened(crashed.store())
        #expect(copy.store.headRevision == 52)
        #expect(copy.store.leases.isEmpty)
        #expect(copy.store.documents.isEmpty)
        #expect(try copy.records().map(\.revision) == Array(41...52))

        try opened.log.limitPages(to: 1_000_000)
        large.records = batch(53...500).records
        try opened.log.append(large)
        try opened.log.close()
        let again = try Opened(directory.store())
        #expect(again.store.headRevision == 500)
        #expect(again.store.leases == [RecoveredLease(id: 5, ttlSeconds: 60)])
        #expect(try again.records().map(\.revision) == Array(41...500))
    }

    /// The first transaction of a run also says that the run has begun: when it fails, the next one must say
    /// so.
    @Test func aRunWhoseFirstChangeFailsIsNotTakenForACleanStopLater() throws {
        let directory = try TemporaryDirectory()
        do {
            let first = try Opened(directory.store(), boot: "boot-1")
            try first.log.reserveRevisions(through: 100)
            try first.log.append(batch(2...10))
            try first.log.close()
        }
        do {
            let second = try Opened(directory.store(), boot: "boot-1")
            try second.log.limitPages(to: 1)
            #expect(throws: PersistenceError.diskFull(path: directory.store())) {
                try second.log.append(batch(11...100))
            }
            try second.log.limitPages(to: 1_000)
            try second.log.append(batch(11...12))
        }
        let third = try Opened(directory.store(), boot: "boot-2")
        #expect(third.store.recovery == .tailMayBeLost(resumedAbove: 100))
        #expect(third.store.startCount == 4)
    }

    /// Linux forgets what it could not write: after such an error the kernel's page cache is no proof any
    /// more.
    @Test func afterAnInputOutputErrorACrashIsTreatedLikeAPowerCut() throws {
        let directory = try TemporaryDirectory()
        do {
            let first = try Opened(directory.store(), boot: "boot-1")
            try first.log.reserveRevisions(through: 100)
            first.log.suspectTail()
            try first.log.append(batch(2...10))
            try first.log.close()
        }
        let second = try Opened(directory.store(), boot: "boot-1")
        #expect(second.store.recovery == .tailMayBeLost(resumedAbove: 100))
    }

    /// A limit on the size of files makes the operating system refuse a write, as a failing disk does.
    @Test func anAppendThatTheOperatingSystemRefusesIsUndoneAndCanBeRetried() async throws {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let opened = try Opened(directory.store())
            try opened.log.reserveRevisions(through: 10_000)
            try opened.log.append(batch(2...50))
            try FileSizeLimit.with(byteCount: 200_000) {
                let error = #expect(throws: PersistenceError.self) {
                    try opened.log.append(batch(51...2_000))
                }
                guard case .io(directory.store(), _, _) = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
            var revisions = try opened.records().map(\.revision)
            #expect(revisions == Array(2...50))
            try opened.log.append(batch(51...2_000))
            try opened.log.close()
            let again = try Opened(directory.store())
            #expect(again.store.recovery == .tailMayBeLost(resumedAbove: 10_000))
            revisions = try again.records().map(\.revision)
            #expect(revisions == Array(2...2_000))
        }
    }

    @Test func theErrorsOfTheOperatingSystemAreTranslated() {
        func translated(_ code: Int32, _ systemError: Int32) -> PersistenceError {
            let failure = SQLiteFailure(code: code, systemError: systemError, message: "m")
            return PersistenceError(failure, path: "p", systemError: 0)
        }
        // SQLite's codes: https://www.sqlite.org/rescode.html; Linux: ENOSPC is 28, EDQUOT 122, EIO 5.
        #expect(translated(13, 0) == .diskFull(path: "p"))
        #expect(translated(778, 28) == .diskFull(path: "p"))
        #expect(translated(778, FileSizeLimit.quotaExceeded) == .diskFull(path: "p"))
        #expect(translated(1_034, 5) == .io(path: "p", code: 1_034, reason: "m"))
        #expect(translated(5, 0) == .inUse(path: "p"))
        #expect(translated(267, 0) == .corrupt(path: "p", reason: "m"))
        #expect(translated(26, 0) == .corrupt(path: "p", reason: "m"))
        #expect(translated(14, 2) == .io(path: "p", code: 14, reason: "m"))
    }
}
