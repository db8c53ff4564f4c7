import Logging
import NIOCore
import NIOPosix
import NIOSSL
import RPC
import Synchronization
import TestSupport

/// A listener on a port that the system chose, with the test services.
final class TestServer: Sendable {
    let listener: RPCListener
    let metrics: TestMetrics
    let peers: PeerList
    static let group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton

    private init(_ listener: RPCListener, _ metrics: TestMetrics, _ peers: PeerList) {
        self.listener = listener
        self.metrics = metrics
        self.peers = peers
    }

    /// The peers for which a session was made.
    final class PeerList: Sendable {
        private let peers = Mutex<[RPCPeer]>([])
        var all: [RPCPeer] { self.peers.withLock { $0 } }
        func add(_ peer: RPCPeer) { self.peers.withLock { $0.append(peer) } }
    }

    static func start(
        limits: RPCLimits = RPCLimits(),
        tls: (@Sendable () -> NIOSSLContext?)? = nil,
        refusal: RPCRefusal? = nil
    ) async throws -> TestServer {
        let metrics = TestMetrics()
        let peers = PeerList()
        let makeSession: RPCListener.SessionMaker = { (peer, _) throws(RPCRefusal) in
            if let refusal { throw refusal }
            peers.add(peer)
            return TestSession()
        }
        let listener = try await RPCListener.bind(
            address: SocketAddress(ipAddress: "127.0.0.1", port: 0),
            group: Self.group,
            tls: tls,
            limits: limits,
            methods: Method.table,
            metrics: RPCMetrics(methods: Method.table, factory: metrics),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            makeSession: makeSession
        )
        return TestServer(listener, metrics, peers)
    }

    func stop(
        grace: Duration = .seconds(10),
        status: RPCStatus = RPCStatus(code: .unavailable, message: "stopped")
    ) async {
        await self.listener.shutdown(grace: grace, status: status)
    }

    /// Opens a connection.
    func connect(tls: NIOSSLContext? = nil) async throws -> TestConnection {
        try await TestConnection.open(self.listener.localAddress, tls: tls)
    }

    /// Makes the calls that `open` opens and returns their outcomes.
    func talk(
        tls: NIOSSLContext? = nil,
        _ open: @escaping @Sendable (HTTP2Client) -> [Int32]
    ) async throws -> [Int32: HTTP2Client.Response] {
        let connection = try await self.connect(tls: tls)
        let ids = try await connection.perform(open)
        var responses: [Int32: HTTP2Client.Response] = [:]
        for id in ids { responses[id] = try await connection.outcome(id) }
        try await connection.close()
        return responses
    }

    /// Sends these bytes and returns all that comes back until the server closes.
    func send(_ text: String, tls: NIOSSLContext? = nil) async throws -> String {
        let received = Self.group.next().makePromise(of: String.self)
        let channel = try await ClientBootstrap(group: Self.group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        let handler = try NIOSSLClientHandler(context: tls, serverHostname: nil)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    try channel.pipeline.syncOperations.addHandler(Collector(received))
                }
            }
            .connect(to: self.listener.localAddress).get()
        // The server may close before it has read everything; what it said is what counts.
        if !text.isEmpty { try? await channel.writeAndFlush(ByteBuffer(string: text)) }
        return try await received.futureResult.get()
    }
}

/// Collects what arrives until the channel closes.
private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let promise: EventLoopPromise<String>
    private var bytes = ByteBuffer()

    init(_ promise: EventLoopPromise<String>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = self.unwrapInboundIn(data)
        self.bytes.writeBuffer(&buffer)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.promise.succeed(String(decoding: self.bytes.readableBytesView, as: UTF8.self))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// A connection of the test client over a socket.
final class TestConnection: Sendable {
    struct ClosedEarly: Error {}

    private let channel: any Channel
    private let box: NIOLoopBound<Handler>

    private init(_ channel: any Channel, _ box: NIOLoopBound<Handler>) {
        self.channel = channel
        self.box = box
    }

    static func open(_ address: SocketAddress, tls: NIOSSLContext?) async throws -> TestConnection {
        let group = TestServer.group
        return try await ClientBootstrap(group: group)
            .connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        let handler = try NIOSSLClientHandler(context: tls, serverHostname: nil)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    let handler = Handler()
                    try channel.pipeline.syncOperations.addHandler(handler)
                    return TestConnection(channel, NIOLoopBound(handler, eventLoop: channel.eventLoop))
                }
            }
    }

    /// Uses the client on its loop, and sends what it has to send.
    func perform<Result: Sendable>(_ body: @escaping @Sendable (HTTP2Client) -> Result) async throws -> Result
    {
        let box = self.box
        return try await self.channel.eventLoop.submit {
            let result = body(box.value.client)
            box.value.flush()
            return result
        }.get()
    }

    /// Waits until a stream has closed.
    func outcome(_ id: Int32) async throws -> HTTP2Client.Response {
        let box = self.box
        return try await self.channel.eventLoop.flatSubmit { box.value.outcome(id) }.get()
    }

    /// Makes a unary call.
    func call(_ path: String) async throws -> HTTP2Client.Response {
        try await self.outcome(try await self.perform { $0.call(path, [[1]]) })
    }

    /// Opens a call, and returns when the server has seen it.
    func open(_ path: String) async throws -> Int32 {
        let id = try await self.perform { $0.call(path, [[1]]) }
        _ = try await self.call("/test.T/Echo")
        return id
    }

    func response(_ id: Int32) async -> HTTP2Client.Response {
        (try? await self.perform { $0.response(id) }) ?? HTTP2Client.Response()
    }

    /// Returns the certificate that the server showed, in DER.
    func serverCertificate() async throws -> [UInt8]? {
        try await self.channel.nioSSL_peerCertificate().get().map { try $0.toDERBytes() }
    }

    func close() async throws { try await self.channel.close() }

    /// Waits until the server has closed the connection.
    func closed() async throws { try await self.channel.closeFuture.get() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let client = HTTP2Client()
        private var context: ChannelHandlerContext?
        private var waiting: [(id: Int32, promise: EventLoopPromise<HTTP2Client.Response>)] = []
        private var isClosed = false

        func channelActive(context: ChannelHandlerContext) {
            self.context = context
            self.flush()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            self.client.receive(Array(self.unwrapInboundIn(data).readableBytesView))
            self.flush()
            self.settle()
        }

        func channelInactive(context: ChannelHandlerContext) {
            self.isClosed = true
            self.settle()
            self.context = nil
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        func flush() {
            let bytes = self.client.output()
            guard !bytes.isEmpty else { return }
            self.context?.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes)), promise: nil)
        }

        func outcome(_ id: Int32) -> EventLoopFuture<HTTP2Client.Response> {
            let promise = (self.context?.eventLoop ?? TestServer.group.any()).makePromise(
                of: HTTP2Client.Response.self
            )
            self.waiting.append((id, promise))
            self.settle()
            return promise.futureResult
        }

        private func settle() {
            let waiting = self.waiting
            self.waiting = []
            for entry in waiting {
                let response = self.client.response(entry.id)
                if response.isClosed {
                    entry.promise.succeed(response)
                } else if self.isClosed {
                    entry.promise.fail(ClosedEarly())
                } else {
                    self.waiting.append(entry)
                }
            }
        }
    }
}
