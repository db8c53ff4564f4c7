package import NIOCore

/// A request for key-value pairs (etcd's `RangeRequest`).
package struct RangeQuery: Hashable, Sendable {
    /// How results are ordered.
    package enum SortOrder: Int, Hashable, Sendable {
        case none = 0
        case ascend = 1
        case descend = 2
    }

    /// What results are ordered by.
    package enum SortTarget: Int, Hashable, Sendable {
        case key = 0
        case version = 1
        case create = 2
        case mod = 3
        case value = 4
    }

    /// The keys to return.
    package var range: KeyRange
    /// The most pairs to return; zero or less means no limit.
    package var limit: Int64 = 0
    /// The revision to read at; zero or less means the newest.
    package var revision: Int64 = 0
    package var sortOrder: SortOrder = .none
    package var sortTarget: SortTarget = .key
    /// Whether values are left out of the answer.
    package var keysOnly = false
    /// Whether only the count is wanted.
    package var countOnly = false
    /// Bounds on modification revisions, both included; zero means no bound.
    package var minimumModRevision: Int64 = 0
    package var maximumModRevision: Int64 = 0
    /// Bounds on creation revisions, both included; zero means no bound.
    package var minimumCreateRevision: Int64 = 0
    package var maximumCreateRevision: Int64 = 0

    /// Creates a query for `range` with etcd's defaults.
    package init(_ range: KeyRange) {
        self.range = range
    }
}

/// A request to store a value (etcd's `PutRequest`).
package struct Put: Hashable, Sendable {
    package var key: ByteBuffer
    package var value: ByteBuffer
    /// The lease to attach the key to; zero detaches it.
    package var lease: Int64 = 0
    /// Whether the answer carries the record that was replaced.
    package var wantsPrevious = false
    /// Whether the key keeps its value; it must exist.
    package var ignoresValue = false
    /// Whether the key keeps its lease; it must exist.
    package var ignoresLease = false

    /// Creates a put without a lease.
    package init(key: ByteBuffer, value: ByteBuffer) {
        self.key = key
        self.value = value
    }
}

/// A request to delete keys (etcd's `DeleteRangeRequest`).
package struct DeleteRange: Hashable, Sendable {
    package var range: KeyRange
    /// Whether the answer carries the records that were deleted.
    package var wantsPrevious = false

    /// Creates a request that deletes `range`.
    package init(_ range: KeyRange) {
        self.range = range
    }
}

/// A condition on stored records (etcd's `Compare`).
package struct Compare: Hashable, Sendable {
    /// The sought relation between the record's value and the operand.
    package enum Relation: Int, Hashable, Sendable {
        case equal = 0
        case greater = 1
        case less = 2
        case notEqual = 3
    }

    /// What is compared, with its operand.
    package enum Target: Hashable, Sendable {
        case version(Int64)
        case create(Int64)
        case mod(Int64)
        case value(ByteBuffer)
        case lease(Int64)
    }

    package var range: KeyRange
    package var relation: Relation
    package var target: Target

    /// Creates a condition that every key of `range` has to meet.
    package init(_ range: KeyRange, _ target: Target, _ relation: Relation) {
        self.range = range
        self.target = target
        self.relation = relation
    }
}

/// One step of a transaction.
package indirect enum Operation: Hashable, Sendable {
    case range(RangeQuery)
    case put(Put)
    case deleteRange(DeleteRange)
    case transaction(Transaction)
}

/// Operations of which one branch happens, at one revision, if all compares hold or not.
package struct Transaction: Hashable, Sendable {
    package var compares: [Compare]
    package var success: [Operation]
    package var failure: [Operation]

    /// Creates a transaction.
    package init(compares: [Compare] = [], success: [Operation] = [], failure: [Operation] = []) {
        self.compares = compares
        self.success = success
        self.failure = failure
    }

    /// Whether neither branch can write: such a transaction is answered from a snapshot.
    ///
    /// As in etcd, a nested transaction counts as a write.
    package var isReadOnly: Bool {
        (self.success + self.failure).allSatisfy { operation in
            guard case .range = operation else { return false }
            return true
        }
    }
}

/// What a range query found.
package struct RangeResult: Sendable {
    /// The records, ordered as asked.
    package var records: [Record]
    /// The number of keys in the range, whatever the limit and the filters.
    package var count: Int
    /// Whether the limit left records out.
    package var more: Bool

    /// Creates a result.
    package init(records: [Record], count: Int, more: Bool) {
        self.records = records
        self.count = count
        self.more = more
    }
}

/// What one step of a transaction did.
///
/// `revision` is what the step's own header says (etcd sets nothing else in it).
package indirect enum OperationOutcome: Sendable {
    case range(RangeResult, keysOnly: Bool, revision: Int64)
    case put(previous: Record?, revision: Int64)
    case deleteRange(deleted: Int, previous: [Record], revision: Int64)
    case transaction(TransactionOutcome)
}

/// What a transaction did.
package struct TransactionOutcome: Sendable {
    /// Whether the compares held.
    package var succeeded: Bool
    /// The outcomes of the chosen branch, in order.
    package var results: [OperationOutcome]
    /// The revision after the transaction: one more than before if it changed anything.
    package var revision: Int64
}
