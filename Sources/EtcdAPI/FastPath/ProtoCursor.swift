// EtcdAPI: the messages of the etcd v3 API.
//
// `Generated/` holds swift-protobuf's code for every message of `Protos/`. `FastPath/` reads and writes the
// few hot messages directly, splicing records that are already encoded; tests hold both byte for byte against
// each other. This target knows no store, no connection and no policy. Begin with `ProtoCursor` and
// `ProtoWriter`.

/// Reads protobuf scalars and fields from borrowed bytes without copying them.
///
/// The bytes are passed to each call, so the cursor itself is a plain value; they must be the same bytes each
/// time. Every function returns `nil` when the bytes end early or are malformed; the offset is then
/// unspecified.
package struct ProtoCursor: Sendable {
    /// The next byte to read.
    package var offset: Int
    /// The first byte that no longer belongs to this message.
    package let end: Int

    /// Creates a cursor over `range` of the bytes that later calls pass, which must have at least that many.
    package init(_ range: Range<Int>) {
        self.offset = range.lowerBound
        self.end = range.upperBound
    }

    /// Whether all bytes were read.
    package var isAtEnd: Bool { self.offset >= self.end }

    /// Returns the next varint, or `nil` when the bytes end early or the value is longer than ten bytes.
    @inline(__always)
    package mutating func varint(in bytes: RawSpan) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while self.offset < self.end, shift < 64 {
            // `end` never exceeds the span's count: the initialiser's range and `lengthDelimited` see to it.
            let byte = bytes.unsafeLoad(fromByteOffset: self.offset, as: UInt8.self)
            self.offset += 1
            value |= UInt64(byte & 0x7f) &<< shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    /// Returns the next field's number and wire type.
    @inline(__always)
    package mutating func tag(in bytes: RawSpan) -> (field: Int, wire: UInt8)? {
        guard let raw = self.varint(in: bytes), raw >> 3 >= 1, raw >> 3 < 1 << 29 else { return nil }
        return (Int(raw >> 3), UInt8(raw & 7))
    }

    /// Returns where the bytes of the length-delimited field are that begins here, and moves past them.
    @inline(__always)
    package mutating func lengthDelimited(in bytes: RawSpan) -> Range<Int>? {
        guard let length = self.varint(in: bytes), length <= UInt64(self.end - self.offset) else {
            return nil
        }
        let start = self.offset
        self.offset = start + Int(length)
        return start..<self.offset
    }

    /// Moves past the value of a field that this reader does not know; `false` when it is malformed.
    package mutating func skip(wire: UInt8, in bytes: RawSpan) -> Bool {
        switch wire {
        case 0: return self.varint(in: bytes) != nil
        case 1: return self.advance(by: 8)
        case 2: return self.lengthDelimited(in: bytes) != nil
        case 5: return self.advance(by: 4)
        default: return false  // Groups are not part of proto3.
        }
    }

    private mutating func advance(by count: Int) -> Bool {
        guard self.end - self.offset >= count else { return false }
        self.offset += count
        return true
    }
}
