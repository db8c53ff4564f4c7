import EtcdAPI
import TestSupport
import Testing

@Suite struct WatchWriterTests {
    @Test("a head followed by a segment of events is swift-protobuf's response", arguments: 0..<16)
    func responses(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<150 {
            let head = Self.head(using: &random)
            var message = Self.message(of: head)
            message.events = Self.events(using: &random)

            var bytes = written(head.byteCount) { head.write(into: &$0) }
            for event in message.events { bytes += try Self.write(event) }
            #expect(bytes == (try message.encoded()))
        }
    }

    @Test func aProgressResponseIsHeaderAndWatchOnly() throws {
        let header = ResponseHeader(clusterID: 1, memberID: 2, revision: 3)
        let head = WatchResponseHead(header: header, watchID: -1)
        let bytes = written(head.byteCount) { head.write(into: &$0) }
        let minusOne: [UInt8] = [UInt8](repeating: 0xff, count: 9) + [0x01]
        #expect(bytes == [0x0a, 6, 0x08, 1, 0x10, 2, 0x18, 3, 0x10] + minusOne)
    }

    @Test func aReasonBeyondASCIIIsWrittenAsUTF8() throws {
        var head = WatchResponseHead(header: ResponseHeader(), watchID: 0)
        head.cancelReason = "l\u{f6}schen \u{1f600}"
        let bytes = written(head.byteCount) { head.write(into: &$0) }
        #expect(bytes == (try Self.message(of: head).encoded()))
    }

    @Test("an event has the fields of a put or a delete", arguments: [false, true], [false, true])
    func events(isDelete: Bool, hasPrevious: Bool) throws {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            var event = Mvccpb_Event()
            event.type = isDelete ? .delete : .put
            event.kv = random.keyValue()
            if hasPrevious { event.prevKv = random.keyValue() }
            var response = Etcdserverpb_WatchResponse()
            response.events = [event]
            #expect(try Self.write(event) == response.encoded())
        }
    }

    private static func events(using random: inout SeededGenerator) -> [Mvccpb_Event] {
        var events: [Mvccpb_Event] = []
        for _ in 0..<Int.random(in: 0..<4, using: &random) {
            var event = Mvccpb_Event()
            event.type = random.bool() ? .delete : .put
            event.kv = random.keyValue()
            if random.bool() { event.prevKv = random.keyValue() }
            events.append(event)
        }
        return events
    }

    private static func write(_ event: Mvccpb_Event) throws -> [UInt8] {
        let isDelete = event.type == .delete
        let kv = try event.kv.encoded()
        let previous = event.hasPrevKv ? try event.prevKv.encoded() : nil
        let count = EventWriter.byteCount(
            isDelete: isDelete,
            kvByteCount: kv.count,
            previousByteCount: previous?.count
        )
        return written(count) { writer in
            kv.withUnsafeBytes { kv in
                guard let previous else {
                    EventWriter.write(isDelete: isDelete, kv: kv, previous: nil, into: &writer)
                    return
                }
                previous.withUnsafeBytes {
                    EventWriter.write(isDelete: isDelete, kv: kv, previous: $0, into: &writer)
                }
            }
        }
    }

    private static func head(using random: inout SeededGenerator) -> WatchResponseHead {
        var head = WatchResponseHead(header: random.header(), watchID: random.int64())
        head.created = random.bool()
        head.canceled = random.bool()
        head.compactRevision = random.int64()
        head.fragment = random.bool()
        let length = random.bool() ? 0 : Int.random(in: 1...200, using: &random)
        head.cancelReason = String(repeating: "r", count: length)
        return head
    }

    private static func message(of head: WatchResponseHead) -> Etcdserverpb_WatchResponse {
        var message = Etcdserverpb_WatchResponse()
        message.header = head.header.message
        message.watchID = head.watchID
        message.created = head.created
        message.canceled = head.canceled
        message.compactRevision = head.compactRevision
        message.cancelReason = head.cancelReason
        message.fragment = head.fragment
        return message
    }
}
