import AccessControl
package import MVCC
package import Persistence

extension CommitLoop {
    /// Rebuilds the key space from the log and creates the loop over it.
    ///
    /// - Parameters:
    ///   - recovered: What opening the log found.
    ///   - log: Where commits go; the loop's thread owns it from now on.
    ///   - configuration: The limits.
    ///   - now: The current time on the clock that ``step(_:now:)`` uses.
    ///   - makeLeaseID: Returns a positive random number.
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
        // A store that was never compacted says -1 to clients (etcd) and zero to its log.
        let horizon = recovered.compactedRevision > 0 ? recovered.compactedRevision : -1
        var keyspace = Keyspace(revision: recovered.headRevision, compactedRevision: horizon)
        for lease in recovered.leases {
            // The identifiers are a primary key and were checked when they were granted, so none can be
            // refused.
            _ = try? keyspace.grant(lease: lease.id, timeToLive: .seconds(lease.ttlSeconds), now: now)
        }
        try forEachRecord { (record) throws(PersistenceError) in keyspace.restore(record) }
        // Everything is read before anything is written: a damaged file stays as it was.
        let auth = try Self.readAuth(of: recovered)
        let undeleted = Self.dropGarbage(from: &keyspace, in: log)
        let alarmBytes = recovered.documents.first { $0.name == WorkingBatch.alarmDocument }?.bytes ?? []
        self.init(
            keyspace: keyspace,
            alarms: Set(alarmBytes.compactMap(Alarm.init(rawValue:))),
            auth: auth,
            reservedRevision: recovered.revisionCeiling,
            log: log,
            configuration: configuration,
            now: now,
            makeLeaseID: makeLeaseID
        )
        self.undeleted = undeleted
    }

    /// Reads who the users are.
    ///
    /// If that cannot be read, the store stays closed: without them it would be open to all.
    private static func readAuth(of recovered: RecoveredStore) throws(PersistenceError) -> AuthState {
        guard let document = recovered.documents.first(where: { $0.name == WorkingBatch.authDocument }) else {
            return AuthState()
        }
        do throws(AuthEncodingError) {
            return try AuthState(encoded: document.bytes)
        } catch {
            let reason = "users and roles cannot be read: \(error)"
            throw .corrupt(path: "the document \"\(document.name)\"", reason: reason)
        }
    }

    /// Finishes a compaction that the last run did not: frees what is below the horizon in memory and in the
    /// log.
    ///
    /// - Returns: What the log refused to delete; the loop tries again, so that a full disk does not prevent
    ///   a start.
    private static func dropGarbage(
        from keyspace: inout Keyspace,
        in log: any RevisionLog
    ) -> [RecordPosition] {
        while keyspace.needsTrimming {
            let dropped = keyspace.trim(limit: 10_000).map(RecordPosition.init)
            guard !dropped.isEmpty else { continue }
            do throws(PersistenceError) {
                try log.deleteRecords(dropped)
            } catch {
                return dropped
            }
        }
        return []
    }
}
