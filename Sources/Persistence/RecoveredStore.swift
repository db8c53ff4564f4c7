/// What a log held when it was opened, apart from its records.
package struct RecoveredStore: Hashable, Sendable {
    /// Who this store is.
    package var identity: StoreIdentity
    /// The number that clients see as the raft term: 2 on the first start, then one more with each start.
    ///
    /// It becomes durable with the first write of this run; a run that wrote nothing leaves no trace.
    package var startCount: UInt64
    /// The revision at which to resume; 1 in a fresh store, as in etcd.
    package var headRevision: Int64
    /// The compaction horizon: history below it is gone; zero when nothing was ever compacted.
    package var compactedRevision: Int64
    /// The last revision that may be used before more are reserved; at least ``headRevision``.
    package var revisionCeiling: Int64
    /// The live leases, ascending by identifier.
    package var leases: [RecoveredLease]
    /// The small named values, ascending by name.
    package var documents: [Document]
    /// How much of the store's past is here.
    package var recovery: Recovery

    /// Creates a description of a recovered store.
    package init(
        identity: StoreIdentity,
        startCount: UInt64,
        headRevision: Int64,
        compactedRevision: Int64,
        revisionCeiling: Int64,
        leases: [RecoveredLease] = [],
        documents: [Document] = [],
        recovery: Recovery
    ) {
        self.identity = identity
        self.startCount = startCount
        self.headRevision = headRevision
        self.compactedRevision = compactedRevision
        self.revisionCeiling = revisionCeiling
        self.leases = leases
        self.documents = documents
        self.recovery = recovery
    }
}

/// How much of a store's past a start found.
package enum Recovery: Hashable, Sendable {
    /// There was no store: this one is new.
    case fresh
    /// Everything that was ever acknowledged is here.
    case exact
    /// The newest commits may be missing, up to and including the given revision, the last that was reserved.
    ///
    /// The newest known record of each key stays readable at the head. The head and the compaction horizon
    /// are ``StoreState/resumeDistance`` above `resumedAbove`, so that whoever asks for a revision that was
    /// given out and forgotten, or for the one after it, is told that it is compacted.
    case tailMayBeLost(resumedAbove: Int64)
}

/// The numbers that identify a store to clients for as long as its history is continuous.
package struct StoreIdentity: Hashable, Sendable {
    /// The cluster's identifier in every response header.
    package var clusterID: UInt64
    /// The member's identifier in every response header.
    package var memberID: UInt64

    /// Creates an identity; both numbers must not be zero, which clients take for "not given".
    package init(clusterID: UInt64, memberID: UInt64) {
        self.clusterID = clusterID
        self.memberID = memberID
    }
}

/// A lease that the log held.
///
/// Its remaining time is not kept: a restart refreshes every lease.
package struct RecoveredLease: Hashable, Sendable {
    /// The lease's identifier.
    package var id: Int64
    /// The granted time to live in seconds.
    package var ttlSeconds: Int64

    /// Creates a lease.
    package init(id: Int64, ttlSeconds: Int64) {
        self.id = id
        self.ttlSeconds = ttlSeconds
    }
}

/// A small named value, such as the alarms.
package struct Document: Hashable, Sendable {
    /// The document's name.
    package var name: String
    /// The document's value.
    package var bytes: [UInt8]

    /// Creates a document.
    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}
