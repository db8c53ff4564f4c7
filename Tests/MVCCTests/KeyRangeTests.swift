import MVCC
import NIOCore
import Testing

@Suite struct KeyRangeTests {
    private static func bytes(_ bytes: [UInt8]) -> ByteBuffer { ByteBuffer(bytes: bytes) }

    @Test func theEndDecidesWhatARangeIs() {
        let key = ByteBuffer(string: "k")
        #expect(KeyRange(key: key, rangeEnd: ByteBuffer()).end == .single)
        #expect(KeyRange(key: key, rangeEnd: Self.bytes([0])).end == .unbounded)
        #expect(KeyRange(key: key, rangeEnd: Self.bytes([0, 0])).end == .before(Self.bytes([0, 0])))
        #expect(KeyRange(key: key, rangeEnd: Self.bytes([1])).end == .before(Self.bytes([1])))
        #expect(KeyRange(key) == KeyRange(key: key, rangeEnd: ByteBuffer()))
    }

    @Test(arguments: [
        ("a", "b", false), ("b", "a", true), ("a", "a", true), ("a", "", false), ("a", "\u{0}", false),
        ("a", "a\u{0}", false), ("", "a", false),
    ])
    func aRangeIsEmptyWhenItsEndIsNotAfterItsStart(start: String, end: String, isEmpty: Bool) {
        let range = KeyRange(key: ByteBuffer(string: start), rangeEnd: ByteBuffer(string: end))
        #expect(range.isEmpty == isEmpty)
    }

    @Test func aPrefixRangeHoldsWhatBeginsWithThePrefix() {
        let range = KeyRange(prefix: "ab")
        #expect(range.end == .before(ByteBuffer(string: "ac")))
        let all = KeyRange(prefix: "")
        #expect(all.end == .unbounded)
        #expect(all.contains(Self.bytes([0])))
        #expect(all.contains(Self.bytes([0xff, 0xff])))
        // The last scalar ends in the byte 0xbf: the successor is of bytes, not of characters.
        let last = KeyRange(prefix: "\u{10ffff}")
        #expect(last.end == .before(Self.bytes([0xf4, 0x8f, 0xbf, 0xc0])))
    }

    /// All ranges of up to two bytes against all keys of up to two bytes.
    @Test func containmentIsByByteOrder() {
        let letters: [UInt8] = [0x00, 0x7f, 0x80, 0xff]
        let words = [[]] + letters.map { [$0] } + letters.flatMap { a in letters.map { [a, $0] } }
        for start in words {
            for end in words {
                let range = KeyRange(key: Self.bytes(start), rangeEnd: Self.bytes(end))
                var members = 0
                for key in words {
                    let isInside =
                        switch end {
                        case []: key == start
                        case [0]: !key.lexicographicallyPrecedes(start)
                        default: !key.lexicographicallyPrecedes(start) && key.lexicographicallyPrecedes(end)
                        }
                    #expect(range.contains(Self.bytes(key)) == isInside, "\(key) in \(start)..<\(end)")
                    if isInside { members += 1 }
                }
                if range.isEmpty { #expect(members == 0, "\(start)..<\(end)") }
            }
        }
    }

    @Test func everythingHoldsEveryKeyThatCanBeStored() {
        for key in [[0], [0, 0], [0xff], [0xff, 0xff, 0xff], [0x61]] as [[UInt8]] {
            #expect(KeyRange.everything.contains(Self.bytes(key)))
        }
        #expect(!KeyRange.everything.isEmpty)
    }

    @Test func aRecordsKeyIsComparedInPlace() {
        let record = Record(
            key: ByteBuffer(string: "b"),
            value: ByteBuffer(),
            createRevision: 2,
            modRevision: 2,
            sub: 0,
            version: 1,
            lease: 0
        )
        #expect(KeyRange(prefix: "b").contains(keyOf: record))
        #expect(!KeyRange(prefix: "a").contains(keyOf: record))
        #expect(
            !KeyRange(key: ByteBuffer(string: "b\u{0}"), rangeEnd: Self.bytes([0])).contains(keyOf: record)
        )
    }
}
