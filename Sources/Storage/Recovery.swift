package import MVCC
package import Persistence

extension CommitLoop {
    /// Rebuilds the key space from the log and creates the loop over it.
    ///
    /// - Parameters:
    ///   - recovered: What opening the log found.
    ///   - forEachRecord: Calls its argument with every stored record in (revision, sub) order.
    /// - Throws: What reading the log throws.
    package convenience init(
        recovered: RecoveredStore,
        log: any RevisionLog,
        configuration: StoreConfiguration,
        now: Duration,
        makeLeaseID: @escaping @Sendable () -> Int64,
        forEachRecord: ((Record) throws(PersistenceError) -> Void) throws(PersistenceError) -> Void
    ) throws(PersistenceError) {
        var keyspace = Keyspace(revision: recovered.headRevision, compactedRevision: recovered.compactedRevision)
        for lease in recovered.leases {
            // The identifiers are a primary key and were checked when they were granted, so none can be refused.
            _ = try? keyspace.grant(lease: lease.id, timeToLive: .seconds(lease.ttlSeconds), now: now)
        }
        try forEachRecord { (record) throws(PersistenceError) in keyspace.restore(record) }
        let alarmBytes = recovered.documents[WorkingBatch.alarmDocument] ?? []
        self.init(
            keyspace: keyspace,
            alarms: Set(alarmBytes.compactMap(Alarm.init(rawValue:))),
            reservedRevision: recovered.revisionCeiling,
            log: log,
            configuration: configuration,
            now: now,
            makeLeaseID: makeLeaseID
        )
    }
}
