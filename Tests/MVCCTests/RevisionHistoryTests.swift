import NIOCore
import Testing

@testable import MVCC

@Suite struct RevisionHistoryTests {
    private static func record(_ revision: Int64, _ sub: Int = 0) -> Record {
        Record(
            key: ByteBuffer(string: "k"),
            value: ByteBuffer(),
            createRevision: revision,
            modRevision: revision,
            sub: sub,
            version: 1,
            lease: 0
        )
    }

    /// Records at every second revision, two at each.
    private static func history(_ count: Int) -> RevisionHistory {
        var history = RevisionHistory()
        for position in 0..<count { history.append(self.record(Int64(position / 2 * 2), position % 2)) }
        return history
    }

    @Test func anEmptyHistoryHasNoPositions() {
        let history = RevisionHistory()
        #expect(history.start == 0)
        #expect(history.end == 0)
        #expect(history.position(of: 5) == 0)
    }

    @Test(arguments: [1, 511, 512, 513, 1023, 1024, 1025, 1537])
    func everyRecordIsAtItsPosition(count: Int) {
        let history = Self.history(count)
        #expect(history.end == count)
        for position in 0..<count {
            #expect(history[position].modRevision == Int64(position / 2 * 2))
            #expect(history[position].sub == position % 2)
        }
    }

    @Test func thePositionOfARevisionIsItsFirstRecordOrTheNextRevisions() {
        let history = Self.history(1100)
        for revision in (-1 as Int64)...1102 {
            let expected = min(max(0, Int(revision) + Int(revision & 1)), 1100)
            #expect(history.position(of: revision) == expected, "revision \(revision)")
        }
    }

    @Test(arguments: [
        (0, 0), (1, 0), (511, 0), (512, 512), (513, 512), (1023, 512), (1024, 1024), (1400, 1024),
    ])
    func onlyWholeChunksLeave(position: Int, start: Int) {
        var history = Self.history(1400)
        let before = history
        history.removeChunks(before: position)
        #expect(history.start == start)
        #expect(history.end == 1400)
        for position in start..<1400 { #expect(history[position].modRevision == Int64(position / 2 * 2)) }
        #expect(history.position(of: 0) == start)
        #expect(history.position(of: 1200) == 1200)
        #expect(before.start == 0)
        #expect(before[0].modRevision == 0)
    }

    @Test func theLastFullChunkStaysUntilItsSuccessorBegins() {
        var history = Self.history(512)
        history.removeChunks(before: 512)
        #expect(history.start == 0)
        history.append(Self.record(512))
        history.removeChunks(before: 512)
        #expect(history.start == 512)
        #expect(history.end == 513)
        #expect(history[512].modRevision == 512)
    }

    @Test func copiesThatDivergeAtAChunksEndKeepTheirOwnRecords() {
        for count in [510, 511, 512, 513] {
            let base = Self.history(count)
            var left = base
            var right = base
            for step in 0..<600 {
                left.append(Self.record(10_000 + Int64(step)))
                right.append(Self.record(20_000 + Int64(step)))
            }
            #expect(base.end == count)
            #expect(left.end == count + 600)
            for step in 0..<600 {
                #expect(left[count + step].modRevision == 10_000 + Int64(step))
                #expect(right[count + step].modRevision == 20_000 + Int64(step))
            }
            #expect(left[count - 1].modRevision == base[count - 1].modRevision)
        }
    }
}
