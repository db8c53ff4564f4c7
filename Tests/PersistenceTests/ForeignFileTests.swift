import Foundation
import Persistence
import Testing

/// Files that are not ours, or not ours to read, are refused by name and reason, and keep every byte.
@Suite struct ForeignFileTests {
    @Test(arguments: [
        ("", "empty"), ("SQLite", "not an SQLite database"),
        ("not a database at all\n", "not an SQLite database"),
        (String(repeating: "x", count: 100_000), "not an SQLite database"),
    ])
    func aFileThatIsNoDatabase(text: String, reason: String) throws {
        let directory = try TemporaryDirectory()
        try Data(text.utf8).write(to: URL(fileURLWithPath: directory.store()))
        try expectUntouched(directory) { error in
            guard case .foreign(directory.store(), let found) = error else { return false }
            return found.contains(reason)
        }
    }

    @Test(arguments: [false, true])
    func theDatabaseOfAnotherApplication(hasWriteAheadLog: Bool) throws {
        let source = try TemporaryDirectory()
        let directory = try TemporaryDirectory()
        let other = try RawDatabase(source.store())
        if hasWriteAheadLog { try other.execute("PRAGMA journal_mode = WAL") }
        try other.execute("CREATE TABLE player (name TEXT); INSERT INTO player VALUES ('Arthur')")
        try source.copy(to: directory)
        try other.close()
        #expect(try directory.contents().keys.contains("store.db-wal") == hasWriteAheadLog)
        try expectUntouched(directory) { error in
            guard case .foreign(directory.store(), let reason) = error else { return false }
            return reason.contains("another application")
        }
    }

    @Test func aDatabaseWithARollbackJournal() throws {
        let directory = try TemporaryDirectory()
        try makeStore(directory)
        try Data("a journal".utf8).write(to: URL(fileURLWithPath: directory.store() + "-journal"))
        try expectUntouched(directory) { error in
            guard case .foreign(_, let reason) = error else { return false }
            return reason.contains("store.db-journal")
        }
    }

    @Test func aWriteAheadLogWhoseDatabaseIsGone() throws {
        let directory = try TemporaryDirectory()
        try Data(repeating: 7, count: 5_000).write(to: URL(fileURLWithPath: directory.store() + "-wal"))
        try expectUntouched(directory) { error in
            guard case .foreign(_, let reason) = error else { return false }
            return reason.contains("store.db-wal")
        }
    }

    @Test func aDirectory() throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: directory.store(), withIntermediateDirectories: false)
        let expected = PersistenceError.foreign(path: directory.store(), reason: "it is not a regular file")
        #expect(throws: expected) { try Opened(directory.store()) }
    }

    @Test func aMissingDirectoryIsAnInputOutputError() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/missing/store.db"
        let error = #expect(throws: PersistenceError.self) { try Opened(path) }
        guard case .io(path, _, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func aStoreOfANewerVersion() throws {
        let directory = try TemporaryDirectory()
        try makeStore(directory)
        // https://www.sqlite.org/fileformat.html: the user version is at 60, big-endian.
        try directory.overwrite("store.db", at: 60, with: [0, 0, 0, 99])
        try expectUntouched(directory) {
            $0 == .newerSchema(path: directory.store(), found: 99, supported: 1)
        }
    }

    @Test func aStoreOfANewerVersionWhoseVersionIsStillInTheWriteAheadLog() throws {
        let source = try TemporaryDirectory()
        let directory = try TemporaryDirectory()
        try makeStore(source)
        let newer = try RawDatabase(source.store())
        try newer.execute("PRAGMA user_version = 99")
        try source.copy(to: directory)
        try newer.close()
        try expectUntouched(directory) {
            $0 == .newerSchema(path: directory.store(), found: 99, supported: 1)
        }
    }

    @Test func everyErrorNamesTheFile() {
        let errors: [PersistenceError] = [
            .inUse(path: "/a/store.db"), .foreign(path: "/a/store.db", reason: "r"),
            .newerSchema(path: "/a/store.db", found: 2, supported: 1),
            .corrupt(path: "/a/store.db", reason: "r"), .diskFull(path: "/a/store.db"),
            .io(path: "/a/store.db", code: 10, reason: "r"),
        ]
        for error in errors { #expect("\(error)".contains("/a/store.db")) }
    }

    private func makeStore(_ directory: TemporaryDirectory) throws {
        let opened = try Opened(directory.store())
        try opened.log.reserveRevisions(through: 100)
        try opened.log.append(batch(2...20))
        try opened.log.close()
    }

    private func expectUntouched(
        _ directory: TemporaryDirectory,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ isExpected: (PersistenceError) -> Bool
    ) throws {
        let before = try directory.contents()
        let error = #expect(throws: PersistenceError.self, sourceLocation: sourceLocation) {
            try Opened(directory.store())
        }
        if let error {
            #expect(isExpected(error), "\(error)", sourceLocation: sourceLocation)
        }
        #expect(try directory.contents() == before, sourceLocation: sourceLocation)
    }
}
