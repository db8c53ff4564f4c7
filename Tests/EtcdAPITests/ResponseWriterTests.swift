import EtcdAPI
import TestSupport
import Testing

@Suite struct ResponseWriterTests {
    @Test("writes headers as swift-protobuf does", arguments: 0..<8)
    func headers(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let header = random.header()
            var message = Etcdserverpb_CompactionResponse()
            message.header = header.message
            let bytes = written(header.byteCount) { header.write(into: &$0) }
            #expect(bytes == (try message.encoded()))
            #expect(header.bodyByteCount == (try header.message.encoded().count))
        }
    }

    @Test func anEmptyHeaderIsPresent() {
        let header = ResponseHeader()
        #expect(written(header.byteCount) { header.write(into: &$0) } == [0x0a, 0x00])
    }

    @Test("writes range responses as swift-protobuf does", arguments: 0..<16)
    func ranges(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<150 {
            let header = random.header()
            var message = Etcdserverpb_RangeResponse()
            message.header = header.message
            message.kvs = random.keyValues()
            message.more = random.bool()
            message.count = random.int64()

            let encoded = try message.kvs.map { try $0.encoded() }
            var response = RangeResponseWriter(header: header, more: message.more, count: message.count)
            for kv in encoded { response.add(kvByteCount: kv.count) }
            let bytes = written(response.byteCount) { writer in
                response.begin(&writer)
                for kv in encoded { kv.withUnsafeBytes { response.kv($0, into: &writer) } }
                response.end(&writer)
            }
            #expect(bytes == (try message.encoded()))
        }
    }

    @Test("writes range responses of keys only as swift-protobuf does", arguments: 0..<16)
    func keysOnlyRanges(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<150 {
            let header = random.header()
            var message = Etcdserverpb_RangeResponse()
            message.header = header.message
            message.kvs = random.keyValues()
            message.count = random.int64()
            let encoded = try message.kvs.map { try $0.encoded() }
            let layouts = encoded.compactMap { KeyValueLayout.decode($0.span.bytes) }
            for index in message.kvs.indices { message.kvs[index].value = .init() }

            var response = RangeResponseWriter(header: header, more: false, count: message.count)
            for layout in layouts { response.addWithoutValue(layout) }
            let bytes = written(response.byteCount) { writer in
                response.begin(&writer)
                for (kv, layout) in zip(encoded, layouts) {
                    kv.withUnsafeBytes { response.kvWithoutValue($0, layout, into: &writer) }
                }
                response.end(&writer)
            }
            #expect(bytes == (try message.encoded()))
        }
    }

    @Test("writes put responses as swift-protobuf does", arguments: 0..<8)
    func puts(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let header = random.header()
            var message = Etcdserverpb_PutResponse()
            message.header = header.message
            if random.bool() { message.prevKv = random.keyValue() }

            let previous = message.hasPrevKv ? try message.prevKv.encoded() : nil
            let count = PutResponseWriter.byteCount(header: header, previousByteCount: previous?.count)
            let bytes = written(count) { writer in
                guard let previous else {
                    PutResponseWriter.write(header: header, previous: nil, into: &writer)
                    return
                }
                previous.withUnsafeBytes {
                    PutResponseWriter.write(header: header, previous: $0, into: &writer)
                }
            }
            #expect(bytes == (try message.encoded()))
        }
    }

    @Test("writes delete responses as swift-protobuf does", arguments: 0..<8)
    func deletes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<150 {
            let header = random.header()
            var message = Etcdserverpb_DeleteRangeResponse()
            message.header = header.message
            message.prevKvs = random.keyValues()
            message.deleted = random.int64()

            let encoded = try message.prevKvs.map { try $0.encoded() }
            var response = DeleteRangeResponseWriter(header: header, deleted: message.deleted)
            for kv in encoded { response.add(previousByteCount: kv.count) }
            let bytes = written(response.byteCount) { writer in
                response.begin(&writer)
                for kv in encoded { kv.withUnsafeBytes { response.previous($0, into: &writer) } }
            }
            #expect(bytes == (try message.encoded()))
        }
    }
}
