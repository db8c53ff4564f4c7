import MVCC
import NIOCore

/// Up to three bytes as a number that is ordered as the bytes are: how the models see keys and values.
///
/// Each byte is a digit from 1 to 256 and a missing byte is the digit 0, so that a prefix is before what it
/// begins.
struct SmallBytes: Hashable, Comparable, CustomStringConvertible {
    let rank: Int

    init(_ bytes: some Collection<UInt8>) {
        precondition(bytes.count <= 3, "only three bytes fit")
        var rank = 0
        for byte in bytes { rank = rank * 257 + Int(byte) + 1 }
        for _ in bytes.count..<3 { rank *= 257 }
        self.rank = rank
    }

    init(_ buffer: ByteBuffer) {
        self.init(buffer.readableBytesView)
    }

    var bytes: [UInt8] {
        [self.rank / (257 * 257), self.rank / 257 % 257, self.rank % 257].prefix { $0 > 0 }.map {
            UInt8($0 - 1)
        }
    }

    var buffer: ByteBuffer { ByteBuffer(bytes: self.bytes) }

    var description: String {
        "<" + self.bytes.map { String($0, radix: 16) }.joined(separator: " ") + ">"
    }

    static func < (a: SmallBytes, b: SmallBytes) -> Bool { a.rank < b.rank }
}

/// A record as plain numbers.
struct NaiveRecord: Hashable, CustomStringConvertible {
    var key: SmallBytes
    var value = SmallBytes([])
    var createRevision: Int64 = 0
    var modRevision: Int64
    var sub: Int
    var version: Int64 = 0
    var lease: Int64 = 0
    var isTombstone = false

    var description: String {
        self.isTombstone
            ? "\(self.key) deleted @\(self.modRevision).\(self.sub)"
            : "\(self.key)=\(self.value) @\(self.modRevision).\(self.sub)"
                + " created \(self.createRevision) version \(self.version) lease \(self.lease)"
    }
}

extension NaiveRecord {
    init(_ record: Record) {
        self.init(
            key: record.withUnsafeKey { SmallBytes($0) },
            value: record.withUnsafeValue { SmallBytes($0) },
            createRevision: record.createRevision,
            modRevision: record.modRevision,
            sub: record.sub,
            version: record.version,
            lease: record.lease,
            isTombstone: record.isTombstone
        )
    }
}
