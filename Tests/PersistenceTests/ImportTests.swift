import Foundation
import MVCC
import NIOCore
import Persistence
import Testing

@Suite struct ImportTests {
    private static let identity = StoreIdentity(clusterID: 5, memberID: 6)

    private static func record(_ revision: Int64, sub: Int = 0) -> Record {
        Record(
            key: ByteBuffer(string: "k\(revision)/\(sub)"),
            value: ByteBuffer(string: "v"),
            createRevision: revision,
            modRevision: revision,
            sub: sub,
            version: 1,
            lease: 0
        )
    }

    private static func open(_ path: String) throws -> (SQLiteRevisionLog, RecoveredStore) {
        try SQLiteRevisionLog.open(path: path, durability: .relaxed, bootID: "b") {
            StoreIdentity(clusterID: 1, memberID: 1)
        }
    }

    @Test(arguments: [0, 1, 999, 1_000, 1_001, 5_000])
    func whatIsImportedIsThereAtTheNextStart(count: Int) throws {
        let directory = try TemporaryDirectory()
        let store = try StoreImport(path: directory.store(), identity: Self.identity)
        // Every third revision has three changes, so that batches do not end with each revision.
        var expected: [RecordPosition] = []
        for index in 0..<count {
            let revision = Int64(2 + index / 5 * 3 + min(index % 5, 2))
            let sub = max(0, index % 5 - 2)
            try store.append(Self.record(revision, sub: sub))
            expected.append(RecordPosition(revision: revision, sub: sub))
        }
        #expect(store.recordCount == count)
        let head = store.headRevision + 3_000_000
        try store.finish(
            leaseChanges: [.grant(id: 9, ttlSeconds: 60)],
            documents: [DocumentChange(name: "auth", bytes: [1, 2])],
            compactedRevision: count == 0 ? 0 : 2,
            headRevision: head
        )
        #expect(try directory.contents().keys.sorted() == ["store.db"])
        let (log, recovered) = try Self.open(directory.store())
        #expect(recovered.identity == Self.identity)
        #expect(recovered.headRevision == head)
        #expect(recovered.revisionCeiling >= head)
        #expect(recovered.compactedRevision == (count == 0 ? 0 : 2))
        #expect(recovered.leases == [RecoveredLease(id: 9, ttlSeconds: 60)])
        #expect(recovered.documents == [Document(name: "auth", bytes: [1, 2])])
        #expect(recovered.recovery == .exact)
        var found: [RecordPosition] = []
        try log.forEachRecord { (record) throws(PersistenceError) in
            found.append(RecordPosition(revision: record.modRevision, sub: record.sub))
        }
        #expect(found == expected)
        try log.close()
    }

    @Test func anImportThatIsGivenUpLeavesNothing() throws {
        let directory = try TemporaryDirectory()
        let store = try StoreImport(path: directory.store(), identity: Self.identity)
        try store.append(Self.record(2))
        store.abandon()
        #expect(try directory.contents().isEmpty)
    }

    @Test func anInterruptedImportLeavesNoStoreAndCanBeDoneAgain() throws {
        let interrupted = try TemporaryDirectory()
        let directory = try TemporaryDirectory()
        let first = try StoreImport(path: interrupted.store(), identity: Self.identity)
        for revision in 2...3_000 as ClosedRange<Int64> { try first.append(Self.record(revision)) }
        try interrupted.copy(to: directory)
        first.abandon()
        #expect(try !directory.contents().isEmpty)
        #expect(!FileManager.default.fileExists(atPath: directory.store()))

        let second = try StoreImport(path: directory.store(), identity: Self.identity)
        try second.append(Self.record(2))
        try second.finish(leaseChanges: [], documents: [], compactedRevision: 0, headRevision: 2)
        #expect(try directory.contents().keys.sorted() == ["store.db"])
        let (log, recovered) = try Self.open(directory.store())
        #expect(recovered.headRevision == 2)
        try log.close()
    }

    @Test func aStoreThatIsThereIsNotReplaced() throws {
        let directory = try TemporaryDirectory()
        try Data("precious".utf8).write(to: URL(fileURLWithPath: directory.store()))
        #expect(throws: PersistenceError.inUse(path: directory.store())) {
            try StoreImport(path: directory.store(), identity: Self.identity)
        }
        #expect(try directory.contents() == ["store.db": Data("precious".utf8)])
    }
}
