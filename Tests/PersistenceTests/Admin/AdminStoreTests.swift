import Foundation
import Persistence
import Synchronization
import Testing

@Suite struct AdminStoreTests {
    let directory: TemporaryDirectory
    var path: String { self.directory.store("admin.db") }

    init() throws {
        self.directory = try TemporaryDirectory()
    }

    @Test func objectsSurviveARestartWithAllTheirParts() async throws {
        let store = try openAdminStore(self.path)
        var rich = draft("west", number: 1)
        rich.labels = ["region": "eu", "a": "\"quoted\" ü"]
        rich.annotations = ["note": ""]
        rich.status = Array("{\"phase\":\"live\"}".utf8)
        rich.secret = [0, 1, 255]
        rich.deletedAt = 5
        try await store.put(rich)
        try await store.put(draft("east"))
        try await store.delete("east")
        let before = try #require(store.object("peers", "west"))
        try store.close()

        let again = try openAdminStore(self.path)
        let after = try #require(again.object("peers", "west"))
        #expect(ObjectEntry(after) == ObjectEntry(before))
        #expect(after.draft == rich)
        #expect(again.object("peers", "east") == nil)
        #expect(again.tables.resourceVersion == 3)
        #expect(try await again.put(draft("east")).resourceVersion == 4)
        try again.close()
    }

    @Test func theGenerationGrowsWithTheSpecAndTheVersionWithEveryChange() async throws {
        let store = try openAdminStore(self.path)
        let first = try await store.put(draft("west", number: 1))
        var labelled = first.draft
        labelled.labels = ["a": "b"]
        let second = try await store.put(labelled)
        let third = try await store.put(draft("west", number: 2))
        #expect([first, second, third].map(\.generation) == [1, 1, 2])
        #expect([first, second, third].map(\.resourceVersion) == [1, 2, 3])
        #expect(Set([first, second, third].map(\.uid)).count == 1)
        #expect(third.createdAt == first.createdAt)
        try await store.delete("west")
        let reborn = try await store.put(draft("west", number: 2))
        #expect(reborn.generation == 1)
        #expect(reborn.uid != first.uid)
        try store.close()
    }

    @Test func listsAreInTheOrderOfBytesAndGoOnAfterAName() async throws {
        let store = try openAdminStore(self.path)
        for name in ["b", "a", "a-1", "Z", "ä", "a1"] { try await store.put(draft(name)) }
        let tables = store.tables
        #expect(tables.objects("peers").map(\.name) == ["Z", "a", "a-1", "a1", "b", "ä"])
        try await store.put(draft("a0"))
        try await store.delete("a-1")
        #expect(tables.objects("peers", after: "a").map(\.name) == ["a-1", "a1", "b", "ä"])
        #expect(store.tables.objects("peers", after: "a-5").map(\.name) == ["a0", "a1", "b", "ä"])
        #expect(store.tables.objects("tokens").isEmpty)
        #expect(store.tables.count("peers") == 6)
        try store.close()
    }

    @Test func aMutationThatIsRolledBackLeavesNothing() async throws {
        let store = try openAdminStore(self.path)
        try await store.put(draft("west"))
        let answer = try await store.write {
            (transaction) throws(PersistenceError) -> AdminDecision<String> in
            _ = try transaction.put(draft("west", number: 9), event: "peer.changed")
            _ = try transaction.put(draft("new"), event: "peer.created")
            try transaction.audit(AuditRecord.Draft())
            #expect(transaction.object("peers", "new") != nil)
            #expect(transaction.tables.count("peers") == 2)
            return .rollBack("no")
        }
        #expect(answer == "no")
        #expect(store.object("peers", "new") == nil)
        #expect(store.object("peers", "west")?.generation == 1)
        #expect(store.recentEvents(after: 0, limit: 9)?.map(\.id) == [1])
        #expect(try await store.audit(after: 0, limit: 9).count == 1)
        #expect(try await store.put(draft("next")).resourceVersion == 2)
        try store.close()
    }

    /// Many mutations share a transaction; half of them are rolled back.
    @Test func neighboursInATransactionDoNotDisturbEachOther() async throws {
        let seen = Mutex<[AdminObjectID]>([])
        let store = try openAdminStore(self.path) { ids in seen.withLock { $0 += ids } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<400 {
                group.addTask {
                    try await store.write { (transaction) throws(PersistenceError) -> AdminDecision<Void> in
                        _ = try transaction.put(draft("n\(number)", number: number), event: "peer.changed")
                        return number.isMultiple(of: 2) ? .commit(()) : .rollBack(())
                    }
                }
            }
            try await group.waitForAll()
        }
        let names = store.tables.objects("peers").map(\.name)
        #expect(names.count == 200)
        #expect(names.allSatisfy { Int($0.dropFirst())?.isMultiple(of: 2) == true })
        #expect(Set(seen.withLock { $0 }.map(\.name)) == Set(names))
        #expect(store.recentEvents(after: 0, limit: 1_000)?.map(\.id) == Array(1...200))
        try store.close()
        let again = try openAdminStore(self.path)
        #expect(again.tables.objects("peers").map(\.name) == names)
        try again.close()
    }

    @Test func ofManyWritersWithOneExpectedVersionOneWins() async throws {
        let store = try openAdminStore(self.path)
        let start = try await store.put(draft("west"))
        let wins = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 1...1_000 {
                group.addTask {
                    try await store.write { (transaction) throws(PersistenceError) -> AdminDecision<Bool> in
                        let found = transaction.object("peers", "west")
                        guard found?.resourceVersion == start.resourceVersion else { return .rollBack(false) }
                        _ = try transaction.put(draft("west", number: number), event: "peer.changed")
                        return .commit(true)
                    }
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(wins == 1)
        #expect(store.object("peers", "west")?.generation == 2)
        try store.close()
    }

    @Test func tooManyWaitingMutationsAreRefusedAndAClosedStoreRefusesAll() async throws {
        let store = try openAdminStore(self.path)
        let gate = DispatchSemaphore(value: 0)
        let isHeld = DispatchSemaphore(value: 0)
        let results = await withTaskGroup(of: AdminStoreError?.self) { group in
            group.addTask {
                await Self.failure {
                    try await store.write { (_) throws(PersistenceError) -> AdminDecision<Void> in
                        isHeld.signal()
                        gate.wait()
                        return .commit(())
                    }
                }
            }
            isHeld.wait()
            for _ in 0..<AdminStore.waitingLimit + 10 {
                group.addTask { await Self.failure { try await store.put(draft("x")) } }
            }
            var refused = 0
            while refused < 10, let result = await group.next() {
                if result == .overloaded { refused += 1 }
            }
            gate.signal()
            return await group.reduce(into: [AdminStoreError?](), { $0.append($1) })
        }
        #expect(results.count == AdminStore.waitingLimit + 1)
        #expect(results.allSatisfy { $0 == nil })
        try store.close()
        #expect(await Self.failure { try await store.put(draft("x")) } == .closed)
    }

    @Test func storedAnswersAreFoundAgainUntilTheyArePruned() async throws {
        let store = try openAdminStore(self.path)
        let answer = StoredAnswer(requestHash: [1], status: 201, bytes: Array("body".utf8))
        try await store.write { (transaction) throws(PersistenceError) -> AdminDecision<Void> in
            try transaction.store(answer, forKey: "key")
            return .commit(())
        }
        let find = { @Sendable (transaction: AdminTransaction) throws(PersistenceError) in
            AdminDecision.rollBack(try transaction.answer(forKey: "key"))
        }
        #expect(try await store.write(find) == answer)
        try await store.prune(keepingNewest: 10, eventsBefore: 0, answersBefore: .max)
        #expect(try await store.write(find) == nil)
        try store.close()
    }

    private static func failure(_ body: () async throws -> some Any) async -> AdminStoreError? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error as? AdminStoreError
        }
    }
}
