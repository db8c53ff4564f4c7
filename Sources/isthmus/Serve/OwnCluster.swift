import Foundation
import Logging
import MVCC
import MeshSchema
import NIOCore
import ServiceLifecycle
import Storage

/// Writes what says that this cluster is here: its configuration, and a heartbeat that agents expect every
/// minute.
///
/// The heartbeat has its own timer, so that nothing else can hold it up.
struct OwnCluster: Service {
    let store: Store
    let name: ClusterName
    let id: ClusterID
    let mesh: MaxConnectedClusters
    let interval: Duration
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var isFailing = false
            // The first beat was written before the data plane opened; cancellation ends the sleep and the
            // loop.
            while (try? await Task.sleep(for: self.interval)) != nil {
                await self.beat(&isFailing)
            }
        }
    }

    /// Writes the first heartbeat and the configuration; the data plane opens after it.
    func announce() async throws(StoreError) {
        try await self.writeHeartbeat()
        let key = ByteBuffer(string: KeyPrefixes.clusterConfiguration(of: self.name))
        let stored = self.store.replica.current.keyspace.newest(key)
        // A value with a lease belongs to another writer, which would put it back.
        guard stored?.lease ?? 0 == 0, stored?.value != self.clusterConfiguration else { return }
        _ = try await self.store.commit(.put(Put(key: key, value: self.clusterConfiguration)))
    }

    private var clusterConfiguration: ByteBuffer {
        ClusterConfiguration(id: self.id, mesh: self.mesh).encoded()
    }

    private func beat(_ isFailing: inout Bool) async {
        do throws(StoreError) {
            try await self.writeHeartbeat()
            try await self.restoreConfiguration()
            if isFailing { self.logger.info("the heartbeat is written again") }
            isFailing = false
        } catch {
            if !isFailing {
                self.logger.error(
                    "the heartbeat cannot be written; agents will soon count this cluster as dead",
                    metadata: ["error": "\(error)"]
                )
            }
            isFailing = true
        }
    }

    private func writeHeartbeat() async throws(StoreError) {
        let now = Date().timeIntervalSince1970
        let seconds = now.rounded(.down)
        let time = Timestamp(
            secondsSince1970: Int64(seconds),
            nanoseconds: Int32((now - seconds) * 1_000_000_000)
        )
        let put = Put(key: ByteBuffer(string: Heartbeat.key), value: Heartbeat(at: time).encoded())
        _ = try await self.store.commit(.put(put))
    }

    /// Puts the configuration back if it is gone: without it no agent reads anything else.
    private func restoreConfiguration() async throws(StoreError) {
        let key = ByteBuffer(string: KeyPrefixes.clusterConfiguration(of: self.name))
        guard self.store.replica.current.keyspace.newest(key) == nil else { return }
        _ = try await self.store.commit(.put(Put(key: key, value: self.clusterConfiguration)))
    }
}
