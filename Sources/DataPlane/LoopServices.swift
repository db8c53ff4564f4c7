import EtcdAPI
import Logging
import NIOCore
import Storage
import Watching

/// What all connections of one event loop share. Bound to that loop.
final class LoopServices {
    let store: Store
    let port: LoopPort
    let registry: LoopRegistry
    let configuration: DataPlaneConfiguration

    /// Creates the services of a loop and attaches them to the store; on the loop.
    init(port: LoopPort, store: Store, configuration: DataPlaneConfiguration, metrics: WatchMetrics) {
        self.store = store
        self.port = port
        self.configuration = configuration
        self.registry = LoopRegistry(
            eventLoop: port.eventLoop,
            replica: store.replica,
            header: Self.header(of: store, revision: 0),
            limits: configuration.watchLimits,
            metrics: metrics
        )
        port.add(self.registry)
        let interval = TimeAmount.nanoseconds(configuration.progressInterval.nanoseconds)
        let registry = NIOLoopBound(self.registry, eventLoop: port.eventLoop)
        port.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            registry.value.sendProgressNotifications()
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

extension Duration {
    /// The whole nanoseconds of a duration of less than 292 years.
    var nanoseconds: Int64 {
        self.components.seconds * 1_000_000_000 + self.components.attoseconds / 1_000_000_000
    }
}
