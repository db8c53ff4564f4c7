/// The leases, the keys attached to them and when they expire; a copy-on-write value.
///
/// Times are durations since an origin that the owner chooses (the start of the process). A lease never
/// expires early, and renewing one writes nothing to the log. Owned by the commit thread; published copies
/// may show old deadlines.
package struct LeaseTable: Sendable {
    /// The longest time to live that can be granted (etcd `lease/lessor.go`).
    package static let maximumTimeToLive: Duration = .seconds(9_000_000_000)

    /// What is known of one lease.
    package struct Lease: Hashable, Sendable {
        package let id: Int64
        /// The granted time to live, in whole seconds.
        package let timeToLive: Duration
        /// When it expires unless it is renewed, since the owner's origin.
        package fileprivate(set) var deadline: Duration
    }

    private var leases = SortedTree<LeaseElement>()
    private var deadlines = SortedTree<Deadline>()
    private var attachments = SortedTree<Attachment>()

    /// Creates an empty table.
    package init() {}

    /// The number of leases.
    package var count: Int { self.leases.weight }

    /// The earliest deadline, or `nil` without leases.
    package var nextDeadline: Duration? {
        var first: Duration?
        self.deadlines.visitAll { element in
            first = element.at
            return false
        }
        return first
    }

    /// Returns the lease with this identifier, if it exists.
    package func lease(_ id: Int64) -> Lease? {
        self.leases.find { Self.order(id, $0.lease.id) }?.lease
    }

    /// Adds a lease that expires a time to live from now.
    package mutating func grant(id: Int64, timeToLive: Duration, now: Duration) throws(StoreError) -> Lease {
        guard self.lease(id) == nil else { throw .leaseExists }
        guard timeToLive <= Self.maximumTimeToLive else { throw .leaseTooLong }
        let lease = Lease(id: id, timeToLive: timeToLive, deadline: now + timeToLive)
        self.set(lease)
        return lease
    }

    /// Moves the lease's deadline to a time to live from now; returns `nil` when there is no such lease.
    package mutating func renew(id: Int64, now: Duration) -> Lease? {
        guard var lease = self.lease(id) else { return nil }
        self.removeDeadline(lease)
        lease.deadline = now + lease.timeToLive
        self.set(lease)
        return lease
    }

    /// Moves all deadlines to a full time to live from now: after a restart nobody knows how much was left.
    package mutating func renewAll(now: Duration) {
        for lease in self.all { _ = self.renew(id: lease.id, now: now) }
    }

    /// Returns up to `limit` leases that have expired, earliest first.
    package func expired(now: Duration, limit: Int) -> [Int64] {
        var ids: [Int64] = []
        self.deadlines.visitAll { element in
            guard element.at <= now, ids.count < limit else { return false }
            ids.append(element.id)
            return true
        }
        return ids
    }

    /// All leases, in the order in which they expire.
    package var all: [Lease] {
        var result: [Lease] = []
        self.deadlines.visitAll { element in
            if let lease = self.lease(element.id) { result.append(lease) }
            return true
        }
        return result
    }

    /// The tombstone-shaped records whose keys are attached to the lease, in key order.
    package func attachedKeys(of id: Int64) -> [Record] {
        var keys: [Record] = []
        // Before the first key of the lease, whatever it is.
        let start: (borrowing Attachment) -> Int = { $0.lease < id ? 1 : -1 }
        self.attachments.forEach(from: start) { element in
            guard element.lease == id else { return false }
            keys.append(element.key)
            return true
        }
        return keys
    }

    /// Removes the lease; its keys must have been detached.
    mutating func remove(id: Int64) {
        guard let lease = self.lease(id) else { return }
        self.removeDeadline(lease)
        self.leases.modify {
            Self.order(id, $0.lease.id)
        } _: {
            $0 = nil
        }
    }

    mutating func attach(_ record: Record, to id: Int64) {
        let key = Record(tombstoneOf: record, modRevision: 0, sub: 0)
        self.modifyAttachment(of: key, to: id) { $0 = Attachment(lease: id, key: key) }
    }

    mutating func detach(_ record: Record, from id: Int64) {
        self.modifyAttachment(of: record, to: id) { $0 = nil }
    }

    private mutating func modifyAttachment(
        of record: Record,
        to id: Int64,
        _ body: (inout Attachment?) -> Void
    ) {
        unsafe record.withUnsafeKey { key in
            self.attachments.modify { element in
                guard element.lease == id else { return Self.order(id, element.lease) }
                return unsafe element.key.withUnsafeKey { unsafe Bytes.compare(key, $0) }
            } _: {
                body(&$0)
            }
        }
    }

    private mutating func set(_ lease: Lease) {
        self.leases.modify {
            Self.order(lease.id, $0.lease.id)
        } _: {
            $0 = LeaseElement(lease: lease)
        }
        let deadline = Deadline(at: lease.deadline, id: lease.id)
        self.deadlines.modify(deadline.order) { $0 = deadline }
    }

    private mutating func removeDeadline(_ lease: Lease) {
        self.deadlines.modify(Deadline(at: lease.deadline, id: lease.id).order) { $0 = nil }
    }

    @inline(__always)
    fileprivate static func order(_ a: Int64, _ b: Int64) -> Int {
        a < b ? -1 : (a == b ? 0 : 1)
    }
}

private struct LeaseElement: SortedTreeElement {
    let lease: LeaseTable.Lease
    var weight: Int { 1 }
}

private struct Deadline: SortedTreeElement {
    let at: Duration
    let id: Int64
    var weight: Int { 1 }

    func order(_ other: borrowing Deadline) -> Int {
        if self.at != other.at { return self.at < other.at ? -1 : 1 }
        return LeaseTable.order(self.id, other.id)
    }
}

private struct Attachment: SortedTreeElement {
    let lease: Int64
    let key: Record
    var weight: Int { 1 }
}
