import MVCC
import NIOCore
import TestSupport
import Testing

@testable import Watching

@Suite struct LogWindowTests {
    @Test("windows in a row show the wanted history once, and split no revision", arguments: 1...30)
    func windowsInARow(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let keyspace = Self.keyspace(revisions: 60, &random)
        var limits = WatchLimits()
        limits.segmentRevisions = 1 + random.below(5)
        limits.segmentBytes = 1 + random.below(400)
        limits.catchUpRecords = 1 + random.below(20)
        let bound = random.chance(50) ? Int64.max : 2 + Int64(random.below(61))
        let letter = random.pick(["a", "b"])
        let isWanted: (Record) -> Bool = { record in String(buffer: record.key).hasPrefix(letter) }

        var next = Int64(1 + random.below(20))
        let expected = (0..<keyspace.history.end).filter { position in
            let record = keyspace.history[position]
            return record.modRevision >= next && record.modRevision < bound && isWanted(record)
        }
        var seen: [Int] = []
        while next < min(bound, keyspace.revision + 1) {
            let start = keyspace.history.position(of: next)
            let window = LogWindow(from: start, of: keyspace, before: bound, limits: limits, where: isWanted)
            #expect(window.lastRevision >= next, "a window makes progress")
            #expect(window.lastRevision < bound)
            let revisions = Set(window.positions.map { keyspace.history[$0].modRevision })
            #expect(revisions.count <= limits.segmentRevisions)
            #expect(revisions.allSatisfy { $0 >= next && $0 <= window.lastRevision })
            // One revision alone may be over the limits, for it is never split.
            let bytes = window.positions.filter { keyspace.history[$0].modRevision != revisions.max() }
                .reduce(0) { $0 + Segment.byteCount(of: keyspace.history[$1], nil) }
            #expect(bytes < limits.segmentBytes)
            seen += window.positions
            next = window.lastRevision + 1
        }
        #expect(seen == expected, "seed \(seed)")
    }

    @Test func aWindowWithoutALimitReachesTheHeadOrItsBound() {
        var random = SeededGenerator(seed: 1)
        let keyspace = Self.keyspace(revisions: 10, &random)
        let whole = LogWindow(from: 0, of: keyspace, before: .max, limits: WatchLimits())
        #expect(whole.lastRevision == 11)
        #expect(whole.positions == Array(0..<keyspace.history.end))
        let nothing = LogWindow(from: 0, of: keyspace, before: .max, limits: WatchLimits()) { _ in false }
        #expect(nothing.lastRevision == 11, "nothing was wanted up to the head")
        #expect(nothing.positions.isEmpty)
        let bounded = LogWindow(from: 0, of: keyspace, before: 5, limits: WatchLimits())
        #expect(bounded.lastRevision == 4)
        let beyond = LogWindow(from: keyspace.history.end, of: keyspace, before: .max, limits: WatchLimits())
        #expect(beyond.lastRevision == 11)
    }

    private static func keyspace(revisions: Int, _ random: inout SeededGenerator) -> Keyspace {
        var keyspace = Keyspace()
        for _ in 0..<revisions {
            var keys = ["a1", "a2", "a3", "b1", "b2", "b3"]
            keys.shuffle(using: &random)
            let value = String(repeating: "x", count: random.below(100))
            let operations = keys.prefix(1 + random.below(4)).map { Operation.put($0, value) }
            _ = try? keyspace.apply(Transaction(success: operations))
        }
        return keyspace
    }
}

@Suite struct SegmentTests {
    @Test("parts hold all events in order and are as large as they may be", arguments: 1...20)
    func parts(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var keyspace = Keyspace()
        for _ in 0..<30 {
            let value = ByteBuffer(repeating: 0x78, count: random.below(random.chance(10) ? 400 : 60))
            _ = try? keyspace.put(Put(key: ByteBuffer(string: "k\(random.below(5))"), value: value))
        }
        let limit = 1 + random.below(300)
        let wantsPrevious = random.chance(50)
        let segment = Segment.encode(0..<keyspace.history.end, wantsPrevious: wantsPrevious, of: keyspace)
        // A reader index in the middle of a buffer must not matter.
        var shifted = ByteBuffer(repeating: 0xff, count: 3)
        shifted.writeImmutableBuffer(segment)
        shifted.moveReaderIndex(forwardBy: 3)
        let parts = Segment.split(shifted, limit: limit)
        #expect(parts.flatMap { Array($0.readableBytesView) } == Array(segment.readableBytesView))

        let sizes = (0..<keyspace.history.end).map { position in
            let record = keyspace.history[position]
            return Segment.byteCount(of: record, wantsPrevious ? keyspace.previous(of: record) : nil)
        }
        var expected: [Int] = []
        for size in sizes {
            if let last = expected.last, last + size <= limit {
                expected[expected.count - 1] = last + size
            } else {
                expected.append(size)
            }
        }
        #expect(parts.map(\.readableBytes) == expected)
    }

    @Test func oneEventIsNeverSplit() {
        var keyspace = Keyspace()
        _ = try? keyspace.put(
            Put(key: ByteBuffer(string: "k"), value: ByteBuffer(repeating: 1, count: 1_000))
        )
        let segment = Segment.encode([0], wantsPrevious: false, of: keyspace)
        #expect(Segment.split(segment, limit: 10) == [segment])
    }
}
