/// Writes a `DeleteRangeResponse` around key-value messages that are already encoded.
///
/// In two passes over the deleted records, as ``RangeResponseWriter``: ``add(previousByteCount:)`` for each,
/// then ``begin(_:)`` and ``previous(_:into:)`` for each in the same order. Without previous records there is
/// only ``begin(_:)``.
package struct DeleteRangeResponseWriter: Sendable {
    /// The size in bytes of the response with what was added so far.
    package private(set) var byteCount: Int

    private let header: ResponseHeader
    private let deleted: Int64

    /// Creates a writer of a response with no previous records yet; `deleted` is the number of deleted keys.
    package init(header: ResponseHeader, deleted: Int64) {
        self.header = header
        self.deleted = deleted
        self.byteCount = header.byteCount + ProtoSize.field(deleted)
    }

    /// Makes room for an encoded previous record of this size.
    package mutating func add(previousByteCount: Int) {
        self.byteCount += ProtoSize.delimited(previousByteCount)
    }

    /// Writes what comes before the previous records.
    package func begin(_ writer: inout ProtoWriter) {
        self.header.write(into: &writer)
        writer.field(0x10, self.deleted)
    }

    /// Writes the next previous record, encoded as it is stored.
    package func previous(_ encoded: UnsafeRawBufferPointer, into writer: inout ProtoWriter) {
        writer.delimited(0x1a, encoded)
    }
}
