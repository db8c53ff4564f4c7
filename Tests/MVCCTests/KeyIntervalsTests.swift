import NIOCore
import TestSupport
import Testing

@testable import MVCC

@Suite struct KeyIntervalsTests {
    private static let letters: [UInt8] = [0x00, 0x61, 0xff]
    /// All keys of up to two letters.
    private static let words: [[UInt8]] =
        letters.map { [$0] } + letters.flatMap { a in letters.map { [a, $0] } }

    private func range(_ random: inout SeededGenerator) -> KeyRange {
        let start = ByteBuffer(bytes: random.pick(Self.words))
        return switch random.below(8) {
        case 0..<4: KeyRange(start)
        case 4..<7: KeyRange(key: start, rangeEnd: ByteBuffer(bytes: random.pick(Self.words)))
        default: KeyRange(key: start, rangeEnd: ByteBuffer(bytes: [0]))
        }
    }

    @Test func nothingIsInTheEmptySet() {
        #expect(!KeyIntervals().contains(ByteBuffer(bytes: [0])))
        #expect(
            !KeyIntervals([KeyRange(key: ByteBuffer(bytes: [2]), rangeEnd: ByteBuffer(bytes: [1]))])
                .contains(ByteBuffer(bytes: [1]))
        )
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func aKeyIsInTheSetIfItIsInOneOfTheRanges(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let left = (0..<random.below(5)).map { _ in self.range(&random) }
        let right = (0..<random.below(5)).map { _ in self.range(&random) }
        var union = KeyIntervals(left)
        union.formUnion(KeyIntervals(right))
        for word in Self.words {
            let key = ByteBuffer(bytes: word)
            #expect(
                KeyIntervals(left).contains(key) == left.contains { $0.contains(key) },
                "\(word) in \(left)"
            )
            #expect(
                union.contains(key) == (left + right).contains { $0.contains(key) },
                "\(word) in \(left), \(right)"
            )
        }
    }

    /// Nested branches hold many more puts and deletes than one level allows.
    @Test(.timeLimit(.minutes(5)))
    func aTransactionOfThousandsOfRangesIsChecked() throws {
        var number = 0
        func next() -> ByteBuffer {
            number += 1
            return ByteBuffer(integer: UInt32(number))
        }
        func tree(depth: Int) -> Transaction {
            Transaction(
                success: (0..<14).map { _ in
                    depth > 0
                        ? .transaction(tree(depth: depth - 1)) : .deleteRange(DeleteRange(KeyRange(next())))
                },
                failure: (0..<14).map { _ in
                    depth > 0 ? .transaction(Transaction()) : .put(Put(key: next(), value: ByteBuffer()))
                }
            )
        }
        try tree(depth: 2).validate(operationLimit: 128)
        #expect(number == 2 * 14 * 14 * 14)
    }
}
