import Persistence
import Testing

@Suite struct LockTests {
    @Test func aSecondOpenerIsToldThatTheFileIsInUse() throws {
        let directory = try TemporaryDirectory()
        let first = try Opened(directory.store())
        #expect(throws: PersistenceError.inUse(path: directory.store())) { try Opened(directory.store()) }
        try first.log.reserveRevisions(through: 100)
        try first.log.append(batch(2...5))
        #expect(throws: PersistenceError.inUse(path: directory.store())) { try Opened(directory.store()) }
        try first.log.append(batch(6...9))
        #expect(try first.records().count == 8)
        try first.log.close()
        #expect(try Opened(directory.store()).store.headRevision == 9)
    }

    /// The refused opener of this process must not have dropped the process's lock either.
    @Test func anotherProcessIsToldThatTheFileIsInUse() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.store()
        let first = try Opened(path)
        #expect(throws: PersistenceError.inUse(path: path)) { try Opened(path) }
        await #expect(processExitsWith: .success) { [path = path as String] in
            #expect(throws: PersistenceError.inUse(path: path)) { try Opened(path) }
        }
        try first.log.close()
        await #expect(processExitsWith: .success) { [path = path as String] in
            let second = try Opened(path)
            #expect(second.store.headRevision == 1)
        }
    }
}
