/// All stored revisions of one key; the element of the key index.
///
/// A worked example. The key is put at 2, put at 4, deleted at 7 and put again at 9:
///
///     older: [put@2 v1, put@4 v2, tombstone@7]    newest: put@9 v1
///
/// Compacting at 5 drops put@2 (a newer record is at or below 5). Compacting at 7 drops put@4 but keeps the
/// tombstone, for a watch that starts at exactly 7. Compacting at 8 drops the tombstone as well.
struct KeyHistory: SortedTreeElement {
    /// The newest record; a tombstone if the key does not exist now.
    private(set) var newest: Record
    /// The records before it, oldest first.
    private(set) var older: AppendOnlyArray<Record>?

    init(_ first: Record) {
        self.newest = first
        self.older = nil
    }

    /// One if the key exists, so that the index counts existing keys.
    var weight: Int { self.newest.isTombstone ? 0 : 1 }

    /// Without the older records: a bound may stay long after they were dropped.
    var bound: KeyHistory { KeyHistory(self.newest) }

    /// The number of stored records.
    var recordCount: Int { 1 + (self.older?.count ?? 0) }

    /// Adds the record of a later revision.
    mutating func append(_ record: Record) {
        if self.older == nil { self.older = AppendOnlyArray(capacity: 1) }
        self.older?.append(self.newest)
        self.newest = record
    }

    /// Returns the newest record at or below `revision`: a tombstone if the key was deleted then, `nil` if
    /// nothing is known.
    func record(at revision: Int64) -> Record? {
        if self.newest.modRevision <= revision { return self.newest }
        guard let older = self.older else { return nil }
        let index = older.partitionIndex { $0.modRevision <= revision }
        return index == 0 ? nil : older[index - 1]
    }

    /// Drops what nobody can ask for once everything below `horizon` is compacted, calling `body` for each
    /// dropped record.
    ///
    /// - Returns: The history that is left, or `nil` when nothing is.
    func compacted(through horizon: Int64, dropping body: (Record) -> Void) -> KeyHistory? {
        let older = self.older ?? AppendOnlyArray()
        // Position of the newest record at or below the horizon, counting `newest` as the last.
        let reached =
            self.newest.modRevision <= horizon
            ? older.count : older.partitionIndex { $0.modRevision <= horizon } - 1
        guard reached >= 0 else { return self }
        let kept = reached == older.count ? self.newest : older[reached]
        let dropsKept = kept.isTombstone && kept.modRevision < horizon
        let firstKept = dropsKept ? reached + 1 : reached
        for index in 0..<min(firstKept, older.count) { body(older[index]) }
        guard firstKept <= older.count else {
            body(self.newest)
            return nil
        }
        var rest = self
        if firstKept > 0 {
            rest.older = firstKept == older.count ? nil : older.suffix(from: firstKept)
        }
        return rest
    }

    /// Calls `body` for every stored record, oldest first.
    func forEachRecord(_ body: (Record) -> Void) {
        if let older = self.older {
            for index in 0..<older.count { body(older[index]) }
        }
        body(self.newest)
    }
}
