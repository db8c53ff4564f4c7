// MVCC: the multi-version key space as a value.
//
// A `Keyspace` is a struct over copy-on-write trees: taking a snapshot is a copy, rolling back is dropping
// one, and no reader ever blocks the writer. There is no clock, lock, file or thread here; the commit thread
// calls the mutating functions, anyone may read a copy. Begin here; `Record` is the data,
// `Keyspace+Transaction` the only way to change it.

package import NIOCore

/// The keys, their history since the compaction horizon, and the leases, at one revision.
///
/// Invariants: ``revision`` only grows; every change of one transaction has the same revision and consecutive
/// subs; the index holds for each key its records in ascending order, the newest last; ``history`` holds the
/// same records in (revision, sub) order from the horizon on.
package struct Keyspace: Sendable {
    /// The newest revision.
    ///
    /// A new key space begins at 1 (etcd).
    package internal(set) var revision: Int64 = 1
    /// The compaction horizon: history below it is gone.
    ///
    /// It is -1 before the first compaction (etcd).
    package internal(set) var compactedRevision: Int64 = -1
    /// The leases and what is attached to them.
    package internal(set) var leases = LeaseTable()
    /// The records in revision order.
    package internal(set) var history = RevisionHistory()
    /// The number of stored records, superseded ones and tombstones included.
    package internal(set) var recordCount = 0
    /// The bytes of keys, values and metadata of all stored records.
    package internal(set) var byteCount = 0
    /// The part of ``byteCount`` that is history: superseded records, and tombstones.
    package internal(set) var historyByteCount = 0

    var index = SortedTree<KeyHistory>()
    /// Where trimming goes on: records of ``history`` before it have been looked at for the current horizon.
    var trimPosition = 0

    /// Creates an empty key space.
    package init() {}

    /// Creates the base of a key space that is about to be restored with ``restore(_:)``.
    package init(revision: Int64, compactedRevision: Int64) {
        self.revision = revision
        self.compactedRevision = compactedRevision
    }

    /// The number of keys that exist.
    package var keyCount: Int { self.index.weight }

    /// Adds a record that was read from the log; they must come in (revision, sub) order.
    package mutating func restore(_ record: Record) {
        let replaced = self.insert(record)
        self.revision = max(self.revision, record.modRevision)
        if let replaced, replaced.lease != 0, replaced.lease != record.lease {
            self.leases.detach(replaced, from: replaced.lease)
        }
        if record.lease != 0 { self.leases.attach(record, to: record.lease) }
    }

    /// Returns the newest record of `key`, or `nil` when it does not exist.
    @inline(__always)
    package func newest(_ key: UnsafeRawBufferPointer) -> Record? {
        guard let history = unsafe self.find(key), !history.newest.isTombstone else { return nil }
        return history.newest
    }

    /// Returns the newest record of the key in borrowed bytes, or `nil` when it does not exist.
    package func newest(_ key: RawSpan) -> Record? {
        unsafe key.withUnsafeBytes { unsafe self.newest($0) }
    }

    /// Returns the newest record of `key`, or `nil` when it does not exist.
    package func newest(_ key: ByteBuffer) -> Record? {
        unsafe key.withUnsafeReadableBytes { unsafe self.newest($0) }
    }

    /// Returns the record that `record` replaced, or `nil` when it created its key or history does not reach
    /// back.
    package func previous(of record: Record) -> Record? {
        let before = record.modRevision - 1
        guard before >= self.compactedRevision,
            record.isTombstone || record.createRevision != record.modRevision
        else {
            return nil
        }
        return unsafe record.withUnsafeKey { key in
            guard let found = unsafe self.find(key)?.record(at: before), !found.isTombstone else {
                return nil
            }
            return found
        }
    }

    @inline(__always)
    func find(_ key: UnsafeRawBufferPointer) -> KeyHistory? {
        self.index.find { element in
            unsafe element.newest.withUnsafeKey { unsafe Bytes.compare(key, $0) }
        }
    }

    /// Adds a record to the index and the history.
    ///
    /// - Returns: The record that was the key's newest before, which may be a tombstone.
    @discardableResult
    mutating func insert(_ record: Record) -> Record? {
        self.history.append(record)
        self.recordCount += 1
        self.byteCount += record.storedByteCount
        let replaced = self.addToIndex(record)
        if record.isTombstone { self.historyByteCount += record.storedByteCount }
        if let replaced, !replaced.isTombstone { self.historyByteCount += replaced.storedByteCount }
        return replaced
    }

    private mutating func addToIndex(_ record: Record) -> Record? {
        unsafe record.withUnsafeKey { key in
            self.index.modify { element in
                unsafe element.newest.withUnsafeKey { unsafe Bytes.compare(key, $0) }
            } _: { slot in
                guard var history = slot.take() else {
                    slot = KeyHistory(record)
                    return nil
                }
                let previous = history.newest
                history.append(record)
                slot = history
                return previous
            }
        }
    }

    /// Describes the first broken invariant, or `nil`.
    ///
    /// For tests; O(*n*).
    package var brokenInvariant: String? {
        if let problem = self.index.brokenInvariant(areInOrder: { a, b in
            Bytes.areInOrder(a.newest.key, b.newest.key)
        }) {
            return problem
        }
        var records = 0
        var bytes = 0
        self.forEachStoredRecord { record in
            records += 1
            bytes += record.storedByteCount
        }
        var liveBytes = 0
        self.index.visitAll { element in
            if !element.newest.isTombstone { liveBytes += element.newest.storedByteCount }
            return true
        }
        guard bytes - liveBytes == self.historyByteCount else {
            return "historyByteCount is \(self.historyByteCount), not \(bytes - liveBytes)"
        }
        guard records == self.recordCount else { return "recordCount is \(self.recordCount), not \(records)" }
        return bytes == self.byteCount ? nil : "byteCount is \(self.byteCount), not \(bytes)"
    }

    /// Calls `body` for every stored record in key order, then revision order.
    package func forEachStoredRecord(_ body: (Record) -> Void) {
        self.index.visitAll { element in
            element.forEachRecord(body)
            return true
        }
    }
}

extension Record {
    /// What a record costs in memory, in bytes: its encoded form and its metadata.
    package var storedByteCount: Int { self.encodedByteCount + 96 }
}
