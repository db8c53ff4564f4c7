import NIOCore
import NIOEmbedded
import RPC
import TestSupport
import Testing

/// A client and a server connection on an embedded channel, joined by calling ``run()``.
final class Pair {
    let client: HTTP2Client
    let session = TestSession()
    let metrics = TestMetrics()
    let channel = EmbeddedChannel()
    let connection: RPCConnection
    /// Whether the server's output is kept back, as by a full socket.
    var isStalled = false

    init(
        limits: RPCLimits = RPCLimits(),
        client: HTTP2Client = HTTP2Client(),
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        self.client = client
        self.connection = RPCConnection(
            environment: makeEnvironment(limits, self.metrics),
            peer: RPCPeer(remoteAddress: nil, certificateChain: [], isTLS: false, connectionID: 1),
            session: self.session,
            eventLoop: self.channel.eventLoop
        )
        try self.channel.pipeline.syncOperations.addHandler(self.connection)
        self.channel.connect(to: try SocketAddress(unixDomainSocketPath: "/test"), promise: nil)
        try self.run()
    }

    var isOpen: Bool { self.channel.isActive }

    /// Passes bytes between both sides until neither has any left.
    func run(chunk: Int = .max) throws {
        var isMoving = true
        while isMoving {
            let sent = self.client.output()
            try self.deliver(sent, chunk: chunk)
            let received = try self.isStalled ? [] : self.serverOutput()
            self.client.receive(received)
            self.channel.embeddedEventLoop.run()
            isMoving = !sent.isEmpty || !received.isEmpty
        }
    }

    /// Gives the server bytes, in chunks of this size.
    func deliver(_ bytes: [UInt8], chunk: Int = .max) throws {
        var rest = bytes[...]
        while !rest.isEmpty, self.channel.isActive {
            try self.channel.writeInbound(ByteBuffer(bytes: rest.prefix(chunk)))
            rest = rest.dropFirst(chunk)
        }
    }

    /// Returns what the server has written.
    func serverOutput() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try self.channel.readOutbound(as: ByteBuffer.self) {
            bytes.append(contentsOf: buffer.readableBytesView)
        }
        return bytes
    }

    /// Makes a call and returns its outcome.
    func call(_ path: String, _ message: [UInt8], chunk: Int = .max) throws -> HTTP2Client.Response {
        let id = self.client.call(path, [message])
        try self.run(chunk: chunk)
        return self.client.response(id)
    }

    /// Fills or drains the socket.
    func setWritable(_ isWritable: Bool) {
        self.channel.isWritable = isWritable
        self.channel.pipeline.fireChannelWritabilityChanged()
    }

    func close() {
        _ = try? self.channel.finish(acceptAlreadyClosed: true)
    }
}
