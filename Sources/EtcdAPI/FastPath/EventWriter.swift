/// Writes events of a `WatchResponse` around key-value messages that are already encoded.
///
/// Each is a whole element of the repeated field 11, so that events of any number of records can be written
/// one after the other into a segment, and the segment copied behind the head of every watcher's response.
package enum EventWriter {
    /// Returns the size of an event's field in bytes: tag, length and event.
    ///
    /// - Parameters:
    ///   - isDelete: Whether the event is a delete.
    ///   - kvByteCount: The size of the encoded record, a tombstone for a delete.
    ///   - previousByteCount: The size of the encoded record before, or `nil` when the event carries none.
    /// - Returns: The number of bytes that `write` writes.
    @inline(__always)
    package static func byteCount(isDelete: Bool, kvByteCount: Int, previousByteCount: Int?) -> Int {
        ProtoSize.delimited(
            self.bodyByteCount(
                isDelete: isDelete,
                kvByteCount: kvByteCount,
                previousByteCount: previousByteCount
            )
        )
    }

    /// Writes an event's field.
    ///
    /// - Parameters:
    ///   - isDelete: Whether the event is a delete.
    ///   - kv: The encoded record, a tombstone for a delete.
    ///   - previous: The encoded record before, or `nil` when the event carries none.
    ///   - writer: Where to write.
    package static func write(
        isDelete: Bool,
        kv: UnsafeRawBufferPointer,
        previous: UnsafeRawBufferPointer?,
        into writer: inout ProtoWriter
    ) {
        let body = self.bodyByteCount(
            isDelete: isDelete,
            kvByteCount: kv.count,
            previousByteCount: previous?.count
        )
        writer.prefix(0x5a, body)
        // The type's numbers are put 0, which proto3 leaves out, and delete 1.
        writer.field(0x08, isDelete)
        writer.delimited(0x12, kv)
        if let previous { writer.delimited(0x1a, previous) }
    }

    @inline(__always)
    private static func bodyByteCount(isDelete: Bool, kvByteCount: Int, previousByteCount: Int?) -> Int {
        ProtoSize.field(isDelete) + ProtoSize.delimited(kvByteCount)
            + (previousByteCount.map(ProtoSize.delimited) ?? 0)
    }
}
