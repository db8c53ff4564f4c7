/// The limits and periods of the store.
package struct StoreConfiguration: Sendable {
    /// The most proposals that wait for the commit thread.
    package var proposalLimit = 8_192
    /// The most proposals in one commit.
    package var batchLimit = 512
    /// The size at which a commit takes no further proposal, in bytes of new records.
    package var batchByteLimit = 4 << 20
    /// The bytes of stored records, superseded ones included, at which writes are refused; zero means no
    /// quota.
    package var quotaBytes = 4 << 30
    /// The most keys, superseded records included, before writes are refused.
    package var recordLimit = 8_000_000
    /// The most live leases.
    package var leaseLimit = 100_000
    /// The shortest time to live of a lease; shorter requests are raised to it.
    package var minimumTimeToLive: Duration = .seconds(1)
    /// The most leases that expire in one commit.
    package var expiryLimit = 500
    /// The most records that one step of compaction looks at.
    package var trimLimit = 2_000
    /// How far ahead revisions are reserved in the log.
    package var revisionBlock: Int64 = 100_000
    /// How long history is kept; zero means until somebody compacts.
    package var compactionInterval: Duration = .seconds(300)
    /// The least number of revisions that automatic compaction leaves.
    package var historyRevisions: Int64 = 10_000
    /// Whether automatic compaction goes by the number of revisions alone: at each interval all but
    /// ``historyRevisions`` are compacted, however young they are (etcd's mode `revision`).
    package var compactsByRevision = false
    /// The size of history (superseded records and tombstones) from which on it is compacted however young it
    /// is, in bytes; zero means no such bound, and neither has a store without automatic compaction one.
    package var historyByteLimit = 1 << 30

    /// Creates the defaults.
    package init() {}
}
