import NIOCore
import SnapshotFile
import TestSupport
import Testing

@Suite struct BoltRoundTripTests {
    /// What is left of a page for one element with a key of eight bytes.
    private static let room = 4_096 - 16 - 16 - 8

    @Test(arguments: [
        [], [0], [1], [900], [1_000], [4_000],
        [room - 1], [room], [room + 1], [room + 4_096], [room + 4_097],
        [room, room], [room + 1, 0], [0, room + 1, 0], [100, 1_572_864, 3, 70_000],
        Array(repeating: 1, count: 1_000), Array(repeating: 2_000, count: 500),
        Array(repeating: 5_000, count: 300), [20, 3_000_000] + Array(repeating: 10, count: 400),
    ])
    func whatIsWrittenIsRead(valueByteCounts: [Int]) throws {
        let elements = numbered(valueByteCounts)
        let other = [BoltList.Element(key: [7], value: [1, 2, 3])]
        let file = BoltBytes([
            .init("key", BoltList(elements)), .init("empty", BoltList([])), .init("other", BoltList(other)),
        ])
        #expect(file.bytes.count % 4_096 == 0)
        #expect(try file.elements(of: "key") == elements)
        #expect(try file.elements(of: "empty") == [])
        #expect(try file.elements(of: "other") == other)
        #expect(try file.elements(of: "no such bucket") == [])
        #expect(try file.reader().bucketNames == ["empty", "key", "other"])
    }

    /// Every size of two values around the border of a page, in an odometer.
    @Test func everyPairOfSizesAroundAPageBorderIsRead() throws {
        var odometer = Odometer()
        while odometer.next() {
            let first = Self.room - 30 + odometer.choose(60)
            let second = odometer.choose(40)
            let elements = numbered([first, second])
            let file = BoltBytes([.init("key", BoltList(elements))])
            #expect(try file.elements(of: "key") == elements)
        }
    }

    @Test(arguments: [1, 4_095, 4_096, 4_097, 32_768, 1_000_000])
    func theBytesDoNotDependOnTheSizeOfTheParts(partByteCount: Int) {
        let elements = numbered((0..<2_000).map { $0 % 97 * 11 })
        let buckets = [BoltFileWriter.Bucket("key", BoltList(elements))]
        #expect(BoltBytes(buckets, partByteCount: partByteCount).bytes == BoltBytes(buckets).bytes)
    }

    /// Keys of 1,000 bytes leave room for four on a branch page, so the tree is deep.
    @Test(arguments: [1, 2, 3, 4, 5, 16, 17, 64, 300, 1_000])
    func deepTreesAreRead(count: Int) throws {
        let elements = (0..<count).map { index in
            let number = (0..<4).map { UInt8(truncatingIfNeeded: index >> (24 - 8 * $0)) }
            return BoltList.Element(key: Array(repeating: 1, count: 996) + number, value: [9])
        }
        let file = BoltBytes([.init("key", BoltList(elements))])
        #expect(try file.elements(of: "key") == elements)
        var tree = TreeCheck(file)
        try tree.check("key")
    }

    @Test func keysLargerThanAPageAreRead() throws {
        let elements = (UInt8(1)...9).map { index in
            BoltList.Element(key: Array(repeating: index, count: 32_768), value: [index])
        }
        let file = BoltBytes([.init("authUsers", BoltList(elements))])
        #expect(try file.elements(of: "authUsers") == elements)
        var tree = TreeCheck(file)
        try tree.check("authUsers")
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func randomContentsAreReadAndNoPageIsLost(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let sizes = (0..<random.below(3_000)).map { _ in
            random.chance(2) ? random.below(20_000) : random.below(300)
        }
        let elements = numbered(sizes)
        let file = BoltBytes([.init("key", BoltList(elements)), .init("meta", BoltList([]))])
        #expect(try file.elements(of: "key") == elements)
        var tree = TreeCheck(file)
        try tree.check("key")
    }

    @Test func namesOfManyBucketsAreReadFromSeveralPages() throws {
        let buckets = (0..<300).map { index in
            BoltFileWriter.Bucket("bucket \(index)", BoltList(numbered([index])))
        }
        let file = BoltBytes(buckets)
        #expect(try file.reader().bucketNames.count == 300)
        #expect(try file.elements(of: "bucket 299") == numbered([299]))
    }
}

/// Walks a tree by the numbers in its bytes, without the code under test, and checks what bbolt relies on.
private struct TreeCheck {
    let file: BoltBytes
    private var used: Set<Int> = []

    init(_ file: BoltBytes) {
        self.file = file
    }

    /// Checks the tree of the only bucket that has pages, and that all pages of the file are in use.
    mutating func check(_ bucket: String) throws {
        let names = Int(self.file.number(at: 32, as: UInt64.self))
        if let root = try self.file.root(of: bucket) { _ = self.firstKey(ofPage: root) }
        let pageCount = Int(self.file.number(at: 56, as: UInt64.self))
        #expect(pageCount * BoltBytes.pageByteCount == self.file.bytes.count)
        #expect(self.used.union([names]) == Set(2..<pageCount))
    }

    private mutating func firstKey(ofPage number: Int) -> [UInt8] {
        let page = number * BoltBytes.pageByteCount
        #expect(self.file.number(at: page, as: UInt64.self) == UInt64(number))
        for further in 0...Int(self.file.number(at: page + 12, as: UInt32.self)) {
            #expect(self.used.insert(number + further).inserted)
        }
        let isBranch = self.file.number(at: page + 8, as: UInt16.self) == 1
        let count = Int(self.file.number(at: page + 10, as: UInt16.self))
        #expect(count >= (isBranch ? 2 : 1))
        var first: [UInt8] = []
        for index in 0..<count {
            let element = page + 16 + 16 * index
            let position = Int(self.file.number(at: element + (isBranch ? 0 : 4), as: UInt32.self))
            let byteCount = Int(self.file.number(at: element + (isBranch ? 4 : 8), as: UInt32.self))
            let key = Array(self.file.bytes[element + position..<element + position + byteCount])
            if index == 0 { first = key }
            if isBranch {
                let child = Int(self.file.number(at: element + 8, as: UInt64.self))
                #expect(self.firstKey(ofPage: child) == key)
            }
        }
        return first
    }
}
