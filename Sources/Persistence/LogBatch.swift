package import MVCC

/// Everything that one commit adds to the log.
package struct LogBatch: Sendable {
    /// The new records, ascending by revision and position.
    package var records: [Record]
    /// What happened to leases, in order.
    package var leaseChanges: [LeaseChange]
    /// The new compaction horizon, or `nil` when it does not change.
    ///
    /// Only the number: the records go by and by, with
    /// ``RevisionLog/deleteRecords(_:)``.
    package var compactedRevision: Int64?
    /// Small named values that change.
    package var documents: [DocumentChange]
    /// The store's revision after this commit; at least that of the last record.
    package var headRevision: Int64

    /// Creates a batch.
    package init(
        records: [Record] = [],
        leaseChanges: [LeaseChange] = [],
        compactedRevision: Int64? = nil,
        documents: [DocumentChange] = [],
        headRevision: Int64
    ) {
        self.records = records
        self.leaseChanges = leaseChanges
        self.compactedRevision = compactedRevision
        self.documents = documents
        self.headRevision = headRevision
    }
}

/// A lease that came or went.
package enum LeaseChange: Hashable, Sendable {
    /// The lease exists with this time to live, whether or not it did before.
    case grant(id: Int64, ttlSeconds: Int64)
    /// The lease exists no more.
    case revoke(id: Int64)
}

/// A new value of a small named document, such as the alarms.
package struct DocumentChange: Hashable, Sendable {
    /// The document's name.
    package var name: String
    /// The new value, or `nil` to delete the document.
    package var bytes: [UInt8]?

    /// Creates a change.
    package init(name: String, bytes: [UInt8]?) {
        self.name = name
        self.bytes = bytes
    }
}

/// Where a record stands in the log.
package struct RecordPosition: Hashable, Sendable, Comparable {
    /// The revision that wrote the record.
    package var revision: Int64
    /// The position of the change inside its revision, from zero.
    package var sub: Int

    /// Creates a position.
    package init(revision: Int64, sub: Int) {
        self.revision = revision
        self.sub = sub
    }

    /// Returns whether `lhs` was written before `rhs`.
    package static func < (lhs: RecordPosition, rhs: RecordPosition) -> Bool {
        lhs.revision != rhs.revision ? lhs.revision < rhs.revision : lhs.sub < rhs.sub
    }
}
