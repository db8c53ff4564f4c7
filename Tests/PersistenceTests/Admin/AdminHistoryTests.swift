import Foundation
import Persistence
import Testing

/// Events, the audit's chain, crashes and backups.
@Suite struct AdminHistoryTests {
    let directory: TemporaryDirectory
    var path: String { self.directory.store("admin.db") }

    init() throws {
        self.directory = try TemporaryDirectory()
    }

    @Test func eventsAreReadFromAnyRowThatIsKept() async throws {
        let store = try openAdminStore(self.path)
        for number in 1...20 { try await store.put(draft("p", number: number)) }
        #expect(store.recentEvents(after: 18, limit: 9)?.map(\.id) == [19, 20])
        #expect(store.recentEvents(after: 20, limit: 9) == [])
        #expect(store.recentEvents(after: 3, limit: 2)?.map(\.id) == [4, 5])
        try store.close()

        // Memory knows nothing of the time before a start; the file does.
        let again = try openAdminStore(self.path)
        #expect(again.recentEvents(after: 3, limit: 2) == nil)
        #expect(try await Self.ids(again, after: 3, limit: 2) == [4, 5])
        try await again.put(draft("q"))
        #expect(try await Self.ids(again, after: 19, limit: 9) == [20, 21])
        try again.close()
    }

    @Test func prunedEventsAreExpiredAndTheirRowsAreNeverUsedAgain() async throws {
        let store = try openAdminStore(self.path)
        for number in 1...20 { try await store.put(draft("p", number: number)) }
        try store.close()
        let again = try openAdminStore(self.path)
        try await again.prune(keepingNewest: 5, eventsBefore: 0, answersBefore: 0)
        #expect(try await again.events(after: 3, limit: 9) == .expired(oldest: 16))
        #expect(try await Self.ids(again, after: 15, limit: 9) == [16, 17, 18, 19, 20])
        try await again.prune(keepingNewest: 0, eventsBefore: 0, answersBefore: 0)
        try again.close()
        let last = try openAdminStore(self.path)
        #expect(last.tables.resourceVersion == 20)
        #expect(try await last.put(draft("q")).resourceVersion == 21)
        try last.close()
    }

    @Test func aLongHistoryLeavesMemoryButNotTheFile() async throws {
        let store = try openAdminStore(self.path)
        try await store.write { (transaction) throws(PersistenceError) -> AdminDecision<Void> in
            for _ in 0..<5_000 { try transaction.emit("test") }
            return .commit(())
        }
        #expect(store.recentEvents(after: 0, limit: 1) == nil)
        #expect(store.recentEvents(after: 4_999, limit: 9)?.map(\.id) == [5_000])
        #expect(try await Self.ids(store, after: 0, limit: 3) == [1, 2, 3])
        try store.close()
    }

    @Test(
        "whatever is changed in the audit is found",
        arguments: [
            ("UPDATE audit SET actor = 'nobody' WHERE id = 3", 3),
            ("UPDATE audit SET time = time + 1 WHERE id = 1", 1),
            ("UPDATE audit SET difference = x'00' WHERE id = 4", 4),
            ("UPDATE audit SET name = 'west', kind = '' WHERE id = 2", 2),
            ("DELETE FROM audit WHERE id = 2", 2), ("DELETE FROM audit WHERE id = 5", 5),
            ("UPDATE audit SET hash = x'0102030405060708' WHERE id = 5", 5),
        ] as [(String, Int64)]
    )
    func tampering(sql: String, line: Int64) async throws {
        let store = try openAdminStore(self.path)
        for number in 1...5 { try await store.put(draft("p", number: number)) }
        #expect(try await store.firstBrokenAuditLine() == nil)
        try store.close()
        let raw = try RawDatabase(self.path)
        try raw.execute(sql)
        try raw.close()
        let again = try openAdminStore(self.path)
        #expect(try await again.firstBrokenAuditLine() == line)
        try again.close()
    }

    /// The files as they are while the store is open are what a crash of the process leaves.
    @Test func whatWasAnsweredSurvivesACrashAtAnyTimeAndNothingIsHalf() async throws {
        let store = try openAdminStore(self.path)
        for round in 1...25 {
            if round.isMultiple(of: 7) {
                try await store.delete("p\(round - 1)")
            } else {
                try await store.put(draft("p\(round % 5)", number: round))
            }
            let crashed = try TemporaryDirectory()
            try self.directory.copy(to: crashed)
            let copy = try openAdminStore(crashed.store("admin.db"))
            #expect(copy.tables.resourceVersion == store.tables.resourceVersion)
            let objects = copy.tables.objects("peers").map(ObjectEntry.init)
            #expect(objects == store.tables.objects("peers").map(ObjectEntry.init))
            #expect(try await copy.firstBrokenAuditLine() == nil)
            try copy.close()
        }
        try store.close()
    }

    /// Cutting the write-ahead log anywhere leaves whole mutations: object, event and audit line together.
    @Test func aTornWriteAheadLogLeavesWholeMutations() async throws {
        let store = try openAdminStore(self.path)
        for number in 1...12 { try await store.put(draft("p\(number)", number: number)) }
        let files = try self.directory.contents()
        try store.close()
        let log = try #require(files["admin.db-wal"])
        for cut in stride(from: 0, through: log.count, by: 1_777) {
            let crashed = try TemporaryDirectory()
            for (name, data) in files {
                let kept = name.hasSuffix("-wal") ? data.prefix(cut) : data
                try kept.write(to: URL(fileURLWithPath: crashed.store(name)))
            }
            let copy = try openAdminStore(crashed.store("admin.db"))
            let count = copy.tables.count("peers")
            #expect(copy.tables.resourceVersion == Int64(count))
            #expect(try await copy.audit(after: 0, limit: 99).count == count)
            #expect(try await Self.ids(copy, after: 0, limit: 99).count == count)
            try copy.close()
        }
    }

    @Test func aBackupTakenWhileWritingIsAStoreOfOneMoment() async throws {
        let store = try openAdminStore(self.path)
        let target = self.directory.store("backup.db")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 { group.addTask { try await store.put(draft("p\(number)")) } }
            group.addTask { try await store.backUp(to: target) }
            try await group.waitForAll()
        }
        await #expect(throws: AdminStoreError.self) { try await store.backUp(to: target) }
        try store.close()
        let backup = try openAdminStore(target)
        #expect(backup.tables.resourceVersion == Int64(backup.tables.count("peers")))
        #expect(try await backup.firstBrokenAuditLine() == nil)
        try backup.close()
    }

    @Test(
        "a file that is not ours stays as it was",
        arguments: [Data(), Data("not a database".utf8), Data(repeating: 7, count: 8_192)]
    )
    func foreignFiles(bytes: Data) throws {
        try bytes.write(to: URL(fileURLWithPath: self.path))
        #expect(throws: PersistenceError.self) { try openAdminStore(self.path) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: self.path)) == bytes)
    }

    @Test func aNewerFileAndAStoreOfKeysAreRefused() async throws {
        try openAdminStore(self.path).close()
        let raw = try RawDatabase(self.path)
        try raw.execute("PRAGMA user_version = 99")
        try raw.close()
        #expect(throws: PersistenceError.newerSchema(path: self.path, found: 99, supported: 1)) {
            try openAdminStore(self.path)
        }
        var opened: Opened? = try Opened(self.directory.store())
        try opened?.log.reserveRevisions(through: 10)
        try opened?.log.close()
        opened = nil
        #expect(throws: PersistenceError.self) { try openAdminStore(self.directory.store()) }
    }

    private static func ids(_ store: AdminStore, after id: Int64, limit: Int) async throws -> [Int64] {
        guard case .events(let events) = try await store.events(after: id, limit: limit) else { return [] }
        return events.map(\.id)
    }
}
