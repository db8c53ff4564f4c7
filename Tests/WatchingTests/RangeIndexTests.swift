import MVCC
import NIOCore
import TestSupport
import Testing

@testable import Watching

@Suite struct RangeIndexTests {
    @Test("finds the same groups as a linear scan", arguments: 1...20)
    func findsTheSameAsALinearScan(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var index = RangeIndex()
        var groups: [WatchGroup] = []
        for _ in 0..<150 {
            if groups.isEmpty || random.chance(65) {
                let group = WatchGroup(Self.interest(Self.range(&random)))
                groups.append(group)
                index.insert(group)
            } else {
                index.remove(groups.remove(at: random.below(groups.count)))
            }
            for _ in 0..<4 {
                let record = Self.record(Self.key(&random, allowsEmpty: false))
                var found: [ObjectIdentifier] = []
                index.forEachGroup(holding: record) { found.append(ObjectIdentifier($0)) }
                let expected = groups.filter { $0.interest.range.contains(keyOf: record) }.map(
                    ObjectIdentifier.init
                )
                #expect(found.count == Set(found).count, "a group is found twice")
                #expect(Set(found) == Set(expected))
            }
        }
        for group in groups { index.remove(group) }
        index.forEachGroup(holding: Self.record([1])) { _ in Issue.record("an empty index finds a group") }
    }

    @Test func rangesWithTheSameStartAreAllFound() {
        var index = RangeIndex()
        let ends: [[UInt8]] = [[0], [0x61, 0x62], [0x61, 0x63], [0x62], [0x7a], [0xff]]
        for end in ends {
            let range = KeyRange(key: ByteBuffer(bytes: [0x61]), rangeEnd: ByteBuffer(bytes: end))
            index.insert(WatchGroup(Self.interest(range)))
        }
        for (key, count) in [([0x61], 6), ([0x61, 0x62], 5), ([0x61, 0xff], 4), ([0x70], 3), ([0x60], 0)]
            as [([UInt8], Int)]
        {
            var found = 0
            index.forEachGroup(holding: Self.record(key)) { _ in found += 1 }
            #expect(found == count, "\(key)")
        }
    }

    private static func key(_ random: inout SeededGenerator, allowsEmpty: Bool) -> [UInt8] {
        let length = allowsEmpty ? random.below(4) : 1 + random.below(3)
        return (0..<length).map { _ in random.pick([0x00, 0x61, 0x62, 0xff]) }
    }

    private static func range(_ random: inout SeededGenerator) -> KeyRange {
        let start = ByteBuffer(bytes: Self.key(&random, allowsEmpty: true))
        return switch random.below(10) {
        case 0..<3: KeyRange(start)
        case 3..<5: KeyRange(key: start, rangeEnd: ByteBuffer(bytes: [0]))
        case 5: KeyRange(prefix: random.pick(["a", "ab", "b", ""]))
        default: KeyRange(key: start, rangeEnd: ByteBuffer(bytes: Self.key(&random, allowsEmpty: false)))
        }
    }

    private static func interest(_ range: KeyRange) -> WatchInterest {
        WatchInterest(range: range, filtersPuts: false, filtersDeletes: false, wantsPrevious: false)
    }

    private static func record(_ key: [UInt8]) -> Record {
        Record(
            key: ByteBuffer(bytes: key),
            value: ByteBuffer(),
            createRevision: 2,
            modRevision: 2,
            sub: 0,
            version: 1,
            lease: 0
        )
    }
}
