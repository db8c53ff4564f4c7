package import AccessControl
package import CoreMetrics
package import Logging
package import NIOCore
import NIOPosix
import NIOSSL
package import RPC
package import Storage
import Watching

/// The listeners that serve a store as etcd v3.
package final class DataPlaneServer: Sendable {
    /// Says who a peer is and what it may do, or refuses it.
    ///
    /// Called once per connection, on its loop.
    package typealias Identify = @Sendable (RPCPeer) throws(RPCRefusal) -> Authorization

    private let listeners: [RPCListener]
    private let passwords: PasswordWorker

    private init(listeners: [RPCListener], passwords: PasswordWorker) {
        self.listeners = listeners
        self.passwords = passwords
    }

    /// The methods that are served: their paths on the wire, and whether their messages flow one by one.
    package static let methods = EtcdMethod.allCases.map { (path: $0.path, isStream: $0.kind == .stream) }

    /// The addresses that are listened on, in the order of the endpoints.
    package var localAddresses: [SocketAddress] { self.listeners.map(\.localAddress) }

    /// The number of open connections.
    package var connectionCount: Int { self.listeners.reduce(0) { $0 + $1.connectionCount } }

    /// Binds the listeners and serves.
    ///
    /// - Parameters:
    ///   - endpoints: Where to listen, each with its own TLS.
    ///   - group: The event loops of the connections.
    ///   - store: What is served.
    ///   - configuration: The limits, and what the server says of itself.
    ///   - identify: Who is who.
    ///   - tokens: What logins give; `nil`: random tokens, kept in memory.
    ///   - randomBytes: Returns so many bytes that nobody can guess, for tokens and salts.
    ///   - makeDigest: Begins the SHA-256 digest that ends a snapshot.
    ///   - factory: Makes the metrics.
    ///   - logger: Says at debug level why connections failed.
    ///   - willListen: Called when all metrics are there and nobody can connect yet.
    /// - Returns: A server that accepts connections; end it with ``shutdown(grace:)``.
    /// - Throws: ``ListenFailure`` when an address cannot be bound; none is then.
    package static func start(
        endpoints: [DataPlaneEndpoint],
        group: any EventLoopGroup,
        store: Store,
        configuration: DataPlaneConfiguration,
        identify: @escaping Identify,
        tokens: (any TokenProvider)? = nil,
        randomBytes: @escaping @Sendable (Int) -> [UInt8],
        makeDigest: @escaping @Sendable () throws -> any SnapshotDigest,
        metrics factory: any MetricsFactory,
        logger: Logger,
        willListen: () -> Void = {}
    ) async throws -> DataPlaneServer {
        let shared = SharedServices(
            limits: configuration.authLimits,
            snapshots: SnapshotSlots(
                limit: configuration.maximumSnapshots,
                makeDigest: makeDigest,
                factory: factory
            ),
            tokens: tokens,
            factory: factory,
            pool: NIOThreadPool(numberOfThreads: configuration.authLimits.passwordThreads),
            randomBytes: randomBytes
        )
        let server: (listeners: [RPCListener], failure: (any Error)?)
        do {
            let services = try await Self.makeServices(group, store, configuration, factory, shared)
            let rpcMetrics = RPCMetrics(methods: LoopServices.methods, factory: factory)
            willListen()
            let pages = ProbePages(store: store, others: configuration.probes)
            server = await Self.bind(endpoints, group, configuration.transportLimits, rpcMetrics, logger) {
                (content, peer, eventLoop) throws(RPCRefusal) in
                guard content == .api else { return ProbeSession(pages: pages) }
                // Every connection's loop is one of the group's.
                guard let bound = services[ObjectIdentifier(eventLoop)] else { throw .unavailable }
                return bound.value.makeSession(try identify(peer))
            }
        } catch {
            server = ([], error)
        }
        guard let failure = server.failure else {
            return DataPlaneServer(listeners: server.listeners, passwords: shared.passwords)
        }
        for listener in server.listeners { await listener.shutdown(grace: .zero) }
        await shared.passwords.stop()
        throw failure
    }

    /// Binds one endpoint after the other, until one fails.
    private static func bind(
        _ endpoints: [DataPlaneEndpoint],
        _ group: any EventLoopGroup,
        _ limits: RPCLimits,
        _ metrics: RPCMetrics,
        _ logger: Logger,
        _ makeSession:
            @escaping @Sendable (DataPlaneEndpoint.Content, RPCPeer, any EventLoop)
            throws(RPCRefusal) -> any RPCSession
    ) async -> (listeners: [RPCListener], failure: (any Error)?) {
        var listeners: [RPCListener] = []
        for endpoint in endpoints {
            let content = endpoint.content
            do {
                let listener = try await RPCListener.bind(
                    address: endpoint.address,
                    group: group,
                    tls: endpoint.tls,
                    limits: limits,
                    methods: LoopServices.methods,
                    metrics: metrics,
                    logger: logger
                ) { (peer, eventLoop) throws(RPCRefusal) in try makeSession(content, peer, eventLoop) }
                listeners.append(listener)
            } catch {
                return (listeners, ListenFailure(address: endpoint.address, reason: "\(error)"))
            }
        }
        return (listeners, nil)
    }

    /// Stops accepting, lets calls end, tells clients to go elsewhere, and closes every connection.
    ///
    /// - Parameter grace: After how long the connections that are left are cut.
    package func shutdown(grace: Duration) async {
        await withDiscardingTaskGroup { group in
            for listener in self.listeners { group.addTask { await listener.shutdown(grace: grace) } }
        }
        await self.passwords.stop()
    }

    /// Cuts the connections whose peers satisfy `isIncluded`, and returns how many there were.
    @discardableResult
    package func closeConnections(where isIncluded: (RPCPeer) -> Bool) -> Int {
        self.listeners.reduce(0) { $0 + $1.closeConnections(where: isIncluded) }
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
