import NIOCore
import NIOEmbedded
import RPC

/// A connection over the simulated network: two queues of bytes, and the server's channel.
///
/// The client's end calls ``fromClient(_:)`` and is given bytes by ``deliverToClient(_:)``; the world decides
/// when bytes move, and how many.
final class Wire {
    /// From how many waiting bytes on the server's socket is full.
    static let highWatermark = 2_048
    static let lowWatermark = 512

    let number: Int
    let channel: EmbeddedChannel
    let connection: RPCConnection
    private(set) var toServer = ByteBuffer()
    private(set) var toClient = ByteBuffer()
    /// Whether the client has stopped reading.
    var isStalled = false
    /// Whether nothing gets through any more, and nobody is told.
    var isBlackHole = false
    /// Whether the server has closed its side: the client is told when it has read what is left.
    private(set) var isClosedByServer = false
    /// Whether the client has been told, or has closed the connection itself.
    private(set) var isClosedForClient = false
    private var clientHasLeft = false
    /// Whether the server's socket is being read.
    fileprivate var wantsRead = true
    fileprivate var unwritten: [EventLoopPromise<Void>] = []
    /// Whether the process has died in the middle of something: what it still writes does not leave it.
    var isServerDead: () -> Bool = { false }
    /// Called for each write of the server: other threads may do something then.
    var onServerWrite: () -> Void = {}
    var onClientBytes: ([UInt8]) -> Void = { _ in }
    var onClientClosed: () -> Void = {}

    init(
        eventLoop: EmbeddedEventLoop,
        environment: RPCEnvironment,
        session: any RPCSession,
        peer: RPCPeer
    ) throws {
        self.number = Int(peer.connectionID)
        self.channel = EmbeddedChannel(loop: eventLoop)
        self.connection = RPCConnection(
            environment: environment,
            peer: peer,
            session: session,
            eventLoop: eventLoop
        )
        let end = WireEnd(self)
        try self.channel.pipeline.syncOperations.addHandlers([end, self.connection])
        self.channel.connect(to: try SocketAddress(unixDomainSocketPath: "/simulation"), promise: nil)
    }

    /// Whether there is something to move.
    var isBusy: Bool {
        if self.isBlackHole { return false }
        let isForServer = self.toServer.readableBytes > 0 || self.clientHasLeft
        let isForClient = self.toClient.readableBytes > 0 || self.isClosedByServer
        return isForServer && self.isOpenForServer || isForClient && !self.isClosedForClient
    }

    var isOpenForServer: Bool { self.channel.isActive }
    /// Whether anything can still happen on it.
    var isOver: Bool { self.isClosedForClient && !self.isOpenForServer }

    func fromClient(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, !self.isClosedForClient else { return }
        self.toServer.writeBytes(bytes)
    }

    /// Moves up to `limit` bytes to the server, as far as it reads.
    func deliverToServer(_ limit: Int) {
        guard !self.isBlackHole, self.isOpenForServer else { return }
        if !self.wantsRead { self.channel.pipeline.read() }
        guard self.wantsRead else { return }
        if let bytes = self.toServer.readSlice(length: min(limit, self.toServer.readableBytes)),
            bytes.readableBytes > 0
        {
            self.wantsRead = false
            // The handler reports what it does not like by closing.
            _ = try? self.channel.writeInbound(bytes)
        } else if self.clientHasLeft {
            self.channel.close(promise: nil)
        }
    }

    /// Moves up to `limit` bytes to the client, as far as it reads.
    func deliverToClient(_ limit: Int) {
        guard !self.isBlackHole, !self.isStalled || self.isClosedByServer, !self.isClosedForClient else {
            return
        }
        if let bytes = self.toClient.readBytes(length: min(limit, self.toClient.readableBytes)),
            !bytes.isEmpty
        {
            self.toClient.discardReadBytes()
            self.onClientBytes(bytes)
        }
        self.settleSocket()
        guard self.toClient.readableBytes == 0, self.isClosedByServer, !self.isClosedForClient else { return }
        self.closeForClient()
        self.clientHasLeft = true
    }

    /// The client closes the connection; what the server has not read yet is read first.
    func closeByClient() {
        self.isClosedForClient = true
        self.clientHasLeft = true
        self.onClientClosed()
    }

    /// Nothing more gets through, and both ends are told: bytes on their way are lost.
    func reset() {
        self.toServer.clear()
        self.toClient.clear()
        if !self.isClosedForClient { self.closeForClient() }
        self.channel.close(promise: nil)
    }

    /// The client gives up on a network that lets nothing through; the server is not told.
    func vanish() {
        self.isBlackHole = true
        if !self.isClosedForClient { self.closeForClient() }
    }

    /// The server's process is gone: of what it wrote, `kept` bytes still arrive.
    func serverDied(keeping kept: Int) {
        self.onServerWrite = {}
        self.channel.close(promise: nil)
        self.toClient =
            self.toClient.getSlice(
                at: self.toClient.readerIndex,
                length: min(kept, self.toClient.readableBytes)
            ) ?? ByteBuffer()
        self.isClosedByServer = true
        if self.isBlackHole, !self.isClosedForClient { self.closeForClient() }
    }

    private func closeForClient() {
        self.isClosedForClient = true
        self.onClientClosed()
    }

    fileprivate func serverWrote(_ buffer: ByteBuffer, _ promise: EventLoopPromise<Void>?) {
        guard !self.isServerDead() else {
            promise?.fail(ChannelError.alreadyClosed)
            return
        }
        var buffer = buffer
        self.toClient.writeBuffer(&buffer)
        if let promise { self.unwritten.append(promise) }
        if self.toClient.readableBytes > Self.highWatermark { self.setWritable(false) }
        self.settleSocket()
        self.onServerWrite()
    }

    fileprivate func serverClosed() {
        self.isClosedByServer = true
    }

    /// Tells the server when what it wrote has left.
    private func settleSocket() {
        if self.toClient.readableBytes == 0 {
            let promises = self.unwritten
            self.unwritten = []
            for promise in promises { promise.succeed() }
        }
        if self.toClient.readableBytes < Self.lowWatermark { self.setWritable(true) }
    }

    private func setWritable(_ isWritable: Bool) {
        guard self.channel.isWritable != isWritable, self.channel.isActive else { return }
        self.channel.isWritable = isWritable
        self.channel.pipeline.fireChannelWritabilityChanged()
    }
}

/// The server's socket.
private final class WireEnd: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    // The pipeline keeps this handler no longer than the wire keeps the channel.
    private unowned let wire: Wire

    init(_ wire: Wire) { self.wire = wire }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        self.wire.serverWrote(self.unwrapOutboundIn(data), promise)
    }

    func flush(context: ChannelHandlerContext) {}

    func read(context: ChannelHandlerContext) { self.wire.wantsRead = true }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        self.wire.serverClosed()
        guard case .all = mode else {
            promise?.succeed()
            return
        }
        let promises = self.wire.unwritten
        self.wire.unwritten = []
        for unwritten in promises { unwritten.fail(ChannelError.alreadyClosed) }
        context.close(mode: .all, promise: promise)
    }
}
