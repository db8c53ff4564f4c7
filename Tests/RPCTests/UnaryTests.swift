import NIOCore
import RPC
import TestSupport
import Testing

@Suite struct UnaryTests {
    @Test func aCallIsAnsweredWithItsMessageAndStatusZero() throws {
        let pair = try Pair()
        let response = try pair.call("/test.T/Echo", [1, 2, 3])
        #expect(response.header(":status") == "200")
        #expect(response.header("content-type") == "application/grpc")
        #expect(response.messages == [[1, 2, 3]])
        #expect(response.grpcStatus == 0)
        #expect(response.isClosed)
        #expect(response.resetCode == nil)
        #expect(pair.connection.streamCount == 0)
        pair.close()
    }

    @Test func anEmptyMessageIsAMessage() throws {
        let pair = try Pair()
        let response = try pair.call("/test.T/Echo", [])
        #expect(response.messages == [[]])
        #expect(response.grpcStatus == 0)
        pair.close()
    }

    @Test("a call arrives whole whatever the chunks", arguments: [1, 2, 3, 7, 100, 16_384])
    func callInChunks(chunk: Int) throws {
        let pair = try Pair()
        let message = pattern(3_000)
        let response = try pair.call("/test.T/Echo", message, chunk: chunk)
        #expect(response.messages == [message])
        #expect(response.grpcStatus == 0)
        pair.close()
    }

    @Test func anAnswerOfManyFramesArrivesWhole() throws {
        let pair = try Pair()
        let response = try pair.call("/test.T/Big", [0x00, 0x10, 0x00, 0x01])
        #expect(response.messages.first == pattern(0x100001))
        #expect(response.grpcStatus == 0)
        pair.close()
    }

    @Test func aFailureIsTrailersOnlyWithAnEncodedMessage() throws {
        let pair = try Pair()
        let response = try pair.call("/test.T/Fail", Array("50% of é\n".utf8))
        #expect(response.headerBlocks == 1)
        #expect(response.data.isEmpty)
        #expect(response.grpcStatus == 9)
        #expect(response.grpcMessage == "50%25 of %C3%A9%0A")
        pair.close()
    }

    @Test func anUnknownMethodIsUnimplemented() throws {
        let pair = try Pair()
        let response = try pair.call("/test.T/None", [1])
        #expect(response.header(":status") == "200")
        #expect(response.grpcStatus == 12)
        #expect(response.grpcMessage == "unknown method /test.T/None")
        #expect(
            pair.metrics.value("isthmus_data_rpcs_total", [("method", "unknown"), ("code", "Unimplemented")])
                == 1
        )
        pair.close()
    }

    @Test func noMessageOrTwoAreInternalErrors() throws {
        let pair = try Pair()
        let none = pair.client.call("/test.T/Echo", [])
        let two = pair.client.call("/test.T/Echo", [[1], [2]])
        let half = pair.client.request(grpcHead("/test.T/Echo"), body: [0, 0, 0, 0, 9, 1, 2])
        try pair.run()
        for id in [none, two, half] { #expect(pair.client.response(id).grpcStatus == 13) }
        #expect(pair.session.pending.isEmpty)
        pair.close()
    }

    @Test func aMessageIsNotServedBeforeTheRequestHasEnded() throws {
        let pair = try Pair()
        let id = pair.client.call("/test.T/Later", [[7]], ends: false)
        try pair.run()
        #expect(pair.session.pending.isEmpty)
        pair.client.send([], on: id, ends: true)
        try pair.run()
        #expect(pair.session.pending.map(\.message) == [[7]])
        pair.session.pending[0].stream.respond(ByteBuffer(bytes: [8]))
        pair.connection.flush()
        try pair.run()
        #expect(pair.client.response(id).messages == [[8]])
        pair.close()
    }

    @Test func aMessageOverTheLimitIsRefusedWithoutReadingIt() throws {
        let pair = try Pair()
        let limit = RPCLimits().maxMessageBytes
        let id = pair.client.request(
            grpcHead("/test.T/Echo"),
            body: [0, 0, 0x20, 0x00, 0x01] + pattern(100),
            ends: false
        )
        try pair.run()
        #expect(pair.client.response(id).grpcStatus == 8)
        #expect(
            pair.client.response(id).grpcMessage
                == "grpc: received message larger than max (2097153 vs. \(limit))"
        )
        // The client had not ended its request, so the stream is reset once the trailers are out.
        #expect(pair.client.response(id).isClosed)
        #expect(try pair.call("/test.T/Echo", [1]).grpcStatus == 0)
        pair.close()
    }

    @Test func aMessageAtTheLimitIsServed() throws {
        let pair = try Pair()
        let message = pattern(RPCLimits().maxMessageBytes)
        let response = try pair.call("/test.T/Echo", message)
        #expect(response.messages == [message])
        pair.close()
    }

    @Test func compressionIsUnimplementedAndTheAnswerSaysWhatIsSupported() throws {
        let pair = try Pair()
        let flagged = pair.client.request(grpcHead("/test.T/Echo"), body: [1, 0, 0, 0, 1, 9])
        let announced = pair.client.call("/test.T/Echo", [[1]], metadata: [("grpc-encoding", "gzip")])
        let identity = pair.client.call("/test.T/Echo", [[1]], metadata: [("grpc-encoding", "identity")])
        try pair.run()
        for id in [flagged, announced] {
            #expect(pair.client.response(id).grpcStatus == 12)
            #expect(pair.client.response(id).header("grpc-accept-encoding") == "identity")
        }
        #expect(pair.client.response(identity).grpcStatus == 0)
        pair.close()
    }

    @Test func aLateAnswerToACancelledCallIsIgnored() throws {
        let pair = try Pair()
        let id = pair.client.call("/test.T/Later", [[1]])
        try pair.run()
        pair.client.reset(id)
        try pair.run()
        let stream = pair.session.pending[0].stream
        #expect(stream.isEnded)
        stream.respond(byteCount: 2) { _ in Issue.record("nothing may be written") }
        stream.respond(ByteBuffer(bytes: [1]))
        stream.finish(.ok)
        pair.connection.flush()
        try pair.run()
        #expect(pair.client.response(id).data.isEmpty)
        #expect(
            pair.metrics.value("isthmus_data_rpcs_total", [("method", "test.T/Later"), ("code", "Canceled")])
                == 1
        )
        pair.close()
    }

    @Test func metadataIsKeptAndStandardHeadersAreNot() throws {
        let pair = try Pair()
        let metadata = [("token", "secret.1"), ("user-agent", "test/1"), ("hasleader", "true")]
        let id = pair.client.call("/test.T/Later", [[1]], metadata: metadata)
        try pair.run()
        let stream = try #require(pair.session.pending.first?.stream)
        #expect(stream.metadata("token") == "secret.1")
        #expect(stream.metadata("hasleader") == "true")
        #expect(stream.metadata("user-agent") == nil)
        #expect(stream.metadata("absent") == nil)
        #expect(pair.connection.userAgent == "test/1")
        pair.client.reset(id)
        pair.close()
    }

    @Test func aPendingCallEndsAtItsDeadline() throws {
        let pair = try Pair()
        let short = pair.client.call("/test.T/Later", [[1]], metadata: [("grpc-timeout", "200m")])
        let long = pair.client.call("/test.T/Later", [[1]], metadata: [("grpc-timeout", "2S")])
        try pair.run()
        pair.channel.embeddedEventLoop.advanceTime(by: .milliseconds(199))
        try pair.run()
        #expect(!pair.client.response(short).isClosed)
        pair.channel.embeddedEventLoop.advanceTime(by: .milliseconds(2))
        try pair.run()
        #expect(pair.client.response(short).grpcStatus == 4)
        #expect(pair.client.response(short).grpcMessage == "context deadline exceeded")
        #expect(!pair.client.response(long).isClosed)
        pair.channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        try pair.run()
        #expect(pair.client.response(long).grpcStatus == 4)
        pair.close()
    }

    @Test(
        "timeouts that cannot be read are refused",
        arguments: ["", "S", "1", "1s", "123456789S", "-1S", "1.5S"]
    )
    func malformedTimeout(text: String) throws {
        let pair = try Pair()
        let id = pair.client.call("/test.T/Echo", [[1]], metadata: [("grpc-timeout", text)])
        try pair.run()
        #expect(pair.client.response(id).grpcStatus == 13)
        pair.close()
    }

    @Test func aGetOfAGRPCMethodIsNotACall() throws {
        let pair = try Pair()
        var head = grpcHead("/test.T/Echo")
        head[0].1 = "GET"
        let id = pair.client.request(head)
        try pair.run()
        #expect(pair.client.response(id).header(":status") == "405")
        #expect(pair.client.response(id).grpcStatus == 13)
        pair.close()
    }

    @Test func anOversizedHeaderListIsRefusedAndTheConnectionStays() throws {
        let pair = try Pair()
        let large = String(repeating: "x", count: 17_000)
        let id = pair.client.call("/test.T/Echo", [[1]], metadata: [("padding", large)])
        try pair.run()
        #expect(pair.client.response(id).header(":status") == "431")
        #expect(pair.client.response(id).grpcStatus == 8)
        #expect(try pair.call("/test.T/Echo", [1]).grpcStatus == 0)
        pair.close()
    }

    @Test func aHeaderListFarOverTheLimitIsReset() throws {
        let pair = try Pair()
        // One entry of the compression table, named again and again.
        let fields = Array(repeating: ("padding", String(repeating: "x", count: 3_000)), count: 40)
        let id = pair.client.call("/test.T/Echo", [[1]], metadata: fields)
        try pair.run()
        #expect(pair.client.response(id).resetCode != nil)
        #expect(pair.client.response(id).headers.isEmpty)
        #expect(try pair.call("/test.T/Echo", [1]).grpcStatus == 0)
        pair.close()
    }

    @Test func incompleteRequestsHaveACommonBound() throws {
        var limits = RPCLimits()
        limits.maxPartialBytes = 100_000
        let pair = try Pair(limits: limits)
        let ids = (0..<4).map { _ in
            pair.client.request(
                grpcHead("/test.T/Echo"),
                body: [0, 0, 0, 0xff, 0xff] + pattern(40_000),
                ends: false
            )
        }
        try pair.run()
        #expect(ids.filter { pair.client.response($0).grpcStatus == 8 }.count == 2)
        #expect(pair.metrics.value("isthmus_data_rpcs_limited_total") == 2)
        pair.close()
    }

    @Test func callsAreRefusedWhileTooManyAnswersWait() throws {
        var limits = RPCLimits()
        limits.maxQueuedBytes = 100_000
        let pair = try Pair(limits: limits, client: HTTP2Client(windowBytes: 10, updatesWindows: false))
        let first = pair.client.call("/test.T/Big", [[0x02, 0x00, 0x00]])
        try pair.run()
        let second = try pair.call("/test.T/Echo", [1])
        #expect(second.grpcStatus == 8)
        pair.client.reset(first)
        try pair.run()
        #expect(try pair.call("/test.T/Echo", [1]).grpcStatus == 0)
        pair.close()
    }
}

/// The header fields of a gRPC call.
func grpcHead(_ path: String) -> [(String, String)] {
    [
        (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "test"),
        ("te", "trailers"), ("content-type", "application/grpc"),
    ]
}
