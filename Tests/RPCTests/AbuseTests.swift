import CNghttp2
import NIOCore
import RPC
import TestSupport
import Testing

@Suite struct AbuseTests {
    private static let closed = "isthmus_data_connections_closed_total"

    @Test func fiveThousandPingsAreAllAnswered() throws {
        let pair = try Pair()
        for _ in 0..<50 {
            for _ in 0..<100 { pair.client.ping() }
            try pair.run()
        }
        #expect(pair.client.pingAcknowledgements == 5_000)
        #expect(pair.client.goAwayCode == nil)
        #expect(try pair.call("/test.T/Echo", [1]).grpcStatus == 0)
        pair.close()
    }

    @Test func aPingWithEachOfAThousandMessagesIsNoAbuse() throws {
        let pair = try Pair()
        let id = pair.client.call("/test.T/Watch", [[1]], ends: false)
        try pair.run()
        for _ in 0..<1_000 {
            pair.session.handlers[0].stream.send(ByteBuffer(bytes: [1]))
            pair.connection.flush()
            pair.client.ping()
            try pair.run()
        }
        #expect(pair.client.response(id).messages.count == 1_000)
        #expect(pair.client.pingAcknowledgements == 1_000)
        #expect(pair.isOpen)
        pair.close()
    }

    @Test func pingsWithoutReadingTheAnswersEndTheConnection() throws {
        let pair = try Pair()
        let ping: [UInt8] = [0, 0, 8, 6, 0, 0, 0, 0, 0] + Array(repeating: 7, count: 8)
        pair.isStalled = true
        pair.setWritable(false)
        // More acknowledgements wait than may.
        var count = 0
        while pair.isOpen, count < 20 {
            try pair.deliver(Array(repeating: ping, count: 1_000).flatMap { $0 })
            count += 1
        }
        pair.setWritable(true)
        try pair.run()
        #expect(!pair.isOpen)
        #expect(pair.metrics.value(Self.closed, [("reason", "flood")]) == 1)
        #expect(pair.session.closeCount == 1)
    }

    @Test func rapidResetsEndTheConnectionAfterTheBurst() throws {
        let pair = try Pair()
        var count = 0
        while pair.isOpen, count < 5_000 {
            let id = pair.client.call("/test.T/Later", [[1]])
            try pair.deliver(pair.client.output())
            pair.client.reset(id)
            try pair.run()
            count += 1
        }
        #expect(!pair.isOpen)
        #expect(count > 1_000 && count < 2_000)
        #expect(pair.client.goAwayCode == NGHTTP2_INTERNAL_ERROR.rawValue)
        #expect(pair.metrics.value(Self.closed, [("reason", "flood")]) == 1)
    }

    @Test func aThousandCancelledWatchesAreNoAbuse() throws {
        let pair = try Pair()
        let ids = (0..<900).map { _ in pair.client.call("/test.T/Watch", [[1]], ends: false) }
        try pair.run()
        for id in ids { pair.client.reset(id) }
        try pair.run()
        #expect(pair.isOpen)
        #expect(pair.connection.streamCount == 0)
        #expect(pair.session.handlers.allSatisfy { $0.closeCount == 1 })
        pair.close()
    }

    @Test func aFloodOfSettingsEndsTheConnection() throws {
        let pair = try Pair()
        pair.isStalled = true
        pair.setWritable(false)
        let settings: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0]
        var count = 0
        while pair.isOpen, count < 20 {
            try pair.deliver(Array(repeating: settings, count: 1_000).flatMap { $0 })
            count += 1
        }
        pair.setWritable(true)
        try pair.run()
        #expect(!pair.isOpen)
        #expect(pair.metrics.value(Self.closed, [("reason", "flood")]) == 1)
    }

    @Test func aSettingsFrameWithTooManyEntriesEndsTheConnection() throws {
        let pair = try Pair()
        let entry: [UInt8] = [0, 4, 0, 1, 0, 0]
        let payload = Array(repeating: entry, count: 33).flatMap { $0 }
        try pair.deliver([0, 0, UInt8(payload.count), 4, 0, 0, 0, 0, 0] + payload)
        try pair.run()
        #expect(!pair.isOpen)
    }

    @Test func aFloodOfContinuationsEndsTheConnection() throws {
        let pair = try Pair()
        // HEADERS without END_HEADERS, and then CONTINUATIONs for ever.
        try pair.deliver([0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82])
        for _ in 0..<20 { try pair.deliver([0, 0, 0, 9, 0, 0, 0, 0, 1]) }
        try pair.run()
        #expect(!pair.isOpen)
        #expect(pair.session.pending.isEmpty)
    }

    @Test func moreStreamsThanWereAgreedEndTheConnection() throws {
        var limits = RPCLimits()
        limits.maxConcurrentStreams = 3
        let pair = try Pair(limits: limits)
        #expect(pair.client.settings[Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue)] == 3)
        // The library's client keeps the limit; these frames do not.
        let block: [UInt8] =
            [
                0x83, 0x86, 0x04, 0x0d,
            ] + Array("/test.T/Watch".utf8) + [0x01, 0x01, 0x78, 0x0f, 0x10, 0x10]
            + Array("application/grpc".utf8)
        for index in 0..<5 {
            let id = UInt8(101 + index * 2)
            try pair.deliver([0, 0, UInt8(block.count), 1, 4, 0, 0, 0, id] + block)
        }
        try pair.run()
        #expect(pair.session.handlers.map(\.closeCount) == [1, 1, 1])
        #expect(!pair.isOpen)
        #expect(pair.metrics.value(Self.closed, [("reason", "protocolError")]) == 1)
    }

    @Test(
        "garbage ends the connection and is counted",
        arguments: [
            Array("GET / HTTP/1.1\r\n\r\n".utf8), Array(repeating: 0, count: 100), pattern(1_000),
        ] as [[UInt8]]
    )
    func garbage(bytes: [UInt8]) throws {
        let pair = try Pair(client: HTTP2Client())
        // After the handshake: no frame, or one that may not come now.
        try pair.deliver(bytes)
        try pair.deliver(pattern(70_000))
        try pair.run()
        #expect(!pair.isOpen)
        #expect(pair.client.goAwayCode != nil)
        #expect(pair.session.closeCount == 1)
    }

    @Test func aPrefaceThatIsNoneEndsTheConnection() throws {
        let fresh = try FreshServer()
        try fresh.channel.writeInbound(ByteBuffer(string: "PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n"))
        #expect(!fresh.channel.isActive)
        #expect(fresh.metrics.value(Self.closed, [("reason", "badPreface")]) == 1)
        #expect(fresh.session.closeCount == 1)
    }

    @Test func aTruncatedPrefaceTimesOut() throws {
        let fresh = try FreshServer()
        try fresh.channel.writeInbound(ByteBuffer(string: "PRI * HTTP/2.0\r\n"))
        fresh.channel.embeddedEventLoop.advanceTime(by: .seconds(9))
        #expect(fresh.channel.isActive)
        fresh.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!fresh.channel.isActive)
        #expect(fresh.metrics.value(Self.closed, [("reason", "prefaceTimeout")]) == 1)
    }

    @Test("a mutated session never stops the server", arguments: 0..<40)
    func mutatedBytes(seed: Int) throws {
        var generator = SplitMix(state: UInt64(seed))
        for _ in 0..<25 {
            let client = HTTP2Client()
            _ = client.call("/test.T/Echo", [pattern(50)])
            _ = client.call("/test.T/Chat", [pattern(10), pattern(30)])
            var bytes = client.output()
            for _ in 0..<1 + Int(generator.next() % 4) {
                let index = 24 + Int(generator.next() % UInt64(bytes.count - 24))
                switch generator.next() % 3 {
                case 0: bytes[index] ^= 1 << UInt8(generator.next() % 8)
                case 1: bytes.remove(at: index)
                default: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: index)
                }
            }
            let fresh = try FreshServer()
            var rest = bytes[...]
            while !rest.isEmpty, fresh.channel.isActive {
                let count = 1 + Int(generator.next() % 60)
                try fresh.channel.writeInbound(ByteBuffer(bytes: rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            _ = try? fresh.channel.finish(acceptAlreadyClosed: true)
            #expect(fresh.session.closeCount == 1)
            #expect(fresh.session.handlers.allSatisfy { $0.closeCount == 1 })
        }
    }
}

/// A small seeded generator, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var value = self.state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
