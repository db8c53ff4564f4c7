/// A `PutRequest`, decoded without copying its key and value.
///
/// Nothing is validated: an empty key or contradicting flags are the caller's to refuse.
package struct FastPutRequest: Hashable, Sendable {
    /// Where the key's bytes are in the message; empty when absent.
    package var key = 0..<0
    /// Where the value's bytes are in the message; empty when absent.
    package var value = 0..<0
    /// The lease to attach the key to, or zero.
    package var lease: Int64 = 0
    /// Whether the answer carries the record that was there before.
    package var prevKV = false
    /// Whether the key keeps its value.
    package var ignoreValue = false
    /// Whether the key keeps its lease.
    package var ignoreLease = false

    /// Returns the request, or `nil` when the message is malformed.
    ///
    /// The last of a repeated field wins, and fields that are unknown or of another wire type are skipped, as
    /// protobuf asks.
    package static func decode(_ bytes: RawSpan) -> FastPutRequest? {
        var request = FastPutRequest()
        var cursor = ProtoCursor(0..<bytes.byteCount)
        while !cursor.isAtEnd {
            guard let (field, wire) = cursor.tag(in: bytes) else { return nil }
            switch (field, wire) {
            case (1, 2):
                guard let range = cursor.lengthDelimited(in: bytes) else { return nil }
                request.key = range
            case (2, 2):
                guard let range = cursor.lengthDelimited(in: bytes) else { return nil }
                request.value = range
            case (3...6, 0):
                guard let raw = cursor.varint(in: bytes) else { return nil }
                request.setScalar(field, raw)
            default:
                guard cursor.skip(wire: wire, in: bytes) else { return nil }
            }
        }
        return request
    }

    // Not inlined: without whole-module optimisation Swift 6.3.1 loses the field inside the caller's loop.
    @inline(never)
    private mutating func setScalar(_ field: Int, _ raw: UInt64) {
        switch field {
        case 3: self.lease = Int64(bitPattern: raw)
        case 4: self.prevKV = raw != 0
        case 5: self.ignoreValue = raw != 0
        default: self.ignoreLease = raw != 0
        }
    }
}
