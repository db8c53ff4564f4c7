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
    package typealias Identify = @Sendable (RPCPeer) throws(RPCRefusal) -> IdentifiedClient

    private let listeners: [RPCListener]
    private let passwords: PasswordWorker
    let loops: [ServedLoop]
    let closedClients: ClosedClients

    private init(listeners: [RPCListener], loops: [ServedLoop], shared: SharedServices) {
        self.listeners = listeners
        self.passwords = shared.passwords
        self.loops = loops
        self.closedClients = shared.closedClients
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
    ///   - wallClock: Returns the milliseconds since 1970.
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
        wallClock: @escaping @Sendable () -> Int64,
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
            randomBytes: randomBytes,
            wallClock: wallClock
        )
        var loops: [ServedLoop] = []
        let server: (listeners: [RPCListener], failure: (any Error)?)
        do {
            loops = try await Self.makeServices(group, store, configuration, factory, shared)
            let services = Dictionary(
                uniqueKeysWithValues: loops.map { (ObjectIdentifier($0.eventLoop), $0.services) }
            )
            let rpcMetrics = RPCMetrics(methods: LoopServices.methods, factory: factory)
            willListen()
            let pages = ProbePages(store: store, others: configuration.probes)
            server = await Self.bind(endpoints, group, configuration.transportLimits, rpcMetrics, logger) {
                (content, peer, eventLoop) throws(RPCRefusal) in
                guard content == .api else { return ProbeSession(pages: pages) }
                // Every connection's loop is one of the group's.
                guard let bound = services[ObjectIdentifier(eventLoop)] else { throw .unavailable }
                return bound.value.makeSession(try identify(peer), of: peer)
            }
        } catch {
            server = ([], error)
        }
        guard let failure = server.failure else {
            return DataPlaneServer(listeners: server.listeners, loops: loops, shared: shared)
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
        let numbers = ConnectionNumbers()
        for endpoint in endpoints {
            let content = endpoint.content
            do {
                let listener = try await RPCListener.bind(
                    address: endpoint.address,
                    group: group,
                    tls: endpoint.tls,
                    verify: endpoint.verify,
                    limits: limits,
                    methods: LoopServices.methods,
                    metrics: metrics,
                    logger: logger,
                    numbers: numbers
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

    /// Cuts a connection; returns whether there was one of this number.
    func cut(_ id: UInt64, because reason: RPCMetrics.Closure) -> Bool {
        self.listeners.contains { $0.cut(id, because: reason) }
    }

    /// Makes what the connections of each loop share, on that loop.
    private static func makeServices(
        _ group: any EventLoopGroup,
        _ store: Store,
        _ configuration: DataPlaneConfiguration,
        _ factory: any MetricsFactory,
        _ shared: SharedServices
    ) async throws -> [ServedLoop] {
        let metrics = WatchMetrics(factory: factory)
        var loops: [ServedLoop] = []
        for eventLoop in group.makeIterator() {
            let port = LoopPort(eventLoop: eventLoop)
            let services = try await eventLoop.submit {
                let loop = LoopServices(
                    port: port,
                    store: store,
                    configuration: configuration,
                    metrics: metrics,
                    shared: shared
                )
                return NIOLoopBound(loop, eventLoop: eventLoop)
            }.get()
            loops.append(ServedLoop(eventLoop: eventLoop, services: services))
            store.attach(port)
        }
        return loops
    }
}
