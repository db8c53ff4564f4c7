/// Writes a `PutResponse`, which may carry the record that was there before, already encoded.
package enum PutResponseWriter {
    /// Returns the size of the response in bytes; `previousByteCount` is `nil` when it carries no previous
    /// record.
    package static func byteCount(header: ResponseHeader, previousByteCount: Int?) -> Int {
        header.byteCount + (previousByteCount.map(ProtoSize.delimited) ?? 0)
    }

    /// Writes the response.
    package static func write(
        header: ResponseHeader,
        previous: UnsafeRawBufferPointer?,
        into writer: inout ProtoWriter
    ) {
        header.write(into: &writer)
        if let previous { writer.delimited(0x12, previous) }
    }
}
