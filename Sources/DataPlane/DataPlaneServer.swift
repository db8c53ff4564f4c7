package import AccessControl
package import CoreMetrics
package import Logging
package import NIOCore
import NIOPosix
package import NIOSSL
package import RPC
package import Storage
import Watching

/// The listener that serves a store as etcd v3.
package final class DataPlaneServer: Sendable {
    /// Says who a peer is and what it may do, or refuses it.
    ///
    /// Called once per connection, on its loop.
    package typealias Identify = @Sendable (RPCPeer) throws(RPCRefusal) -> Authorization

    private let listener: RPCListener
    private let passwords: PasswordWorker

    private init(listener: RPCListener, passwords: PasswordWorker) {
        self.listener = listener
        self.passwords = passwords
    }

    /// The address that clients connect to.
    package var localAddress: SocketAddress { self.listener.localAddress }

    /// The number of open connections.
    package var connectionCount: Int { self.listener.connectionCount }

    /// Binds the listener and serves.
    ///
    /// - Parameters:
    ///   - address: Where to listen; port 0 lets the system choose.
    ///   - group: The event loops of the connections.
    ///   - tls: The newest TLS context, asked for each connection; `nil` itself means cleartext.
    ///   - store: What is served.
    ///   - configuration: The limits, and what the server says of itself.
    ///   - identify: Who is who.
    ///   - randomBytes: Returns so many bytes that nobody can guess, for tokens and salts.
    ///   - factory: Makes the metrics.
    ///   - logger: Says at debug level why connections failed.
    /// - Returns: A server that accepts connections; end it with ``shutdown(grace:)``.
    /// - Throws: What the system says when the address cannot be bound.
    package static func start(
        address: SocketAddress,
        group: any EventLoopGroup,
        tls: (@Sendable () -> NIOSSLContext?)?,
        store: Store,
        configuration: DataPlaneConfiguration,
        identify: @escaping Identify,
        randomBytes: @escaping @Sendable (Int) -> [UInt8],
        metrics factory: any MetricsFactory,
        logger: Logger
    ) async throws -> DataPlaneServer {
        let shared = SharedServices(
            limits: configuration.authLimits,
            factory: factory,
            pool: NIOThreadPool(numberOfThreads: configuration.authLimits.passwordThreads),
            randomBytes: randomBytes
        )
        do {
            let services = try await Self.makeServices(group, store, configuration, factory, shared)
            let listener = try await RPCListener.bind(
                address: address,
                group: group,
                tls: tls,
                limits: configuration.transportLimits,
                methods: LoopServices.methods,
                metrics: RPCMetrics(methods: LoopServices.methods, factory: factory),
                logger: logger
            ) { (peer, eventLoop) throws(RPCRefusal) in
                // Every connection's loop is one of the group's.
                guard let bound = services[ObjectIdentifier(eventLoop)] else { throw .unavailable }
                return bound.value.makeSession(try identify(peer))
            }
            return DataPlaneServer(listener: listener, passwords: shared.passwords)
        } catch {
            await shared.passwords.stop()
            throw error
        }
    }

    /// Stops accepting, lets calls end, tells clients to go elsewhere, and closes every connection.
    ///
    /// - Parameter grace: After how long the connections that are left are cut.
    package func shutdown(grace: Duration) async {
        await self.listener.shutdown(grace: grace)
        await self.passwords.stop()
    }

    /// Cuts the connections whose peers satisfy `isIncluded`, and returns how many there were.
    @discardableResult
    package func closeConnections(where isIncluded: (RPCPeer) -> Bool) -> Int {
        self.listener.closeConnections(where: isIncluded)
    }

    /// Makes what the connections of each loop share, on that loop.
    private static func makeServices(
        _ group: any EventLoopGroup,
        _ store: Store,
        _ configuration: DataPlaneConfiguration,
        _ factory: any MetricsFactory,
        _ shared: SharedServices
    ) async throws -> [ObjectIdentifier: NIOLoopBound<LoopServices>] {
        let metrics = WatchMetrics(factory: factory)
        var services: [ObjectIdentifier: NIOLoopBound<LoopServices>] = [:]
        for eventLoop in group.makeIterator() {
            let port = LoopPort(eventLoop: eventLoop)
            services[ObjectIdentifier(eventLoop)] = try await eventLoop.submit {
                let loop = LoopServices(
                    port: port,
                    store: store,
                    configuration: configuration,
                    metrics: metrics,
                    shared: shared
                )
                return NIOLoopBound(loop, eventLoop: eventLoop)
            }.get()
            store.attach(port)
        }
        return services
    }
}
