/// A `RangeRequest`, decoded without copying its keys.
///
/// Nothing is validated: an empty key, a negative limit or an unknown sort order is the caller's to refuse.
package struct FastRangeRequest: Hashable, Sendable {
    /// Where the first key's bytes are in the message; empty when absent.
    package var key = 0..<0
    /// Where the end's bytes are in the message: empty for one key, a single zero byte for no upper bound.
    package var rangeEnd = 0..<0
    /// The most keys to return; zero for no limit.
    package var limit: Int64 = 0
    /// The revision to read at; zero or less for the newest.
    package var revision: Int64 = 0
    /// The number of the sort order: none 0, ascending 1, descending 2, or one that etcd does not know.
    package var sortOrder = 0
    /// The number of the field to sort by: key 0, version 1, create 2, mod 3, value 4, or one that etcd does
    /// not know.
    package var sortTarget = 0
    /// Whether a read of this server's own, possibly older state is enough.
    package var serializable = false
    /// Whether values are left out of the answer.
    package var keysOnly = false
    /// Whether only the number of keys is asked for.
    package var countOnly = false
    /// The lowest mod revision to return; zero for no bound.
    package var minModRevision: Int64 = 0
    /// The highest mod revision to return; zero for no bound.
    package var maxModRevision: Int64 = 0
    /// The lowest create revision to return; zero for no bound.
    package var minCreateRevision: Int64 = 0
    /// The highest create revision to return; zero for no bound.
    package var maxCreateRevision: Int64 = 0

    /// Returns the request, or `nil` when the message is malformed.
    ///
    /// The last of a repeated field wins, and fields that are unknown or of another wire type are skipped, as
    /// protobuf asks.
    package static func decode(_ bytes: RawSpan) -> FastRangeRequest? {
        var request = FastRangeRequest()
        var cursor = ProtoCursor(0..<bytes.byteCount)
        while !cursor.isAtEnd {
            guard let (field, wire) = cursor.tag(in: bytes) else { return nil }
            switch (field, wire) {
            case (1, 2):
                guard let range = cursor.lengthDelimited(in: bytes) else { return nil }
                request.key = range
            case (2, 2):
                guard let range = cursor.lengthDelimited(in: bytes) else { return nil }
                request.rangeEnd = range
            case (3...13, 0):
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
        let value = Int64(bitPattern: raw)
        switch field {
        case 3: self.limit = value
        case 4: self.revision = value
        // Protobuf reads an enumeration as the low 32 bits, signed.
        case 5: self.sortOrder = Int(Int32(truncatingIfNeeded: raw))
        case 6: self.sortTarget = Int(Int32(truncatingIfNeeded: raw))
        case 7: self.serializable = raw != 0
        case 8: self.keysOnly = raw != 0
        case 9: self.countOnly = raw != 0
        case 10: self.minModRevision = value
        case 11: self.maxModRevision = value
        case 12: self.minCreateRevision = value
        default: self.maxCreateRevision = value
        }
    }
}
