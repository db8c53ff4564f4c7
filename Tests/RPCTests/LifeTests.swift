import CNghttp2
import NIOCore
import NIOEmbedded
import RPC
import TestSupport
import Testing

@Suite struct LifeTests {
    private static let closed = "isthmus_data_connections_closed_total"

    @Test func closingTheChannelClosesStreamsAndSessionOnce() throws {
        let pair = try Pair()
        _ = pair.client.call("/test.T/Watch", [[1]], ends: false)
        _ = pair.client.call("/test.T/Later", [[1]])
        try pair.run()
        pair.close()
        #expect(pair.session.handlers[0].closeCount == 1)
        #expect(pair.session.closeCount == 1)
        #expect(pair.session.pending[0].stream.isEnded)
        #expect(pair.metrics.value("isthmus_data_streams") == 0)
    }

    @Test func nothingOutlivesAConnection() throws {
        weak var connection: RPCConnection?
        weak var session: TestSession?
        weak var stream: RPCStream?
        weak var handler: TestHandler?
        do {
            let pair = try Pair()
            _ = pair.client.call("/test.T/Watch", [[1]], ends: false)
            _ = pair.client.call("/test.T/Later", [[1]], metadata: [("grpc-timeout", "1S")])
            _ = pair.client.call("/test.T/Echo", [[1]])
            try pair.run()
            connection = pair.connection
            session = pair.session
            stream = pair.session.pending[0].stream
            handler = pair.session.handlers[0]
            #expect(connection != nil && session != nil && stream != nil && handler != nil)
            pair.session.pending = []
            pair.session.handlers = []
            pair.close()
            // The timers that are left hold nothing.
            pair.channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        }
        #expect(stream == nil)
        #expect(handler == nil)
        #expect(connection == nil)
        #expect(session == nil)
    }

    @Test func aFinishedStreamIsFreedWhileItsConnectionLives() throws {
        let pair = try Pair()
        weak var stream: RPCStream?
        do {
            let id = pair.client.call("/test.T/Later", [[1]])
            try pair.run()
            stream = pair.session.pending[0].stream
            stream?.respond(ByteBuffer(bytes: [2]))
            pair.session.pending = []
            pair.connection.flush()
            try pair.run()
            #expect(pair.client.response(id).grpcStatus == 0)
        }
        #expect(stream == nil)
        pair.close()
    }

    @Test func aGracefulStopLetsCallsEndAndTellsStreams() throws {
        let pair = try Pair()
        let watch = pair.client.call("/test.T/Watch", [[1]], ends: false)
        let call = pair.client.call("/test.T/Later", [[1]])
        try pair.run()
        pair.connection.close(graceful: true)
        // The client hears of it and answers the ping; then comes the second GOAWAY.
        try pair.run()
        #expect(pair.client.goAwayCount == 2)
        #expect(pair.client.goAwayCode == NGHTTP2_NO_ERROR.rawValue)
        #expect(pair.client.response(watch).grpcStatus == 14)
        #expect(!pair.client.response(call).isClosed)
        #expect(pair.isOpen)
        pair.session.pending[0].stream.respond(ByteBuffer(bytes: [2]))
        pair.connection.flush()
        try pair.run()
        #expect(pair.client.response(call).messages == [[2]])
        #expect(!pair.isOpen)
        #expect(pair.metrics.value(Self.closed, [("reason", "drained")]) == 1)
    }

    @Test func aClientThatDoesNotAnswerTheFirstGoAwayGetsTheSecondAfterADelay() throws {
        let pair = try Pair()
        let watch = pair.client.call("/test.T/Watch", [[1]], ends: false)
        try pair.run()
        pair.connection.close(graceful: true)
        pair.client.receive(try pair.serverOutput())
        #expect(pair.client.goAwayCount == 1)
        pair.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        pair.client.receive(try pair.serverOutput())
        #expect(pair.client.goAwayCount == 2)
        #expect(pair.client.response(watch).grpcStatus == 14)
        try pair.run()
        #expect(!pair.isOpen)
    }

    @Test func cuttingAConnectionEndsEverythingAtOnce() throws {
        let pair = try Pair()
        _ = pair.client.call("/test.T/Watch", [[1]], ends: false)
        try pair.run()
        pair.connection.close(graceful: false)
        #expect(!pair.isOpen)
        #expect(pair.session.handlers[0].closeCount == 1)
        #expect(pair.metrics.value(Self.closed, [("reason", "cut")]) == 1)
    }

    @Test func aSilentPeerIsPingedAndThenClosed() throws {
        let pair = try Pair()
        let loop = pair.channel.embeddedEventLoop
        loop.advanceTime(by: .seconds(10))
        // Whoever answers stays, for ever.
        for _ in 0..<40 {
            loop.advanceTime(by: .seconds(15))
            try pair.run()
        }
        #expect(pair.client.pings >= 8)
        #expect(pair.isOpen)
        pair.isStalled = true
        loop.advanceTime(by: .seconds(101))
        #expect(!pair.isOpen)
        #expect(pair.metrics.value(Self.closed, [("reason", "keepalive")]) == 1)
    }

    @Test func aSocketThatStaysFullIsClosed() throws {
        let pair = try Pair()
        pair.setWritable(false)
        _ = pair.client.call("/test.T/Echo", [[1]])
        try pair.run()
        pair.channel.embeddedEventLoop.advanceTime(by: .seconds(119))
        #expect(pair.isOpen)
        pair.channel.embeddedEventLoop.advanceTime(by: .seconds(32))
        #expect(!pair.isOpen)
        #expect(pair.metrics.value(Self.closed, [("reason", "stall")]) == 1)
    }

    @Test func aHandlerMaySendAndFlushWhileItsConnectionIsTornDown() throws {
        let pair = try Pair()
        for _ in 0..<5 { _ = pair.client.call("/test.T/Watch", [[1]], ends: false) }
        try pair.run()
        let handlers = pair.session.handlers
        for handler in handlers {
            handler.stream.send(ByteBuffer(bytes: pattern(100_000)))
            handler.onClosed = {
                for other in handlers {
                    other.stream.send(ByteBuffer(bytes: pattern(100)))
                    other.stream.finish(.ok)
                    other.stream.setPriority(urgent: true)
                }
                pair.connection.flush()
                pair.connection.flushSoon()
            }
        }
        pair.close()
        pair.channel.embeddedEventLoop.run()
        #expect(handlers.map(\.closeCount) == [1, 1, 1, 1, 1])
        #expect(pair.session.closeCount == 1)
        for handler in handlers { handler.onClosed = nil }
    }

    @Test func aHandlerMayCutItsConnectionWhenItBecomesWritable() throws {
        let pair = try Pair()
        _ = pair.client.call("/test.T/Watch", [[1]], ends: false)
        try pair.run()
        let handler = pair.session.handlers[0]
        handler.stream.send(ByteBuffer(bytes: pattern(100_000)))
        #expect(!handler.stream.isWritable)
        handler.onWritable = { $0.connection.close(graceful: false) }
        pair.connection.flush()
        try pair.run()
        #expect(handler.writableCount == 1)
        #expect(pair.client.goAwayCode == NGHTTP2_NO_ERROR.rawValue)
        #expect(!pair.isOpen)
        #expect(handler.closeCount == 1)
    }

    @Test func aHandlerMayCloseItsConnectionFromInsideACallback() throws {
        let pair = try Pair()
        pair.session.onRequest = { _, exchange in
            pair.connection.close(graceful: false)
            exchange.respond(status: 200, body: ByteBuffer(string: "late"))
        }
        _ = pair.client.request([
            (":method", "GET"), (":scheme", "http"), (":path", "/version"), (":authority", "test"),
        ])
        try pair.run()
        #expect(!pair.isOpen)
        #expect(pair.session.closeCount == 1)
        pair.session.onRequest = nil
    }
}
