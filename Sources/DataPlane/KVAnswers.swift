import EtcdAPI
import MVCC
import NIOCore
import RPC

/// The answer to a range: encoded records, spliced.
struct RangeAnswer {
    private let result: RangeResult
    private let keysOnly: Bool
    private let writer: RangeResponseWriter

    init(header: ResponseHeader, result: RangeResult, keysOnly: Bool) {
        self.result = result
        self.keysOnly = keysOnly
        var writer = RangeResponseWriter(header: header, more: result.more, count: Int64(result.count))
        for record in result.records {
            if keysOnly {
                writer.addWithoutValue(record.layout)
            } else {
                writer.add(kvByteCount: record.encodedByteCount)
            }
        }
        self.writer = writer
    }

    /// Answers a call.
    ///
    /// - Throws: ``StoreError/responseTooLarge(limit:)`` when the message is over `limit` bytes.
    func send(on stream: RPCStream, limit: Int) throws(StoreError) {
        guard self.writer.byteCount <= limit else { throw .responseTooLarge(limit: limit) }
        self.send(on: stream)
    }

    /// Answers a call, whatever the size.
    func send(on stream: RPCStream) {
        stream.respond(byteCount: self.writer.byteCount) { memory in
            var writer = ProtoWriter(memory)
            self.write(into: &writer)
        }
    }

    /// Returns the message.
    ///
    /// - Throws: ``StoreError/responseTooLarge(limit:)`` when it is over `limit` bytes.
    func encoded(limit: Int) throws(StoreError) -> ByteBuffer {
        guard self.writer.byteCount <= limit else { throw .responseTooLarge(limit: limit) }
        var buffer = ByteBufferAllocator().buffer(capacity: self.writer.byteCount)
        buffer.writeMessage(byteCount: self.writer.byteCount) { self.write(into: &$0) }
        return buffer
    }

    private func write(into writer: inout ProtoWriter) {
        self.writer.begin(&writer)
        for record in self.result.records {
            record.withUnsafeEncoded { encoded in
                if self.keysOnly {
                    self.writer.kvWithoutValue(encoded, record.layout, into: &writer)
                } else {
                    self.writer.kv(encoded, into: &writer)
                }
            }
        }
        self.writer.end(&writer)
    }
}

/// The answer to a put.
struct PutAnswer {
    let header: ResponseHeader
    let previous: Record?

    func send(on stream: RPCStream) {
        let byteCount = PutResponseWriter.byteCount(
            header: self.header,
            previousByteCount: self.previous?.encodedByteCount
        )
        stream.respond(byteCount: byteCount) { memory in
            var writer = ProtoWriter(memory)
            guard let previous = self.previous else {
                PutResponseWriter.write(header: self.header, previous: nil, into: &writer)
                return
            }
            previous.withUnsafeEncoded {
                PutResponseWriter.write(header: self.header, previous: $0, into: &writer)
            }
        }
    }
}

/// The answer to a delete.
struct DeleteRangeAnswer {
    private let previous: [Record]
    private let writer: DeleteRangeResponseWriter

    init(header: ResponseHeader, deleted: Int, previous: [Record]) {
        self.previous = previous
        var writer = DeleteRangeResponseWriter(header: header, deleted: Int64(deleted))
        for record in previous { writer.add(previousByteCount: record.encodedByteCount) }
        self.writer = writer
    }

    func send(on stream: RPCStream) {
        stream.respond(byteCount: self.writer.byteCount) { memory in
            var writer = ProtoWriter(memory)
            self.writer.begin(&writer)
            for record in self.previous {
                record.withUnsafeEncoded { self.writer.previous($0, into: &writer) }
            }
        }
    }
}
