import CoreMetrics
import Logging
import NIOCore
import NIOEmbedded

@testable import RPC

/// Gives bytes to a connection over an embedded channel, and ends it.
///
/// The first byte of an input says how the bytes are cut into reads (the low six bits) and what else happens:
/// bit 6 sends a client's preface and settings first, bit 7 keeps the socket full until the input has been
/// read. The rest are the bytes.
enum ConnectionFuzz {
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]

    private static let environment: RPCEnvironment = {
        var limits = RPCLimits()
        // Small, so that a short input can reach them.
        limits.maxMessageBytes = 4_096
        limits.maxPartialBytes = 16_384
        limits.maxQueuedBytes = 65_536
        limits.streamWatermarkBytes = 4_096
        limits.maxHeaderListBytes = 4_096
        limits.maxConcurrentStreams = 8
        return RPCEnvironment(
            methods: FuzzSession.methods,
            limits: limits,
            metrics: RPCMetrics(methods: FuzzSession.methods, factory: NOOPMetricsHandler.instance),
            logger: Logger(label: "fuzz", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }()

    static func run(_ input: [UInt8], isKnownToBeHTTP2: Bool) {
        let options = input.first ?? 0
        var bytes = Array(input.dropFirst())
        if options & 0x40 != 0 { bytes = self.preface + bytes }
        let channel = EmbeddedChannel()
        var sessions: [FuzzSession] = []
        do {
            if isKnownToBeHTTP2 {
                let session = FuzzSession()
                sessions.append(session)
                try self.addConnection(to: channel, session)
            } else {
                try self.addNegotiator(to: channel) {
                    let session = FuzzSession()
                    sessions.append(session)
                    return session
                }
            }
            channel.connect(to: try SocketAddress(unixDomainSocketPath: "/fuzz"), promise: nil)
        } catch {
            return require(false, "a handler can be added")
        }
        self.deliver(bytes, to: channel, chunk: Int(options & 0x3f) * 5 + 1, isFull: options & 0x80 != 0)
        for session in sessions { session.answerPending() }
        self.drain(channel)
        // Far enough for every timer that a connection has.
        channel.embeddedEventLoop.advanceTime(by: .minutes(30))
        self.drain(channel)
        _ = try? channel.finish(acceptAlreadyClosed: true)
        channel.embeddedEventLoop.run()
        require(sessions.count <= 1, "a connection has one session")
        for session in sessions { session.checkClosed() }
    }

    private static func addConnection(to channel: EmbeddedChannel, _ session: FuzzSession) throws {
        let connection = RPCConnection(
            environment: self.environment,
            peer: RPCPeer(remoteAddress: nil, certificateChain: [], isTLS: false, connectionID: 1),
            session: session,
            eventLoop: channel.eventLoop
        )
        session.connection = connection
        try channel.pipeline.syncOperations.addHandler(connection)
    }

    private static func addNegotiator(
        to channel: EmbeddedChannel,
        _ makeSession: @escaping () -> FuzzSession
    ) throws {
        guard let registration = ConnectionRegistry().register(channel, limit: 1) else { return }
        // An embedded channel has one thread, on which all of this happens.
        let make = NIOLoopBound(makeSession, eventLoop: channel.eventLoop)
        let negotiator = ConnectionNegotiator(
            environment: self.environment,
            registration: registration,
            isTLS: false
        ) { (_, _) throws(RPCRefusal) in
            make.value()
        }
        try channel.pipeline.syncOperations.addHandler(negotiator)
    }

    private static func deliver(_ bytes: [UInt8], to channel: EmbeddedChannel, chunk: Int, isFull: Bool) {
        if isFull { self.setWritable(false, channel) }
        var rest = bytes[...]
        while !rest.isEmpty, channel.isActive {
            // What is wrong with the bytes is said to the peer, by closing.
            _ = try? channel.writeInbound(ByteBuffer(bytes: rest.prefix(chunk)))
            rest = rest.dropFirst(chunk)
            channel.embeddedEventLoop.run()
            if !isFull { self.drain(channel) }
        }
        if isFull { self.setWritable(true, channel) }
        channel.embeddedEventLoop.run()
    }

    private static func setWritable(_ isWritable: Bool, _ channel: EmbeddedChannel) {
        channel.isWritable = isWritable
        channel.pipeline.fireChannelWritabilityChanged()
    }

    private static func drain(_ channel: EmbeddedChannel) {
        channel.embeddedEventLoop.run()
        while let sent = try? channel.readOutbound(as: IOData.self) { _ = sent }
    }
}
