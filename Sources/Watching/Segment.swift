import EtcdAPI
import MVCC
import NIOCore

/// Events that are encoded once and sent to many watchers: elements of a watch response's field 11.
enum Segment {
    /// Encodes the events at these positions of the history, in order.
    static func encode(
        _ positions: some Sequence<Int>,
        wantsPrevious: Bool,
        of keyspace: Keyspace
    ) -> ByteBuffer {
        var events: [(record: Record, previous: Record?)] = []
        var byteCount = 0
        for position in positions {
            let record = keyspace.history[position]
            let previous = wantsPrevious ? keyspace.previous(of: record) : nil
            events.append((record, previous))
            byteCount += Self.byteCount(of: record, previous)
        }
        var buffer = ByteBufferAllocator().buffer(capacity: byteCount)
        buffer.writeMessage(byteCount: byteCount) { writer in
            for (record, previous) in events { Self.write(record, previous, into: &writer) }
        }
        return buffer
    }

    /// The encoded size of one event in bytes.
    static func byteCount(of record: Record, _ previous: Record?) -> Int {
        EventWriter.byteCount(
            isDelete: record.isTombstone,
            kvByteCount: record.encodedByteCount,
            previousByteCount: previous?.encodedByteCount
        )
    }

    private static func write(_ record: Record, _ previous: Record?, into writer: inout ProtoWriter) {
        record.withUnsafeEncoded { kv in
            guard let previous else {
                EventWriter.write(isDelete: record.isTombstone, kv: kv, previous: nil, into: &writer)
                return
            }
            previous.withUnsafeEncoded {
                EventWriter.write(isDelete: record.isTombstone, kv: kv, previous: $0, into: &writer)
            }
        }
    }

    /// Splits a segment between events so that no part with more than one event is over `limit` bytes.
    static func split(_ segment: ByteBuffer, limit: Int) -> [ByteBuffer] {
        var ends: [Int] = []
        segment.readableBytesView.withUnsafeBytes { memory in
            let bytes = RawSpan(_unsafeBytes: memory)
            var cursor = ProtoCursor(0..<memory.count)
            while !cursor.isAtEnd, cursor.tag(in: bytes) != nil, cursor.lengthDelimited(in: bytes) != nil {
                ends.append(cursor.offset)
            }
        }
        var parts: [ByteBuffer] = []
        var start = 0
        var end = 0
        for next in ends {
            if next - start > limit, end > start {
                parts +=
                    segment.getSlice(at: segment.readerIndex + start, length: end - start).map { [$0] } ?? []
                start = end
            }
            end = next
        }
        parts += segment.getSlice(at: segment.readerIndex + start, length: end - start).map { [$0] } ?? []
        return parts
    }
}
