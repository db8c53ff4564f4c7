package import NIOCore
import NIOHTTP1
import NIOPosix

/// Why the health listener does not serve.
package enum HealthListenerError: Error, Hashable, Sendable {
    /// The address cannot be listened on.
    case cannotListen(address: String, reason: String)
    /// The connection is one too many.
    case tooManyConnections(limit: Int)
}

/// Serves health and metrics over plain HTTP/1.1: `/livez`, `/readyz`, `/healthz` and `/metrics`, to `GET`
/// and `HEAD`.
///
/// For probes and scrapers, so it is simple and hard to exhaust: a bounded number of connections, bounded
/// headers, and one deadline that covers waiting for a request, receiving it and sending the answer. It holds
/// no secrets and asks for none.
package final class HealthListener: Sendable {
    /// How much a client may take.
    package struct Limits: Sendable {
        /// The most connections at a time; further ones are closed at once.
        package var connections: Int
        /// The most bytes of a request's target, headers or body, each.
        package var requestBytes: Int
        /// How long a connection may take from its last answer to the end of its next.
        package var idleTimeout: TimeAmount

        /// Creates limits.
        package init(
            connections: Int = 256,
            requestBytes: Int = 16_384,
            idleTimeout: TimeAmount = .seconds(30)
        ) {
            self.connections = connections
            self.requestBytes = requestBytes
            self.idleTimeout = idleTimeout
        }
    }

    /// The address that is listened on, with the port that the system chose if port 0 was asked for.
    package let localAddress: SocketAddress

    private let channel: any Channel
    private let connections: HealthConnections

    private init(channel: any Channel, localAddress: SocketAddress, connections: HealthConnections) {
        self.channel = channel
        self.localAddress = localAddress
        self.connections = connections
    }

    /// Listens.
    ///
    /// - Parameters:
    ///   - address: An IP address and port (0: any free port) or a UNIX socket.
    ///   - group: The event loops; checks and the rendering of metrics run on them.
    ///   - checks: What the answers are made of, in the order in which they are listed.
    ///   - registry: What `/metrics` shows; the listener adds its own metrics.
    ///   - limits: How much a client may take.
    /// - Returns: A listener that accepts connections. It must be stopped with ``shutdown()``.
    /// - Throws: ``HealthListenerError/cannotListen(address:reason:)``.
    package static func start(
        on address: SocketAddress,
        group: any EventLoopGroup,
        checks: [HealthCheck],
        registry: MetricsRegistry,
        limits: Limits = Limits()
    ) async throws(HealthListenerError) -> HealthListener {
        let routes = HealthRoutes(checks: checks) { registry.render() }
        let metrics = HealthMetrics(registry)
        let connections = HealthConnections(limit: limits.connections, refused: metrics.refused)
        registry.register(gauge: HealthMetrics.connectionsName) { Double(connections.count) }

        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 128)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try connections.admit(channel)
                    try Self.configure(channel, routes: routes, metrics: metrics, limits: limits)
                }
            }
        do {
            let channel = try await bootstrap.bind(to: address).get()
            let localAddress = channel.localAddress ?? address
            return HealthListener(channel: channel, localAddress: localAddress, connections: connections)
        } catch {
            throw .cannotListen(address: "\(address)", reason: "\(error)")
        }
    }

    /// Stops listening and closes all connections.
    ///
    /// Returns when they are closed. Calling it again does nothing.
    package func shutdown() async {
        // An error here says that the channel is closed already, which is what is wanted.
        try? await self.channel.close().get()
        for connection in self.connections.closeAll() {
            // A close future does not fail.
            try? await connection.closeFuture.get()
        }
    }

    private static func configure(
        _ channel: any Channel,
        routes: HealthRoutes,
        metrics: HealthMetrics,
        limits: Limits
    ) throws {
        var decoderLimits = NIOHTTPDecoderLimitConfiguration()
        decoderLimits.maxHeaderFieldSize = limits.requestBytes
        decoderLimits.maxHeaderListSize = limits.requestBytes
        decoderLimits.maxHeaderFieldCount = 64
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withEncoderConfiguration: .init(),
            withDecoderLimitConfiguration: decoderLimits
        )
        try channel.pipeline.syncOperations.addHandler(
            HealthConnectionHandler(routes: routes, metrics: metrics, limits: limits)
        )
    }
}
