import NIOCore
import RPC
import TestSupport
import Testing

@Suite struct StreamTests {
    @Test func messagesAreEchoedInOrderAndTheServerEndsAfterTheClient() throws {
        let pair = try Pair()
        let id = pair.client.call("/test.T/Chat", [[1], [2, 2]], ends: false)
        try pair.run()
        #expect(pair.client.response(id).messages == [[1], [2, 2]])
        #expect(pair.client.response(id).grpcStatus == nil)
        pair.client.send(framed([3]), on: id, ends: true)
        try pair.run()
        #expect(pair.client.response(id).messages == [[1], [2, 2], [3]])
        #expect(pair.client.response(id).grpcStatus == 0)
        #expect(pair.session.handlers[0].hasEnded)
        #expect(pair.session.handlers[0].closeCount == 1)
        #expect(pair.metrics.value("isthmus_data_streams") == 0)
        pair.close()
    }

    @Test("streams do not care how bytes are cut", arguments: [1, 5, 6, 64])
    func manyMessages(chunk: Int) throws {
        let pair = try Pair()
        let messages = (0..<200).map { pattern($0) }
        let id = pair.client.call("/test.T/Chat", messages)
        try pair.run(chunk: chunk)
        #expect(pair.client.response(id).messages == messages)
        #expect(pair.client.response(id).grpcStatus == 0)
        pair.close()
    }

    @Test func theServerMayEndBeforeTheClient() throws {
        let pair = try Pair()
        let id = pair.client.call("/test.T/Watch", [[1]], ends: false)
        try pair.run()
        let handler = pair.session.handlers[0]
        handler.stream.send(ByteBuffer(bytes: [9]))
        handler.stream.finish(RPCStatus(code: .outOfRange, message: "compacted"))
        pair.connection.flush()
        try pair.run()
        let response = pair.client.response(id)
        #expect(response.messages == [[9]])
        #expect(response.grpcStatus == 11)
        #expect(response.grpcMessage == "compacted")
        #expect(response.isClosed)
        #expect(handler.closeCount == 1)
        pair.close()
    }

    @Test func aResetEndsTheHandlerOnceAndSendsAreIgnored() throws {
        let pair = try Pair()
        let id = pair.client.call("/test.T/Watch", [[1]], ends: false)
        try pair.run()
        let handler = pair.session.handlers[0]
        pair.client.reset(id)
        try pair.run()
        #expect(handler.closeCount == 1)
        handler.stream.send(ByteBuffer(bytes: [9]))
        handler.stream.finish(.ok)
        pair.connection.flush()
        try pair.run()
        #expect(pair.client.response(id).data.isEmpty)
        #expect(handler.stream.queuedByteCount == 0)
        pair.close()
        #expect(handler.closeCount == 1)
    }

    @Test func aSharedPieceIsSentBehindEachHead() throws {
        let pair = try Pair()
        let ids = (0..<3).map { _ in pair.client.call("/test.T/Watch", [[1]], ends: false) }
        try pair.run()
        let small = ByteBuffer(bytes: pattern(100))
        let large = ByteBuffer(bytes: pattern(40_000))
        var head = ByteBuffer()
        for (index, handler) in pair.session.handlers.enumerated() {
            for shared in [small, large] {
                head.clear()
                head.writeBytes([UInt8(index), 0xff])
                handler.stream.send(head: head, shared: shared)
            }
        }
        pair.connection.flush()
        try pair.run()
        for (index, id) in ids.enumerated() {
            let expected = [pattern(100), pattern(40_000)].map { [UInt8(index), 0xff] + $0 }
            #expect(pair.client.response(id).messages == expected)
        }
        pair.close()
    }

    @Test func tinyWindowsDeliverEverythingInOrder() throws {
        let pair = try Pair(client: HTTP2Client(windowBytes: 3))
        let id = pair.client.call("/test.T/Watch", [[1]], ends: false)
        try pair.run()
        let stream = pair.session.handlers[0].stream
        let messages = (0..<60).map { pattern($0 * 20) }
        for message in messages { stream.send(ByteBuffer(bytes: message)) }
        stream.finish(.ok)
        pair.connection.flush()
        try pair.run()
        #expect(pair.client.response(id).messages == messages)
        #expect(pair.client.response(id).grpcStatus == 0)
        pair.close()
    }

    @Test func aStalledStreamDoesNotHoldUpTheOthers() throws {
        let pair = try Pair(
            client: HTTP2Client(windowBytes: 1_000, connectionWindowBytes: 10_000_000, updatesWindows: false)
        )
        let stalled = pair.client.call("/test.T/Watch", [[1]], ends: false)
        try pair.run()
        let handler = pair.session.handlers[0]
        var sent = 0
        while handler.stream.isWritable {
            handler.stream.send(ByteBuffer(bytes: pattern(1_000)))
            sent += 1
        }
        pair.connection.flush()
        try pair.run()
        #expect(sent == 66)
        #expect(handler.stream.queuedByteCount == sent * 1_005 - 1_000)
        #expect(pair.client.response(stalled).data.count == 1_000)
        for _ in 0..<100 {
            let response = try pair.call("/test.T/Echo", [1, 2])
            #expect(response.messages == [[1, 2]])
        }
        #expect(handler.writableCount == 0)
        // The client reads on: all of it arrives, and the handler is told once.
        for _ in 0..<100 {
            pair.client.consume(1_000, of: stalled)
            try pair.run()
        }
        #expect(pair.client.response(stalled).messages == Array(repeating: pattern(1_000), count: sent))
        #expect(handler.writableCount == 1)
        #expect(handler.stream.isWritable)
        pair.close()
    }

    @Test func aHandlerThatRefillsWhenToldSendsEverything() throws {
        let pair = try Pair()
        let id = pair.client.call("/test.T/Watch", [[1]], ends: false)
        try pair.run()
        let handler = pair.session.handlers[0]
        var rest = 5_000
        handler.onWritable = { stream in
            while rest > 0, stream.isWritable {
                stream.send(ByteBuffer(bytes: pattern(1_000)))
                rest -= 1
            }
            if rest == 0 { stream.finish(.ok) }
        }
        handler.onWritable?(handler.stream)
        pair.connection.flush()
        try pair.run()
        #expect(rest == 0)
        #expect(pair.client.response(id).messages.count == 5_000)
        #expect(pair.client.response(id).grpcStatus == 0)
        pair.close()
    }

    @Test func aFullSocketStopsReadingAndProducingUntilItDrains() throws {
        let pair = try Pair(client: HTTP2Client(windowBytes: 10_000_000, connectionWindowBytes: 100_000_000))
        let id = pair.client.call("/test.T/Watch", [[1]], ends: false)
        try pair.run()
        let handler = pair.session.handlers[0]
        pair.isStalled = true
        pair.channel.isWritable = false
        handler.stream.send(ByteBuffer(bytes: [0]))
        pair.connection.flush()
        #expect(!handler.stream.isWritable)
        // Nothing more leaves, whatever is sent.
        let before = try pair.serverOutput().count
        handler.stream.send(ByteBuffer(bytes: pattern(10_000)))
        pair.connection.flush()
        #expect(before > 0)
        #expect(try pair.serverOutput().isEmpty)
        pair.setWritable(true)
        #expect(handler.writableCount == 1)
        #expect(try pair.serverOutput().count > 10_000)
        #expect(handler.stream.isWritable)
        _ = id
        pair.close()
    }

    @Test func aClientThatDoesNotReadItsAnswersMayNotAskForMore() throws {
        var limits = RPCLimits()
        limits.streamWindowBytes = 65_535
        let pair = try Pair(limits: limits, client: HTTP2Client(windowBytes: 10, updatesWindows: false))
        let id = pair.client.call("/test.T/Chat", [], ends: false)
        for _ in 0..<1_000 { pair.client.send(framed(pattern(1_000)), on: id) }
        try pair.run()
        // One watermark of answers, and at most one more window of requests.
        #expect(pair.session.handlers[0].received.count < 200)
        #expect(pair.session.handlers[0].stream.queuedByteCount < 200_000)
        #expect(try pair.call("/test.T/Echo", [1]).grpcStatus == 0)
        pair.close()
    }

    @Test func aStreamsDeadlineEndsIt() throws {
        let pair = try Pair()
        let id = pair.client.call("/test.T/Watch", [[1]], ends: false, metadata: [("grpc-timeout", "1S")])
        try pair.run()
        pair.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1_001))
        try pair.run()
        #expect(pair.client.response(id).grpcStatus == 4)
        #expect(pair.session.handlers[0].closeCount == 1)
        pair.close()
    }

    @Test func anUrgentStreamAndAnOrdinaryOneBothProgress() throws {
        let pair = try Pair(client: HTTP2Client(windowBytes: 10_000_000, connectionWindowBytes: 100_000))
        let urgent = pair.client.call("/test.T/Watch", [[1]], ends: false)
        let ordinary = pair.client.call("/test.T/Watch", [[2]], ends: false)
        try pair.run()
        pair.isStalled = true
        pair.session.handlers[0].stream.setPriority(urgent: true)
        for handler in pair.session.handlers { handler.stream.send(ByteBuffer(bytes: pattern(400_000))) }
        pair.connection.flush()
        pair.client.receive(try pair.serverOutput())
        let shares = [urgent, ordinary].map { pair.client.response($0).data.count }
        #expect(shares[0] > shares[1])
        #expect(shares[0] + shares[1] >= 65_535)
        pair.isStalled = false
        try pair.run()
        for id in [urgent, ordinary] { #expect(pair.client.response(id).messages == [pattern(400_000)]) }
        pair.close()
    }

    @Test func flushSoonFlushesOnceAtTheEndOfTheTurn() throws {
        let pair = try Pair()
        let id = pair.client.call("/test.T/Watch", [[1]], ends: false)
        try pair.run()
        let stream = pair.session.handlers[0].stream
        for byte in 0..<3 as Range<UInt8> {
            stream.send(ByteBuffer(bytes: [byte]))
            pair.connection.flushSoon()
        }
        #expect(try pair.serverOutput().isEmpty)
        pair.channel.embeddedEventLoop.run()
        try pair.run()
        #expect(pair.client.response(id).messages == [[0], [1], [2]])
        pair.close()
    }
}
