/// Writes a `RangeResponse` around key-value messages that are already encoded.
///
/// In two passes over the same records: first ``add(kvByteCount:)`` for each, so that ``byteCount`` is exact;
/// then ``begin(_:)``, ``kv(_:into:)`` for each in the same order, and ``end(_:)``. A record of a keys-only
/// answer is added and written by its layout. The writer is a value that holds no bytes, so the passes may be
/// on different threads.
package struct RangeResponseWriter: Sendable {
    /// The size in bytes of the response with what was added so far.
    package private(set) var byteCount: Int

    private let header: ResponseHeader
    private let more: Bool
    private let count: Int64

    /// Creates a writer of a response with no records yet.
    ///
    /// - Parameters:
    ///   - header: The response's header.
    ///   - more: Whether the range has more keys than the answer.
    ///   - count: The number of keys in the range.
    package init(header: ResponseHeader, more: Bool, count: Int64) {
        self.header = header
        self.more = more
        self.count = count
        self.byteCount = header.byteCount + ProtoSize.field(more) + ProtoSize.field(count)
    }

    /// Makes room for an encoded record of this size.
    @inline(__always)
    package mutating func add(kvByteCount: Int) {
        self.byteCount += ProtoSize.delimited(kvByteCount)
    }

    /// Makes room for a record without its value.
    @inline(__always)
    package mutating func addWithoutValue(_ layout: KeyValueLayout) {
        self.add(kvByteCount: layout.byteCountWithoutValue)
    }

    /// Writes what comes before the records.
    package func begin(_ writer: inout ProtoWriter) {
        self.header.write(into: &writer)
    }

    /// Writes the next record, encoded as it is stored.
    @inline(__always)
    package func kv(_ encoded: UnsafeRawBufferPointer, into writer: inout ProtoWriter) {
        writer.delimited(0x12, encoded)
    }

    /// Writes the next record without its value.
    ///
    /// - Parameters:
    ///   - encoded: The record as it is stored.
    ///   - layout: Where its parts are.
    ///   - writer: Where to write.
    package func kvWithoutValue(
        _ encoded: UnsafeRawBufferPointer,
        _ layout: KeyValueLayout,
        into writer: inout ProtoWriter
    ) {
        writer.prefix(0x12, layout.byteCountWithoutValue)
        layout.writeWithoutValue(of: encoded, into: &writer)
    }

    /// Writes what comes after the records.
    package func end(_ writer: inout ProtoWriter) {
        writer.field(0x18, self.more)
        writer.field(0x20, self.count)
    }
}
