import NIOCore
import SnapshotFile

/// A database in memory, and what tests do with one.
struct BoltBytes {
    var bytes: [UInt8]

    static let pageByteCount = 4_096

    /// Writes buckets, in parts of so many bytes.
    init(_ buckets: [BoltFileWriter.Bucket], partByteCount: Int = .max) {
        var writer = BoltFileWriter(buckets)
        var result: [UInt8] = []
        result.reserveCapacity(writer.byteCount)
        var buffer = ByteBuffer()
        while result.count < writer.byteCount {
            let missing = min(partByteCount, writer.byteCount - result.count)
            writer.appendPages(to: &buffer, byteCount: missing)
            result += Array(buffer.readableBytesView.prefix(missing))
            buffer.moveReaderIndex(forwardBy: missing)
        }
        self.bytes = result
    }

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    func reader() throws(SnapshotFileError) -> BoltFileReader {
        let bytes = self.bytes
        return try BoltFileReader(byteCount: bytes.count) { offset, count in
            Array(bytes[offset..<offset + count])
        }
    }

    /// Returns what a reader finds in a bucket.
    func elements(of name: String) throws -> [BoltList.Element] {
        var reader = try self.reader()
        var found: [BoltList.Element] = []
        try reader.forEachElement(of: name) { key, value in
            found.append(BoltList.Element(key: Array(key), value: Array(value)))
        }
        return found
    }

    /// Reads everything, as a restoration does.
    func readAll() throws {
        var reader = try self.reader()
        for name in reader.bucketNames { try reader.forEachElement(of: name) { _, _ in } }
    }

    func number<N: FixedWidthInteger>(at offset: Int, as type: N.Type) -> N {
        self.bytes[offset..<offset + N.bitWidth / 8].reversed().reduce(0) { $0 << 8 | N($1) }
    }

    mutating func set<N: FixedWidthInteger>(_ number: N, at offset: Int) {
        for index in 0..<N.bitWidth / 8 {
            self.bytes[offset + index] = UInt8(truncatingIfNeeded: number >> (8 * N(index)))
        }
    }

    /// The root page of a bucket, or `nil` when it is kept inside the page that names it.
    ///
    /// Only for files whose buckets are all named on one page.
    func root(of name: String) throws -> Int? {
        let page = Int(self.number(at: 16 + 16, as: UInt64.self)) * Self.pageByteCount
        for index in 0..<Int(self.number(at: page + 10, as: UInt16.self)) {
            let element = page + 16 + 16 * index
            let key = element + Int(self.number(at: element + 4, as: UInt32.self))
            let count = Int(self.number(at: element + 8, as: UInt32.self))
            guard self.bytes[key..<key + count].elementsEqual(name.utf8) else { continue }
            let root = Int(self.number(at: key + count, as: UInt64.self))
            return root == 0 ? nil : root
        }
        return nil
    }
}

/// Makes elements with keys of eight bytes.
func numbered(_ valueByteCounts: [Int]) -> [BoltList.Element] {
    valueByteCounts.enumerated().map { index, count in
        let key = (0..<8).map { UInt8(truncatingIfNeeded: (index + 1) >> (56 - 8 * $0)) }
        return BoltList.Element(
            key: key,
            value: Array(repeating: UInt8(truncatingIfNeeded: index), count: count)
        )
    }
}
