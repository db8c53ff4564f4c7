import NIOCore
import TestSupport
import Testing

@testable import MVCC

@Suite struct KeyHistoryTests {
    /// One change: a put or a delete at a revision.
    private enum Change {
        case put(Int64)
        case delete(Int64)
    }

    private static func history(_ changes: [Change]) -> KeyHistory {
        var history: KeyHistory?
        var created: Int64 = 0
        var version: Int64 = 0
        for change in changes {
            let record: Record
            switch change {
            case .put(let revision):
                if version == 0 { created = revision }
                version += 1
                record = Record(
                    key: ByteBuffer(string: "k"),
                    value: ByteBuffer(),
                    createRevision: created,
                    modRevision: revision,
                    sub: 0,
                    version: version,
                    lease: 0
                )
            case .delete(let revision):
                version = 0
                record = tombstone(at: revision)
            }
            if history == nil { history = KeyHistory(record) } else { history?.append(record) }
        }
        return history ?? KeyHistory(self.tombstone(at: 0))
    }

    private static func tombstone(at revision: Int64) -> Record {
        let put = Record(
            key: ByteBuffer(string: "k"),
            value: ByteBuffer(),
            createRevision: 1,
            modRevision: 1,
            sub: 0,
            version: 1,
            lease: 0
        )
        return Record(tombstoneOf: put, modRevision: revision, sub: 0)
    }

    private func revisions(_ history: KeyHistory?) -> [Int64] {
        var revisions: [Int64] = []
        history?.forEachRecord { revisions.append($0.modRevision) }
        return revisions
    }

    /// The worked example in the type's comment.
    @Test(
        arguments: [
            (1, [], [2, 4, 7, 9]),
            (2, [], [2, 4, 7, 9]),
            (3, [], [2, 4, 7, 9]),
            (4, [2], [4, 7, 9]),
            (5, [2], [4, 7, 9]),
            (6, [2], [4, 7, 9]),
            (7, [2, 4], [7, 9]),
            (8, [2, 4, 7], [9]),
            (9, [2, 4, 7], [9]),
            (10, [2, 4, 7], [9]),
        ] as [(Int64, [Int64], [Int64])]
    )
    func compactingTheWorkedExampleKeepsWhatCanBeAskedFor(horizon: Int64, dropped: [Int64], kept: [Int64]) {
        let history = Self.history([.put(2), .put(4), .delete(7), .put(9)])
        var seen: [Int64] = []
        let rest = history.compacted(through: horizon) { seen.append($0.modRevision) }
        #expect(seen == dropped)
        #expect(self.revisions(rest) == kept)
        #expect(rest?.recordCount == kept.count)
        #expect(rest?.weight == 1)
        #expect(history.hasGarbage(below: horizon) == !dropped.isEmpty)
        #expect(self.revisions(history) == [2, 4, 7, 9], "the original value is unchanged")
    }

    @Test func aDeletedKeyLeavesWithTheFirstCompactionAboveItsTombstone() {
        let history = Self.history([.put(2), .delete(4)])
        #expect(history.weight == 0)
        #expect(self.revisions(history.compacted(through: 3) { _ in }) == [2, 4])
        #expect(self.revisions(history.compacted(through: 4) { _ in }) == [4])
        #expect(history.compacted(through: 5) { _ in } == nil)
    }

    @Test func aBoundKeepsNoOlderRecords() {
        let history = Self.history([.put(2), .put(4), .delete(7), .put(9)])
        #expect(self.revisions(history.bound) == [9])
    }

    @Test func aRecordIsFoundFromItsRevisionUntilTheNext() {
        let history = Self.history([.put(2), .put(4), .delete(7), .put(9)])
        let found = (1...10).map { history.record(at: $0)?.modRevision }
        #expect(found == [nil, 2, 2, 4, 4, 4, 7, 7, 9, 9])
        #expect(history.record(at: 7)?.isTombstone == true)
    }

    /// Every history of up to six changes, at every horizon.
    @Test func everySmallHistoryIsCompactedAsTheDefinitionSays() {
        var odometer = Odometer()
        while odometer.next() {
            var changes: [Change] = [.put(2)]
            var revision: Int64 = 2
            var isDeleted = false
            for _ in 0..<odometer.choose(6) {
                // A transaction can put and delete a key at one revision.
                revision += Int64(odometer.choose(2)) + (isDeleted ? 1 : 0)
                let deletes = !isDeleted && odometer.choose(2) == 1
                changes.append(deletes ? .delete(revision) : .put(revision))
                isDeleted = deletes
            }
            let history = Self.history(changes)
            var all: [Record] = []
            history.forEachRecord { all.append($0) }
            for horizon in 1...(revision + 1) {
                let newest = all.lastIndex { $0.modRevision <= horizon }
                let firstKept = newest.map { index in
                    all[index].isTombstone && all[index].modRevision < horizon ? index + 1 : index
                }
                let expected = all[(firstKept ?? 0)...].map(\.modRevision)
                var dropped: [Int64] = []
                let rest = history.compacted(through: horizon) { dropped.append($0.modRevision) }
                #expect(self.revisions(rest) == expected, "\(changes) at \(horizon)")
                #expect(dropped + expected == all.map(\.modRevision), "\(changes) at \(horizon)")
                #expect(history.hasGarbage(below: horizon) == !dropped.isEmpty, "\(changes) at \(horizon)")
            }
        }
    }

    @Test func aCompactedHistoryGrowsOnWithoutTouchingTheOriginal() {
        let history = Self.history([.put(2), .put(4), .put(6), .put(8)])
        var rest = history.compacted(through: 6) { _ in }
        rest?.append(Self.tombstone(at: 9))
        var other = history
        other.append(Self.tombstone(at: 10))
        #expect(self.revisions(rest) == [6, 8, 9])
        #expect(self.revisions(other) == [2, 4, 6, 8, 10])
        #expect(self.revisions(history) == [2, 4, 6, 8])
    }
}
