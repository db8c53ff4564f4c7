import AccessControl
package import CoreMetrics
import EtcdAPI
import Logging
import NIOCore
package import NIOPosix
package import RPC
package import Storage
package import Watching

/// What all connections of one event loop share.
///
/// Bound to that loop. A simulation makes its own and serves them without a listener.
package final class LoopServices {
    let store: Store
    let port: LoopPort
    let registry: LoopRegistry
    let configuration: DataPlaneConfiguration
    let tokens: any TokenProvider
    let passwords: PasswordWorker
    let authMetrics: AuthMetrics
    let snapshots: SnapshotSlots
    /// The open connections.
    package let clients = ClientList()
    private let closedClients: ClosedClients
    private let wallClock: @Sendable () -> Int64
    /// The open calls whose rights depend on the users, by the order in which they were opened.
    private var revocableCalls: [UInt64: any RevocableCall] = [:]
    private var lastRevocableCall: UInt64 = 0

    /// What is served.
    package static var methods: RPCMethodTable { EtcdMethod.table }

    /// Creates the services of a loop; on the loop.
    ///
    /// The caller attaches the port to the store.
    package init(
        port: LoopPort,
        store: Store,
        configuration: DataPlaneConfiguration,
        metrics: WatchMetrics,
        shared: SharedServices
    ) {
        self.store = store
        self.port = port
        self.configuration = configuration
        self.tokens = shared.tokens
        self.passwords = shared.passwords
        self.authMetrics = shared.authMetrics
        self.snapshots = shared.snapshots
        self.closedClients = shared.closedClients
        self.wallClock = shared.wallClock
        self.registry = LoopRegistry(
            eventLoop: port.eventLoop,
            replica: store.replica,
            header: Self.header(of: store, revision: 0),
            limits: configuration.watchLimits,
            metrics: metrics
        )
        port.add(self.registry)
        self.registry.authDidChange = { [weak self] snapshot in
            self?.withdraw(snapshot.auth)
        }
        let interval = TimeAmount.nanoseconds(configuration.progressInterval.nanoseconds)
        let registry = NIOLoopBound(self.registry, eventLoop: port.eventLoop)
        port.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            registry.value.sendProgressNotifications()
        }
    }

    /// Makes the services of one connection; on the loop.
    package func makeSession(_ client: IdentifiedClient, of peer: RPCPeer) -> any RPCSession {
        let session = EtcdSession(services: self, client: client, peer: peer, openedAt: self.wallClock())
        self.clients.add(session)
        return session
    }

    /// Takes a closed connection off the list.
    func remove(_ session: EtcdSession, because reason: ClosedClient.Reason) {
        self.clients.remove(session)
        self.closedClients.add(
            ClosedClient(client: session.client, reason: reason, closedAt: self.wallClock())
        )
    }

    /// Adds a call that is told when users change; returns the number to remove it by.
    func add(revocable call: any RevocableCall) -> UInt64 {
        self.lastRevocableCall += 1
        self.revocableCalls[self.lastRevocableCall] = call
        return self.lastRevocableCall
    }

    func remove(revocable number: UInt64) {
        self.revocableCalls[number] = nil
    }

    /// Ends what is no longer allowed, in the order in which the calls were opened.
    private func withdraw(_ auth: AuthState) {
        for number in self.revocableCalls.keys.sorted() {
            self.revocableCalls[number]?.withdraw(auth)
        }
    }

    /// Returns the header of a response.
    ///
    /// Mesh clients drop a connection on which any message lacks one or shows another cluster.
    func header(_ revision: Int64) -> ResponseHeader {
        Self.header(of: self.store, revision: revision)
    }

    private static func header(of store: Store, revision: Int64) -> ResponseHeader {
        ResponseHeader(
            clusterID: store.clusterID,
            memberID: store.memberID,
            revision: revision,
            raftTerm: store.term
        )
    }
}

/// A call that stays open and whose rights depend on the users.
///
/// Bound to its loop.
protocol RevocableCall: AnyObject {
    /// Ends what the caller may no longer have now that these are the users; creates no watch.
    func withdraw(_ auth: AuthState)
}

/// What the connections of all event loops share.
package struct SharedServices: Sendable {
    let tokens: any TokenProvider
    let passwords: PasswordWorker
    let authMetrics: AuthMetrics
    let snapshots: SnapshotSlots
    let closedClients = ClosedClients()
    let wallClock: @Sendable () -> Int64

    /// The connections that were closed last, the latest first.
    package var recentlyClosed: [ClosedClient] { self.closedClients.latest }

    /// Creates what is shared.
    ///
    /// - Parameters:
    ///   - limits: The limits of logging in.
    ///   - snapshots: Bounds the snapshots that are sent.
    ///   - tokens: What logins give; `nil`: random tokens, kept in memory.
    ///   - factory: Makes the metrics.
    ///   - pool: Threads that hash passwords; a simulation, which has no logins, shares the process's.
    ///   - randomBytes: Returns so many bytes that nobody can guess, for tokens and salts.
    ///   - wallClock: Returns the milliseconds since 1970.
    package init(
        limits: AuthLimits,
        snapshots: SnapshotSlots,
        tokens: (any TokenProvider)? = nil,
        factory: any MetricsFactory,
        pool: NIOThreadPool,
        randomBytes: @escaping @Sendable (Int) -> [UInt8],
        wallClock: @escaping @Sendable () -> Int64
    ) {
        let metrics = AuthMetrics(factory: factory)
        self.tokens = tokens ?? TokenStore(limits: limits, metrics: metrics, randomBytes: randomBytes)
        self.passwords = PasswordWorker(
            pool: pool,
            limits: limits,
            metrics: metrics,
            randomBytes: randomBytes
        )
        self.authMetrics = metrics
        self.snapshots = snapshots
        self.wallClock = wallClock
    }
}

extension Duration {
    /// The whole nanoseconds of a duration of less than 292 years.
    var nanoseconds: Int64 {
        self.components.seconds * 1_000_000_000 + self.components.attoseconds / 1_000_000_000
    }
}
