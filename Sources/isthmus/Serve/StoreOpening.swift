import CoreMetrics
import Foundation
import Logging
import MVCC
import Persistence
import Storage

/// Opens `store.db` and starts the store over it.
struct StoreOpening {
    let configuration: ServeConfiguration
    let clock: @Sendable () -> Duration
    let metrics: any MetricsFactory
    let logger: Logger

    /// Recovers what the last run left; blocks for as long as reading it takes.
    ///
    /// - Throws: ``PersistenceError``, whose text names the file and says what is wrong with it.
    func open() throws(PersistenceError) -> Store {
        let start = self.clock()
        let (loop, recovered) = try self.recover()
        let store = Store(
            loop,
            identity: recovered.identity,
            term: recovered.startCount,
            metrics: StorageMetrics(factory: self.metrics),
            logger: self.logger,
            clock: self.clock
        )
        self.report(recovered, store, took: self.clock() - start)
        return store
    }

    private func recover() throws(PersistenceError) -> (loop: CommitLoop, recovered: RecoveredStore) {
        guard let durability = Persistence.Durability(rawValue: self.configuration.store.durability.rawValue),
            durability != .memory
        else {
            let (log, recovered) = MemoryRevisionLog.open(newIdentity: Self.newIdentity)
            return (try self.makeLoop(recovered, log) { (_) throws(PersistenceError) in }, recovered)
        }
        let (log, recovered) = try SQLiteRevisionLog.open(
            path: self.configuration.stateDirectory + "/store.db",
            durability: durability,
            bootID: Self.bootID,
            newIdentity: Self.newIdentity
        )
        return (try self.makeLoop(recovered, log, forEachRecord: log.forEachRecord), recovered)
    }

    private func makeLoop(
        _ recovered: RecoveredStore,
        _ log: any RevisionLog,
        forEachRecord: ((Record) throws(PersistenceError) -> Void) throws(PersistenceError) -> Void
    ) throws(PersistenceError) -> CommitLoop {
        var limits = StoreConfiguration()
        limits.quotaBytes = self.configuration.store.quota.bytes
        limits.compactionInterval = self.configuration.store.compactionInterval
        return try CommitLoop(
            recovered: recovered,
            log: log,
            configuration: limits,
            now: self.clock(),
            makeLeaseID: { Int64.random(in: 1...Int64.max) },
            forEachRecord: forEachRecord
        )
    }

    private func report(_ recovered: RecoveredStore, _ store: Store, took duration: Duration) {
        let keyspace = store.replica.current.keyspace
        var metadata: Logger.Metadata = [
            "revision": "\(keyspace.revision)", "compacted.revision": "\(keyspace.compactedRevision)",
            "key.count": "\(keyspace.keyCount)",
            "cluster.id": "\(String(recovered.identity.clusterID, radix: 16))",
            "duration": "\(duration)", "durability": "\(self.configuration.store.durability.rawValue)",
        ]
        if case .tailMayBeLost(let ceiling) = recovered.recovery {
            metadata["reserved.revision"] = "\(ceiling)"
            self.logger.warning(
                "the machine stopped without warning, so writes may be lost; clients will list again",
                metadata: metadata
            )
            return
        }
        self.logger.info("the store is open", metadata: metadata)
    }

    /// Makes an identity that no other store has.
    static func newIdentity() -> StoreIdentity {
        StoreIdentity(clusterID: .random(in: 1...UInt64.max), memberID: .random(in: 1...UInt64.max))
    }

    /// Names this boot of the kernel: while it is the same, the page cache has kept what was written.
    private static var bootID: String {
        let contents = FileManager.default.contents(atPath: "/proc/sys/kernel/random/boot_id") ?? Data()
        let text = String(decoding: contents, as: UTF8.self).filter { !$0.isWhitespace }
        // Without a name every boot counts as another, which is safe.
        return text.isEmpty ? UUID().uuidString : text
    }
}
