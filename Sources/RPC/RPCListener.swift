import CoreMetrics
package import Logging
package import NIOCore
import NIOPosix
package import NIOSSL

/// A listening socket and its connections.
///
/// Any thread.
package final class RPCListener: Sendable {
    /// Makes the services of one connection after its handshake, on the connection's loop.
    package typealias SessionMaker =
        @Sendable (RPCPeer, any EventLoop) throws(RPCRefusal) -> any RPCSession

    /// Decides about the certificates that a client presents, leaf first, in DER, in place of the TLS
    /// library.
    ///
    /// Called on the connection's loop; a resumed session does not come by, so whoever decides otherwise from
    /// now on has to replace the context, too.
    package typealias VerifyClient = @Sendable ([[UInt8]]) -> ClientVerdict

    private let channel: any Channel
    private let registry: ConnectionRegistry
    private let group: any EventLoopGroup

    /// The address that the socket is bound to.
    package let localAddress: SocketAddress

    private init(
        channel: any Channel,
        localAddress: SocketAddress,
        registry: ConnectionRegistry,
        group: any EventLoopGroup
    ) {
        self.channel = channel
        self.localAddress = localAddress
        self.registry = registry
        self.group = group
    }

    /// Binds a socket and serves its connections on the loops of `group`.
    ///
    /// - Parameters:
    ///   - address: Where to listen; port 0 lets the system choose.
    ///   - group: Event loops with sockets.
    ///   - tls: Called for each new connection, so that credentials can be replaced; a connection for which
    ///     it returns `nil` is closed. `nil` itself means cleartext. The context decides whether a client
    ///     certificate is required and must offer `h2` and `http/1.1` (see ``applicationProtocols``).
    ///   - verify: Decides about clients' certificates; `nil` leaves that to the context.
    ///   - limits: The bounds of each connection.
    ///   - methods: What is served.
    ///   - metrics: Made for the same methods.
    ///   - logger: Says at debug level why connections failed.
    ///   - numbers: Shared by listeners whose connections must not have the same numbers.
    ///   - makeSession: Makes the services of a connection, on its loop, or refuses the peer.
    /// - Returns: The listener, which serves until ``shutdown(grace:status:)``.
    /// - Throws: What the system says when the address cannot be bound.
    package static func bind(
        address: SocketAddress,
        group: any EventLoopGroup,
        tls: (@Sendable () -> NIOSSLContext?)?,
        verify: VerifyClient? = nil,
        limits: RPCLimits,
        methods: RPCMethodTable,
        metrics: RPCMetrics,
        logger: Logger,
        numbers: ConnectionNumbers = ConnectionNumbers(),
        makeSession: @escaping SessionMaker
    ) async throws -> RPCListener {
        let environment = RPCEnvironment(methods: methods, limits: limits, metrics: metrics, logger: logger)
        let registry = ConnectionRegistry(numbers: numbers)
        let watermarks = ChannelOptions.Types.WriteBufferWaterMark(
            low: limits.socketLowWatermarkBytes,
            high: limits.socketHighWatermarkBytes
        )
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Int32(clamping: limits.acceptBacklog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // HTTP/1.1 has no ping, so a peer that vanished from a quiet stream is found by the system.
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: watermarks)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelInitializer { channel in
                Self.admit(channel, environment, registry, tls, verify, makeSession)
                return channel.eventLoop.makeSucceededVoidFuture()
            }
        // UNIX sockets refuse options of TCP.
        if address.protocol != .unix {
            _ = bootstrap.childChannelOption(.socketOption(.tcp_nodelay), value: 1)
        }
        let channel = try await bootstrap.bind(to: address).get()
        return RPCListener(
            channel: channel,
            localAddress: channel.localAddress ?? address,
            registry: registry,
            group: group
        )
    }

    /// A connection's buffer of encrypted bytes is as large as its last record, not as the largest one.
    private static var tlsBuffers: NIOSSLHandler.Configuration {
        var configuration = NIOSSLHandler.Configuration()
        configuration.maximumPreservedOutboundBufferCapacity = 2_048
        return configuration
    }

    /// The protocols that a TLS context must offer, best first.
    package static let applicationProtocols = ["h2", "http/1.1"]

    /// The number of open connections, including those in the handshake.
    package var connectionCount: Int { self.registry.count }

    /// Cuts a connection: its peer is told (GOAWAY) and not waited for.
    ///
    /// What is asked of the connection's loop afterwards finds the session closed.
    ///
    /// - Parameters:
    ///   - id: ``RPCPeer/connectionID``.
    ///   - reason: What it is counted under, and its session told.
    /// - Returns: Whether there was such a connection.
    package func cut(_ id: UInt64, because reason: RPCMetrics.Closure) -> Bool {
        guard let channel = self.registry.channel(id) else { return false }
        channel.pipeline.fireUserInboundEventTriggered(ConnectionCommand.cut(reason))
        return true
    }

    /// Stops accepting, lets the open calls end, and closes every connection.
    ///
    /// Clients are told to open no more calls (GOAWAY, in two steps); unary calls are answered; streaming
    /// calls end with `status` once the client has heard. Returns when the last connection is closed. Call it
    /// once.
    ///
    /// - Parameters:
    ///   - grace: After how long the connections that are left are cut.
    ///   - status: How streaming calls end; `UNAVAILABLE` makes clients resume elsewhere.
    package func shutdown(
        grace: Duration,
        status: RPCStatus = RPCStatus(code: .unavailable, message: "the server is shutting down")
    ) async {
        // Losing the error is right: a socket that was already closed accepts nothing either.
        try? await self.channel.close().get()
        let eventLoop = self.group.next()
        let drained = eventLoop.makePromise(of: Void.self)
        self.registry.close(whenEmpty: drained)
        for channel in self.registry.channels {
            channel.pipeline.fireUserInboundEventTriggered(ConnectionCommand.drain(status))
        }
        let registry = self.registry
        let timer = eventLoop.scheduleTask(in: .nanoseconds(grace.nanoseconds)) {
            for channel in registry.channels { channel.close(promise: nil) }
        }
        // The promise never fails.
        try? await drained.futureResult.get()
        timer.cancel()
    }

    /// Sets up an accepted connection, or closes it.
    ///
    /// On its loop.
    private static func admit(
        _ channel: any Channel,
        _ environment: RPCEnvironment,
        _ registry: ConnectionRegistry,
        _ tls: (@Sendable () -> NIOSSLContext?)?,
        _ verify: VerifyClient?,
        _ makeSession: @escaping SessionMaker
    ) {
        let metrics = environment.metrics
        metrics.connectionsAccepted.increment()
        guard let registration = registry.register(channel, limit: environment.limits.maxConnections) else {
            metrics.count(.connectionLimit)
            return channel.close(promise: nil)
        }
        metrics.connections.increment()
        channel.closeFuture.whenComplete { _ in
            metrics.connections.decrement()
            // Last, because who waits for the last connection may look at the metrics.
            registry.remove(registration.id)
        }
        let verification = verify.map(ClientVerification.init)
        do {
            if let tls {
                guard let context = tls() else {
                    metrics.count(.noCredentials)
                    return channel.close(promise: nil)
                }
                try channel.pipeline.syncOperations.addHandler(
                    verification?.makeHandler(context, Self.tlsBuffers)
                        ?? NIOSSLServerHandler(context: context, configuration: Self.tlsBuffers)
                )
            }
            let negotiator = ConnectionNegotiator(
                environment: environment,
                registration: registration,
                isTLS: tls != nil,
                verification: verification,
                makeSession: makeSession
            )
            try channel.pipeline.syncOperations.addHandler(negotiator)
        } catch {
            // The peer has already gone.
            channel.close(promise: nil)
        }
    }
}
