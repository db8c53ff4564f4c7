import NIOCore
import TestSupport
import Testing

@testable import MVCC

/// The rules that have a history of being broken, one by one.
///
/// ``KeyspaceModelTests`` covers the rest.
@Suite struct KeyspaceTests {
    private static func bytes(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }
    private static func key(_ text: String) -> KeyRange { KeyRange(self.bytes(text)) }
    private static func put(_ key: String, _ value: String = "v", lease: Int64 = 0) -> Put {
        var put = Put(key: self.bytes(key), value: self.bytes(value))
        put.lease = lease
        return put
    }

    private func keys(_ records: [Record]) -> [String] {
        records.map { String(buffer: $0.key) }
    }

    private func changes(_ keyspace: Keyspace, from revision: Int64) -> [String] {
        (keyspace.history.position(of: revision)..<keyspace.history.end).map { position in
            let record = keyspace.history[position]
            return (record.isTombstone ? "-" : "+") + String(buffer: record.key)
        }
    }

    @Test func aNewKeySpaceIsAtRevisionOneAndWasNeverCompacted() throws {
        var keyspace = Keyspace()
        #expect(keyspace.revision == 1)
        #expect(keyspace.compactedRevision == -1)
        #expect(try keyspace.put(Self.put("a")) == nil)
        #expect(keyspace.revision == 2)
    }

    @Test func whatChangesNothingTakesNoRevision() throws {
        var keyspace = Keyspace()
        _ = try keyspace.grant(lease: 1, timeToLive: .seconds(5), now: .zero)
        #expect(keyspace.deleteRange(DeleteRange(.everything)).isEmpty)
        let transaction = Transaction(success: [
            .deleteRange(DeleteRange(.everything)), .transaction(Transaction()),
            .range(RangeQuery(.everything)),
        ])
        #expect(try keyspace.apply(transaction).revision == 1)
        #expect(try keyspace.revoke(lease: 1) == 0)
        #expect(keyspace.revision == 1)
    }

    @Test func changesOfOneTransactionShareARevisionAndAreNumbered() throws {
        var keyspace = Keyspace()
        let nested = Transaction(success: [.put(Self.put("c"))])
        _ = try keyspace.apply(
            Transaction(success: [.put(Self.put("b")), .transaction(nested), .put(Self.put("a"))])
        )
        let records = (0..<keyspace.history.end).map { keyspace.history[$0] }
        #expect(self.keys(records) == ["b", "c", "a"])
        #expect(records.map(\.modRevision) == [2, 2, 2])
        #expect(records.map(\.sub) == [0, 1, 2])
    }

    @Test func aFailedTransactionChangesNothing() throws {
        var keyspace = Keyspace()
        _ = try keyspace.put(Self.put("a"))
        var future = RangeQuery(.everything)
        future.revision = 3
        #expect(throws: StoreError.futureRevision(head: 2)) {
            _ = try keyspace.apply(Transaction(success: [.put(Self.put("b")), .range(future)]))
        }
        #expect(keyspace.revision == 2)
        #expect(keyspace.keyCount == 1)
        #expect(self.changes(keyspace, from: 0) == ["+a"])
    }

    @Test func aPlainPutLooksAtTheLeaseFirstAndOneInATransactionAtTheKey() {
        var keyspace = Keyspace()
        var put = Self.put("a", "", lease: 9)
        put.ignoresValue = true
        #expect(throws: StoreError.leaseNotFound) { _ = try keyspace.put(put) }
        #expect(throws: StoreError.keyNotFound) { _ = try keyspace.apply(Transaction(success: [.put(put)])) }
    }

    @Test(arguments: [-1, -7] as [Int64])
    func aNegativeRevisionIsTheNewestExceptInATransaction(revision: Int64) throws {
        var keyspace = Keyspace()
        _ = try keyspace.put(Self.put("a"))
        try keyspace.compact(through: 2)
        var query = RangeQuery(.everything)
        query.revision = revision
        #expect(try keyspace.range(query).count == 1)
        #expect(throws: StoreError.compacted(at: 2)) {
            _ = try keyspace.evaluate(readOnly: Transaction(success: [.range(query)]))
        }
    }

    @Test func theHorizonItselfCanBeReadAndNothingBelow() throws {
        var keyspace = Keyspace()
        for _ in 0..<5 { _ = try keyspace.put(Self.put("a")) }
        try keyspace.compact(through: 4)
        #expect(throws: StoreError.compacted(at: 4)) { try keyspace.checkReadable(3) }
        #expect(throws: StoreError.futureRevision(head: 6)) { try keyspace.checkReadable(7) }
        for revision in [0, 4, 5, 6] as [Int64] { try keyspace.checkReadable(revision) }
        #expect(keyspace.record(Self.bytes("a"), at: 4)?.modRevision == 4)
    }

    @Test func compactionMovesForwardUpToTheHead() throws {
        var keyspace = Keyspace()
        try keyspace.compact(through: 0)
        #expect(throws: StoreError.compacted(at: 0)) { try keyspace.compact(through: 0) }
        try keyspace.compact(through: 1)
        #expect(throws: StoreError.futureRevision(head: 1)) { try keyspace.compact(through: 2) }
        #expect(throws: StoreError.compacted(at: 1)) { try keyspace.compact(through: 1) }
    }

    @Test func trimmingEndsAlsoWhenTheHorizonItselfHasRecords() throws {
        var keyspace = Keyspace()
        for _ in 0..<3 { _ = try keyspace.put(Self.put("a")) }
        #expect(!keyspace.needsTrimming)
        try keyspace.compact(through: 4)
        #expect(keyspace.needsTrimming)
        #expect(keyspace.trim(limit: 100).map(\.modRevision) == [2, 3])
        #expect(!keyspace.needsTrimming)
        #expect(keyspace.trim(limit: 100).isEmpty)
    }

    @Test func aDeleteAtTheHorizonIsStillSeenByAWatchFromThere() throws {
        var keyspace = Keyspace()
        _ = try keyspace.put(Self.put("a"))
        _ = keyspace.deleteRange(DeleteRange(Self.key("a")))
        try keyspace.compact(through: 3)
        _ = keyspace.trim(limit: 100)
        #expect(self.changes(keyspace, from: 3) == ["-a"])
        #expect(keyspace.recordCount == 1)
        _ = try keyspace.put(Self.put("b"))
        try keyspace.compact(through: 4)
        #expect(keyspace.trim(limit: 100).map(\.isTombstone) == [true])
        #expect(keyspace.recordCount == 1)
    }

    @Test func aCompactionDuringTrimmingLeavesNoOldTombstones() throws {
        var keyspace = Keyspace()
        for key in ["a", "b", "c"] { _ = try keyspace.put(Self.put(key)) }
        _ = keyspace.deleteRange(DeleteRange(.everything))
        _ = try keyspace.put(Self.put("d"))
        try keyspace.compact(through: 5)
        // Up to and including the first of the three tombstones at 5.
        #expect(keyspace.trim(limit: 4).count == 3)
        try keyspace.compact(through: 6)
        while keyspace.needsTrimming { _ = keyspace.trim(limit: 1) }
        #expect(keyspace.recordCount == 1)
        #expect(keyspace.brokenInvariant == nil)
    }

    @Test func historyBelowTheHorizonIsFreedByWholeChunks() throws {
        var keyspace = Keyspace()
        for _ in 0..<2000 { _ = try keyspace.put(Self.put("a")) }
        let before = keyspace
        try keyspace.compact(through: 1500)
        while keyspace.needsTrimming { _ = keyspace.trim(limit: 100) }
        #expect(keyspace.history.start == 1024)
        #expect(keyspace.history.position(of: 1500) == 1498)
        #expect(keyspace.recordCount == 502)
        #expect(before.recordCount == 2000)
        #expect(before.record(Self.bytes("a"), at: 700)?.version == 699)
    }

    @Test func revokingALeaseDeletesItsKeysInByteOrderAtOneRevision() throws {
        var keyspace = Keyspace()
        _ = try keyspace.grant(lease: 1, timeToLive: .seconds(5), now: .zero)
        for key in ["c", "a", "b", "a\u{0}"] { _ = try keyspace.put(Self.put(key, lease: 1)) }
        _ = try keyspace.put(Self.put("b"))
        _ = try keyspace.put(Self.put("x"))
        #expect(try keyspace.revoke(lease: 1) == 3)
        #expect(keyspace.revision == 8)
        #expect(self.changes(keyspace, from: 8) == ["-a", "-a\u{0}", "-c"])
        #expect(keyspace.keyCount == 2)
        #expect(keyspace.leases.count == 0)
        #expect(throws: StoreError.leaseNotFound) { _ = try keyspace.revoke(lease: 1) }
    }

    @Test func aRestoredKeyIsAttachedOnlyToTheLeaseOfItsNewestRecord() throws {
        var keyspace = Keyspace()
        for lease in [1, 2] as [Int64] {
            _ = try keyspace.grant(lease: lease, timeToLive: .seconds(5), now: .zero)
        }
        for lease in [1, 2, 0, 1] as [Int64] { _ = try keyspace.put(Self.put("a", lease: lease)) }
        for lease in [1, 2] as [Int64] { _ = try keyspace.put(Self.put("b", lease: lease)) }
        _ = try keyspace.put(Self.put("c", lease: 1))
        _ = keyspace.deleteRange(DeleteRange(Self.key("c")))
        var restored = Keyspace(revision: keyspace.revision, compactedRevision: -1)
        for position in 0..<keyspace.history.end { restored.restore(keyspace.history[position]) }
        #expect(self.keys(restored.leases.attachedKeys(of: 1)) == ["a"])
        #expect(self.keys(restored.leases.attachedKeys(of: 2)) == ["b"])
    }

    @Test func aRestoredKeySpaceKeepsItsRevisionAboveItsRecords() throws {
        var keyspace = Keyspace(revision: 100, compactedRevision: 90)
        #expect(throws: StoreError.compacted(at: 90)) { try keyspace.checkReadable(89) }
        _ = try keyspace.put(Self.put("a"))
        #expect(keyspace.revision == 101)
        #expect(keyspace.record(Self.bytes("a"), at: 101)?.createRevision == 101)
    }

    /// Both ways of counting in the past: from the changes since then, and by walking the range.
    @Test(arguments: [10, 200, 3000])
    func countsInThePastAreRightHoweverManyChangesCameAfter(keyCount: Int) throws {
        var keyspace = Keyspace()
        var random = SeededGenerator(seed: 3)
        var counts: [Int64: [Int]] = [:]
        let ranges = [KeyRange.everything, KeyRange(prefix: "k1"), KeyRange(prefix: "k9"), Self.key("k5")]
        var present: Set<String> = []
        for _ in 0..<1500 {
            let key = "k\(random.below(keyCount))"
            if random.chance(40) {
                if keyspace.deleteRange(DeleteRange(Self.key(key))).isEmpty { continue }
                present.remove(key)
            } else {
                _ = try keyspace.put(Self.put(key))
                present.insert(key)
            }
            guard keyspace.revision % 50 == 0 else { continue }
            counts[keyspace.revision] = [
                present.count, present.filter { $0.hasPrefix("k1") }.count,
                present.filter { $0.hasPrefix("k9") }.count, present.contains("k5") ? 1 : 0,
            ]
        }
        #expect(counts.count > 10)
        for (revision, expected) in counts {
            #expect(ranges.map { keyspace.count($0, at: revision) } == expected, "revision \(revision)")
        }
    }

    @Test func aCopyIsNotChangedByWhatTheOriginalDoes() throws {
        var keyspace = Keyspace()
        for number in 0..<300 { _ = try keyspace.put(Self.put("k\(number)")) }
        let snapshot = keyspace
        _ = keyspace.deleteRange(DeleteRange(.everything))
        try keyspace.compact(through: keyspace.revision)
        while keyspace.needsTrimming { _ = keyspace.trim(limit: 50) }
        #expect(keyspace.keyCount == 0)
        #expect(try snapshot.range(RangeQuery(.everything)).records.count == 300)
        #expect(snapshot.compactedRevision == -1)
        #expect(snapshot.brokenInvariant == nil)
    }

    @Test func aWriteThatIsDroppedLeavesNoTraceInTheNextOne() throws {
        var published = Keyspace()
        for number in 0..<20 {
            var dropped = published
            _ = try dropped.put(Self.put("a", "dropped"))
            var kept = published
            _ = try kept.put(Self.put("a", "kept \(number)"))
            published = kept
        }
        let history = (0..<published.history.end).map { String(buffer: published.history[$0].value) }
        #expect(history == (0..<20).map { "kept \($0)" })
        #expect(published.record(Self.bytes("a"), at: 11)?.value == Self.bytes("kept 9"))
    }
}
