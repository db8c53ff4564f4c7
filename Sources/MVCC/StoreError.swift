/// Why the store did not do what was asked.
///
/// Each case has exactly one code and sentence on the etcd wire, given by the data plane's mapping.
package enum StoreError: Error, Hashable, Sendable {
    /// The revision asked for is below the compaction horizon, which is `at`.
    case compacted(at: Int64)
    /// The revision asked for was not given out yet; the newest is `head`.
    case futureRevision(head: Int64)
    /// A put with `ignore_value` or `ignore_lease` names a key that does not exist.
    case keyNotFound
    /// No lease has this identifier.
    case leaseNotFound
    /// A lease with this identifier exists.
    case leaseExists
    /// The lease's time to live is over the limit.
    case leaseTooLong
    /// There are as many leases as the limit allows.
    case tooManyLeases(limit: Int)
    /// A request has an empty key.
    case emptyKey
    /// A put with `ignore_value` carries a value.
    case valueProvided
    /// A put with `ignore_lease` carries a lease.
    case leaseProvided
    /// A transaction puts a key twice, or puts a key that it also deletes.
    case duplicateKey
    /// A transaction has more operations than the limit.
    case tooManyOperations(limit: Int)
    /// An operation of a transaction is empty.
    case emptyOperation
    /// A sort order or target is unknown.
    case invalidSort
    /// An encoded request is larger than the limit in bytes.
    case requestTooLarge(limit: Int)
    /// An answer would be larger than the limit in bytes.
    case responseTooLarge(limit: Int)
    /// The quota is used up or the disk is full; writes wait for an administrator.
    case noSpace
    /// Stored data was found damaged; an administrator raised the alarm.
    case corrupt
    /// As many proposals wait as the limit allows.
    case overloaded
    /// The log could not be written; nothing was changed.
    case unavailable(reason: String)
    /// The store is stopping.
    case stopped
}
