import SnapshotFile
import TestSupport
import Testing

@Suite struct BoltDamageTests {
    /// A tree of two levels, a page with further pages, and a small bucket.
    private static let sound = BoltBytes([
        .init("key", BoltList(numbered((0..<2_000).map { $0 == 700 ? 10_000 : 40 }))),
        .init("meta", BoltList(numbered([3, 4]))),
    ])

    private static func rootOffset() throws -> Int {
        try #require(try Self.sound.root(of: "key")) * BoltBytes.pageByteCount
    }

    private static func expectDamage(
        _ file: BoltBytes,
        page: Int,
        _ reason: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let expected = SnapshotFileError.damagedPage(
            number: UInt64(page),
            offset: page * BoltBytes.pageByteCount,
            reason: reason
        )
        #expect(throws: expected, sourceLocation: sourceLocation) { try file.readAll() }
    }

    @Test func theFileIsSoundBeforeItIsDamaged() throws {
        try Self.sound.readAll()
        #expect(try Self.sound.number(at: Self.rootOffset() + 8, as: UInt16.self) == 1)
    }

    @Test func eitherMetaPageIsEnough() throws {
        for page in 0..<2 {
            var file = Self.sound
            file.set(UInt64(0), at: page * BoltBytes.pageByteCount + 16 + 56)
            #expect(try file.elements(of: "key").count == 2_000)
        }
    }

    @Test func withoutAMetaPageItIsForeign() {
        var file = Self.sound
        for page in 0..<2 { file.set(UInt32(0), at: page * BoltBytes.pageByteCount + 16) }
        let reason = "neither of its first two pages is bbolt's, or both are damaged"
        #expect(throws: SnapshotFileError.foreign(reason: reason)) { try file.readAll() }
        #expect(throws: SnapshotFileError.foreign(reason: "it has 0 bytes")) {
            try BoltBytes(bytes: []).readAll()
        }
    }

    @Test func everyTruncationIsNoticed() {
        let whole = Self.sound.bytes.count
        for count in stride(from: 8_192, to: whole, by: 4_096) {
            let file = BoltBytes(bytes: Array(Self.sound.bytes.prefix(count)))
            let expected = SnapshotFileError.truncated(expectedBytes: whole, foundBytes: count)
            #expect(throws: expected) { try file.readAll() }
        }
    }

    @Test func aCycleEnds() throws {
        var file = Self.sound
        let root = try Self.rootOffset()
        file.set(UInt64(root / 4_096), at: root + 16 + 8)
        Self.expectDamage(file, page: root / 4_096, "it is used twice")
    }

    @Test func aPageThatIsUsedTwiceIsNoticed() throws {
        var file = Self.sound
        let root = try Self.rootOffset()
        let first = file.number(at: root + 16 + 8, as: UInt64.self)
        file.set(first, at: root + 16 + 16 + 8)
        Self.expectDamage(file, page: Int(first), "it is used twice")
    }

    @Test func aPageOutsideOfTheFileIsNoticed() throws {
        let root = try Self.rootOffset()
        let count = Self.sound.bytes.count / 4_096
        for number in [0, 1, UInt64(count), .max, .max / 4_096] {
            var file = Self.sound
            file.set(number, at: root + 16 + 8)
            let error = #expect(throws: SnapshotFileError.self) { try file.readAll() }
            guard case .damagedPage(number, _, let reason) = error else {
                Issue.record("unexpected: \(String(describing: error))")
                continue
            }
            #expect(reason == "a page refers to it, but the file has \(count) pages")
        }
    }

    @Test func aPageThatClaimsTooMuchIsNoticed() throws {
        var file = Self.sound
        let root = try Self.rootOffset()
        file.set(UInt32.max, at: root + 12)
        Self.expectDamage(
            file,
            page: root / 4_096,
            "it claims to have \(Int(UInt32.max) * 4_096 + 4_096) bytes"
        )
    }

    @Test func headersThatMakeNoSenseAreNoticed() throws {
        let root = try Self.rootOffset()
        var file = Self.sound
        file.set(UInt64(12_345), at: root)
        Self.expectDamage(file, page: root / 4_096, "it calls itself page 12345")
        file = Self.sound
        file.set(UInt16(4), at: root + 8)
        Self.expectDamage(file, page: root / 4_096, "it is of kind 4, which has no place here")
        file = Self.sound
        file.set(UInt16.max, at: root + 10)
        Self.expectDamage(file, page: root / 4_096, "it cannot have 65535 elements")
        file = Self.sound
        file.set(UInt16(0), at: root + 10)
        Self.expectDamage(file, page: root / 4_096, "it cannot have 0 elements")
    }

    @Test func elementsThatMakeNoSenseAreNoticed() throws {
        let root = try Self.rootOffset()
        let leaf = Int(Self.sound.number(at: root + 16 + 8, as: UInt64.self))
        let element = leaf * 4_096 + 16
        for field in [4, 8, 12] {
            var file = Self.sound
            file.set(UInt32.max, at: element + field)
            Self.expectDamage(file, page: leaf, "element 0 ends outside of the page")
        }
        var file = Self.sound
        file.set(UInt32(0), at: element + 8)
        Self.expectDamage(file, page: leaf, "element 0 has no key")
        file = Self.sound
        file.set(UInt32(2), at: element)
        Self.expectDamage(file, page: leaf, "element 0 is of kind 2, which is unknown")
        file = Self.sound
        file.set(UInt32(1), at: element)
        Self.expectDamage(file, page: leaf, "a bucket is inside another")
        file = Self.sound
        file.bytes[element + Int(file.number(at: element + 4, as: UInt32.self))] = 0xff
        Self.expectDamage(file, page: leaf, "its keys do not ascend")
    }

    /// Damages of all kinds: whatever comes out, the process lives and says something that makes sense.
    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func randomDamageNeverCrashes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<30 {
            var file = Self.sound
            for _ in 0...random.below(4) { Self.damage(&file, &random) }
            do {
                try file.readAll()
            } catch let error as SnapshotFileError {
                #expect(!error.description.isEmpty)
            }
        }
    }

    /// Mostly in headers, which say where things are.
    private static func damage(_ file: inout BoltBytes, _ random: inout SeededGenerator) {
        let page = random.below(file.bytes.count / 4_096) * 4_096
        let offset = page + (random.chance(70) ? random.below(160) : random.below(4_088))
        switch random.below(5) {
        case 0: file.bytes[offset] ^= 1 << UInt8(random.below(8))
        case 1: file.set(random.next(), at: offset)
        case 2: file.set(UInt32(random.below(70_000)), at: offset)
        case 3: file.set(UInt64(random.below(file.bytes.count / 4_096)), at: offset)
        default: file.set(random.chance(50) ? UInt64.max : 0, at: offset)
        }
    }
}
