import EtcdAPI
import Testing

@Suite struct ProtoCursorTests {
    @Test(
        "reads a varint and stops behind it",
        arguments: [
            ([0x00], 0, 1),
            ([0x01, 0xff], 1, 1),
            ([0x7f], 127, 1),
            ([0x80, 0x01], 128, 2),
            ([0xac, 0x02], 300, 2),
            // Longer than needed is allowed up to ten bytes.
            ([0x81, 0x80, 0x00], 1, 3),
            ([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], .max, 10),
        ] as [([UInt8], UInt64, Int)]
    )
    func readsVarint(bytes: [UInt8], expected: UInt64, end: Int) {
        var cursor = ProtoCursor(0..<bytes.count)
        let value = cursor.varint(in: bytes.span.bytes)
        #expect(value == expected)
        #expect(cursor.offset == end)
    }

    @Test(
        "refuses a varint that ends early or never",
        arguments: [[], [0x80], [0xff, 0xff], [UInt8](repeating: 0x80, count: 11)] as [[UInt8]]
    )
    func refusesVarint(bytes: [UInt8]) {
        var cursor = ProtoCursor(0..<bytes.count)
        let value = cursor.varint(in: bytes.span.bytes)
        #expect(value == nil)
    }

    @Test(
        "refuses a tag without a field number or with one above 2^29 - 1",
        arguments: [[0x00], [0x07], [0x80, 0x80, 0x80, 0x80, 0x10]] as [[UInt8]]
    )
    func refusesTag(bytes: [UInt8]) {
        var cursor = ProtoCursor(0..<bytes.count)
        let field = cursor.tag(in: bytes.span.bytes)?.field
        #expect(field == nil)
    }

    @Test(
        "skips a value of each wire type",
        arguments: [
            (0, [0x96, 0x01], 2),
            (1, [1, 2, 3, 4, 5, 6, 7, 8], 8),
            (2, [3, 1, 2, 3], 4),
            (5, [1, 2, 3, 4], 4),
        ] as [(UInt8, [UInt8], Int)]
    )
    func skips(wire: UInt8, bytes: [UInt8], end: Int) {
        var cursor = ProtoCursor(0..<bytes.count)
        let isSkipped = cursor.skip(wire: wire, in: bytes.span.bytes)
        #expect(isSkipped)
        #expect(cursor.offset == end)
    }

    @Test(
        "does not skip a value that is cut short or of a wire type that proto3 has not",
        arguments: [
            (0, [0x96]), (1, [1, 2, 3, 4, 5, 6, 7]), (2, [3, 1, 2]), (5, [1, 2, 3]), (3, [1]), (4, [1]),
            (6, [1]), (7, [1]), (2, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        ] as [(UInt8, [UInt8])]
    )
    func doesNotSkip(wire: UInt8, bytes: [UInt8]) {
        var cursor = ProtoCursor(0..<bytes.count)
        let isSkipped = cursor.skip(wire: wire, in: bytes.span.bytes)
        #expect(!isSkipped)
    }

    @Test func aCursorOverAPartNeverReadsBehindIt() {
        let bytes: [UInt8] = [0x80, 0x80, 0x01]
        var cursor = ProtoCursor(0..<2)
        let value = cursor.varint(in: bytes.span.bytes)
        #expect(value == nil)
        #expect(cursor.offset == 2)
    }
}
