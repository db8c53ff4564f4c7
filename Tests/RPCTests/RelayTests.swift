import NIOCore
import RPC
import Testing

/// Collects the answer of a relayed call.
private final class TestRelay: RPCRelay {
    var isWritable = true
    var messages: [[UInt8]] = []
    var status: RPCStatus?

    func relay(_ message: ByteBuffer) { self.messages.append(Array(message.readableBytesView)) }
    func relayEnd(_ status: RPCStatus) { self.status = status }
}

/// Hands each piece of a body to a call as one message.
private final class TestBody: HTTPBodyHandler {
    let call: RPCStream
    var keptByteCount = 0

    init(_ call: RPCStream) { self.call = call }

    func receiveBody(_ bytes: ByteBuffer) {
        self.keptByteCount += bytes.readableBytes
        self.call.deliver(bytes.readableBytesSpan)
    }
    func receiveBodyEnd() { self.call.deliverEnd() }
}

@Suite struct RelayTests {
    private let head = [(":method", "POST"), (":scheme", "http"), (":path", "/relayed")]

    /// Sends a request whose body, while it arrives, is the messages of a call.
    private func open(
        _ method: Int,
        on pair: Pair,
        metadata: [(name: String, value: String)] = []
    ) throws -> (id: Int32, relay: TestRelay, call: RPCStream) {
        let relay = TestRelay()
        var opened: RPCStream?
        pair.session.onHead = { _, exchange in
            guard let call = exchange.openCall(method, metadata: metadata, relay: relay) else { return nil }
            opened = call
            exchange.onClosed = { call.cancel() }
            exchange.onWritable = { call.becameWritable() }
            return TestBody(call)
        }
        let id = pair.client.request(self.head, body: [], ends: false)
        try pair.run()
        return (id, relay, try #require(opened))
    }

    @Test func aUnaryCallIsAnsweredByTheSameService() throws {
        let pair = try Pair()
        let (id, relay, call) = try self.open(Method.echo, on: pair, metadata: [("token", "secret")])
        pair.client.send([1, 2, 3], on: id, ends: true)
        try pair.run()
        #expect(relay.messages == [[1, 2, 3]])
        #expect(relay.status == .ok)
        #expect(pair.session.metadata == ["secret"])
        #expect(call.isEnded)
        let labels = [("method", "test.T/Echo"), ("code", "OK")]
        #expect(pair.metrics.value("isthmus_data_rpcs_total", labels) == 1)
        pair.close()
        #expect(pair.connection.streamCount == 0)
    }

    @Test func aFailureAndALateAnswerArriveToo() throws {
        let pair = try Pair()
        let failing = try self.open(Method.fail, on: pair)
        pair.client.send(Array("no".utf8), on: failing.id, ends: false)
        let late = try self.open(Method.later, on: pair)
        pair.client.send([7], on: late.id, ends: true)
        try pair.run()
        #expect(failing.relay.status == RPCStatus(code: .failedPrecondition, message: "no"))
        #expect(late.relay.status == nil)
        pair.session.pending[0].stream.respond(ByteBuffer(bytes: [8]))
        #expect(late.relay.messages == [[8]])
        pair.close()
    }

    @Test func aStreamTakesMessagesWhileTheBodyIsOpen() throws {
        let pair = try Pair()
        let (id, relay, _) = try self.open(Method.chat, on: pair)
        #expect(pair.metrics.value("isthmus_data_streams") == 1)
        for message in [[UInt8(1)], [2, 3]] {
            pair.client.send(message, on: id, ends: false)
            try pair.run()
            #expect(relay.messages.last == message)
        }
        #expect(relay.status == nil)
        pair.client.send([], on: id, ends: true)
        try pair.run()
        #expect(relay.status == .ok)
        pair.close()
        #expect(pair.metrics.value("isthmus_data_streams") == 0)
    }

    @Test func aClientThatGoesAwayEndsItsCall() throws {
        let pair = try Pair()
        let (id, relay, call) = try self.open(Method.watch, on: pair)
        pair.client.reset(id)
        try pair.run()
        #expect(call.isEnded)
        #expect(pair.session.handlers[0].closeCount == 1)
        call.send(ByteBuffer(bytes: [1]))
        #expect(relay.messages.isEmpty)
        #expect(pair.connection.streamCount == 0)
        pair.close()
    }

    @Test func aConnectionThatEndsEndsItsCalls() throws {
        let pair = try Pair()
        _ = try self.open(Method.watch, on: pair)
        pair.close()
        #expect(pair.session.handlers[0].closeCount == 1)
        #expect(pair.session.closeCount == 1)
    }

    @Test func aStreamThatIsDrainedIsToldToItsRelay() throws {
        let pair = try Pair()
        let (_, relay, _) = try self.open(Method.watch, on: pair)
        pair.connection.close(graceful: true)
        try pair.run()
        #expect(relay.status?.code == .unavailable)
        pair.close()
    }

    @Test func whetherToSendIsTheRelaysToSay() throws {
        let pair = try Pair()
        let (_, relay, call) = try self.open(Method.watch, on: pair)
        #expect(call.isWritable)
        relay.isWritable = false
        #expect(!call.isWritable)
        call.becameWritable()
        #expect(pair.session.handlers[0].writableCount == 1)
        call.send(head: ByteBuffer(bytes: [1]), shared: ByteBuffer(bytes: [2, 3]))
        #expect(relay.messages == [[1, 2, 3]])
        pair.close()
    }

    @Test func aMessageOverTheLimitIsRefused() throws {
        var limits = RPCLimits()
        limits.maxMessageBytes = 3
        let pair = try Pair(limits: limits)
        let (id, relay, _) = try self.open(Method.chat, on: pair)
        pair.client.send([1, 2, 3, 4], on: id, ends: false)
        try pair.run()
        #expect(relay.status?.code == .resourceExhausted)
        #expect(relay.messages.isEmpty)
        pair.close()
    }

    @Test func whatBodiesKeepCountsAgainstTheConnection() throws {
        var limits = RPCLimits()
        limits.maxPartialBytes = 1_000
        let pair = try Pair(limits: limits)
        let (id, _, call) = try self.open(Method.watch, on: pair)
        pair.client.send(pattern(900), on: id, ends: false)
        try pair.run()
        #expect(!call.isEnded)
        pair.client.send(pattern(900), on: id, ends: false)
        try pair.run()
        #expect(pair.client.response(id).header(":status") == "503")
        #expect(call.isEnded)
        pair.close()
    }

    @Test func aCallOnAFullConnectionIsRefused() throws {
        var limits = RPCLimits()
        limits.maxQueuedBytes = 0
        let pair = try Pair(limits: limits)
        let (_, relay, call) = try self.open(Method.watch, on: pair)
        #expect(relay.status?.code == .resourceExhausted)
        #expect(pair.session.handlers.isEmpty)
        #expect(call.isEnded)
        pair.close()
    }
}
