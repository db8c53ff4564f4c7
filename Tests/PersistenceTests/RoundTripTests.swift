import MVCC
import Persistence
import Testing

@Suite struct RoundTripTests {
    @Test func aNewStoreBeginsAtRevisionOneLikeEtcd() throws {
        let directory = try TemporaryDirectory()
        let opened = try Opened(directory.store())
        #expect(opened.store.recovery == .fresh)
        #expect(opened.store.identity == StoreIdentity(clusterID: 0xc0ff_ee00_0000_0001, memberID: 7))
        #expect(opened.store.startCount == 2)
        #expect(opened.store.headRevision == 1)
        #expect(opened.store.revisionCeiling == 1)
        #expect(opened.store.compactedRevision == 0)
        #expect(try opened.records().isEmpty)
    }

    @Test func everythingThatWasAppendedComesBackInOrder() throws {
        let directory = try TemporaryDirectory()
        let first = try Opened(directory.store())
        try first.log.reserveRevisions(through: 1_000)
        let tombstone = Record(tombstoneOf: put(2), modRevision: 4, sub: 1)
        let wide = [put(3, sub: 0), put(3, sub: 1, byteCount: 0), put(3, sub: 2, byteCount: 100_000)]
        let last = [put(4, sub: 0), tombstone, put(5, sub: 1)]
        try first.log.append(batch(2...2))
        try first.log.append(LogBatch(records: wide, headRevision: 3))
        try first.log.append(LogBatch(records: last, headRevision: 5))
        let expected = ([put(2)] + wide + last).map(Entry.init)
        #expect(try first.records() == expected)
        try first.log.close()

        let second = try Opened(directory.store())
        #expect(try second.records() == expected)
        #expect(second.store.headRevision == 5)
        #expect(second.store.revisionCeiling == 1_000)
    }

    @Test func leasesAndDocumentsComeBackAsTheyWereLast() throws {
        let directory = try TemporaryDirectory()
        let first = try Opened(directory.store())
        let changes: [LeaseChange] = [
            .grant(id: 9, ttlSeconds: 60), .grant(id: -3, ttlSeconds: 5), .grant(id: 4, ttlSeconds: 1),
            .revoke(id: 4), .grant(id: 9, ttlSeconds: 90), .revoke(id: 1_000),
        ]
        let documents = [
            DocumentChange(name: "b", bytes: [1, 2, 3]), DocumentChange(name: "a", bytes: []),
            DocumentChange(name: "c", bytes: [9]),
        ]
        try first.log.append(LogBatch(leaseChanges: changes, documents: documents, headRevision: 1))
        let update = [DocumentChange(name: "c", bytes: nil), DocumentChange(name: "b", bytes: [4])]
        try first.log.append(LogBatch(documents: update, headRevision: 1))
        try first.log.close()

        let second = try Opened(directory.store())
        #expect(
            second.store.leases == [
                RecoveredLease(id: -3, ttlSeconds: 5), RecoveredLease(id: 9, ttlSeconds: 90),
            ]
        )
        #expect(second.store.documents == [Document(name: "a", bytes: []), Document(name: "b", bytes: [4])])
    }

    @Test func deletedRecordsAreGoneAndTheOthersStay() throws {
        let directory = try TemporaryDirectory()
        let first = try Opened(directory.store())
        try first.log.reserveRevisions(through: 100)
        try first.log.append(batch(2...10))
        try first.log.append(
            LogBatch(records: [put(11), put(11, sub: 1), put(11, sub: 2)], headRevision: 11)
        )
        try first.log.append(LogBatch(compactedRevision: 11, headRevision: 11))
        try first.log.deleteRecords([
            RecordPosition(revision: 3, sub: 0), RecordPosition(revision: 11, sub: 1),
            RecordPosition(revision: 9, sub: 4), RecordPosition(revision: 77, sub: 0),
        ])
        let left = try first.records().map(\.description)
        #expect(left == ["2/0", "4/0", "5/0", "6/0", "7/0", "8/0", "9/0", "10/0", "11/0", "11/2"])
        try first.log.close()
        let second = try Opened(directory.store())
        #expect(try second.records().map(\.description) == left)
        #expect(second.store.compactedRevision == 11)
    }

    /// etcd issue 17780: the revision went back when the newest record, a tombstone, was compacted away.
    @Test(arguments: [true, false])
    func theHeadSurvivesTheDeletionOfTheNewestRecord(isStoppedCleanly: Bool) throws {
        let directory = try TemporaryDirectory()
        do {
            let first = try Opened(directory.store())
            try first.log.reserveRevisions(through: 100)
            try first.log.append(batch(2...8))
            let tombstone = Record(tombstoneOf: put(8), modRevision: 9, sub: 0)
            try first.log.append(LogBatch(records: [tombstone], headRevision: 9))
            try first.log.deleteRecords((2...9).map { RecordPosition(revision: $0, sub: 0) })
            if isStoppedCleanly { try first.log.close() }
        }
        let second = try Opened(directory.store())
        #expect(second.store.recovery == .exact)
        #expect(second.store.headRevision == 9)
        #expect(try second.records().isEmpty)
    }

    @Test func theHeadSurvivesWithoutARecordOfItsOwn() throws {
        let directory = try TemporaryDirectory()
        do {
            let first = try Opened(directory.store())
            try first.log.reserveRevisions(through: 100)
            var marker = batch(2...4)
            marker.headRevision = 6
            try first.log.append(marker)
        }
        #expect(try Opened(directory.store()).store.headRevision == 6)
    }

    @Test func defragmentingGivesFreeSpaceBack() throws {
        let directory = try TemporaryDirectory()
        let opened = try Opened(directory.store())
        let full = try fill(opened.log)
        #expect(opened.log.sizeInUseInBytes == full)
        // Every tenth record stays, so that every page keeps some.
        let garbage = (2...5_001).filter { $0 % 10 != 0 }.map { RecordPosition(revision: $0, sub: 0) }
        try opened.log.deleteRecords(garbage)
        #expect(opened.log.sizeInBytes == full)
        #expect(opened.log.sizeInUseInBytes < full)
        try opened.log.defragment()
        #expect(opened.log.sizeInBytes < full / 8)
        #expect(opened.log.sizeInBytes == opened.log.sizeInUseInBytes)
        #expect(try directory.contents().values.reduce(0) { $0 + $1.count } < Int(full / 8))
        #expect(try opened.records().map(\.revision) == Array(stride(from: 10, to: 5_001, by: 10)))
        try opened.log.append(batch(5_002...5_010))
        try opened.log.close()
        #expect(try Opened(directory.store()).records().count == 509)
    }

    /// What is left of defragmenting when there is no room for a copy.
    @Test func freePagesAreGivenBackWithoutRoomForACopy() throws {
        let directory = try TemporaryDirectory()
        let opened = try Opened(directory.store())
        let full = try fill(opened.log)
        try opened.log.deleteRecords((2...4_901).map { RecordPosition(revision: $0, sub: 0) })
        try opened.log.releaseFreePages()
        #expect(opened.log.sizeInBytes < full / 10)
        #expect(opened.log.sizeInBytes == opened.log.sizeInUseInBytes)
        #expect(try opened.records().count == 100)
        try opened.log.close()
    }

    /// Appends 5,000 records of a kilobyte, and returns the size of the database.
    private func fill(_ log: SQLiteRevisionLog) throws -> Int64 {
        try log.reserveRevisions(through: 6_000)
        for start in stride(from: Int64(2), to: 5_000, by: 500) {
            try log.append(batch(start...start + 499, byteCount: 1_000))
        }
        #expect(log.sizeInBytes > 5_000_000)
        return log.sizeInBytes
    }
}
