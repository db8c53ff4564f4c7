extension Keyspace {
    /// Sets the compaction horizon: from now on nothing below `revision` can be read.
    ///
    /// What became garbage is freed by ``trim(limit:)``, a slice at a time.
    ///
    /// - Throws: ``StoreError/compacted(at:)`` at or below the horizon, ``StoreError/futureRevision(head:)``
    ///   above the head.
    package mutating func compact(through revision: Int64) throws(StoreError) {
        guard revision > self.compactedRevision else { throw .compacted(at: self.compactedRevision) }
        guard revision <= self.revision else { throw .futureRevision(head: self.revision) }
        // The old horizon's own records are looked at again: tombstones there become garbage only now.
        self.trimPosition = min(self.trimPosition, self.history.position(of: self.compactedRevision))
        self.compactedRevision = revision
    }

    /// The revision in the middle of the readable history: compacting through it frees about half.
    package var middleOfHistory: Int64 {
        let start = self.history.position(of: self.compactedRevision)
        guard start < self.history.end else { return self.compactedRevision }
        return self.history[(start + self.history.end) / 2].modRevision
    }

    /// Whether garbage below the horizon is left to free.
    package var needsTrimming: Bool {
        self.trimPosition < self.history.end
            && self.history[self.trimPosition].modRevision <= self.compactedRevision
    }

    /// Frees garbage by looking at up to `limit` records of the history.
    ///
    /// - Returns: The records that were dropped, to be deleted from the log.
    package mutating func trim(limit: Int) -> [Record] {
        var dropped: [Record] = []
        var looked = 0
        while looked < limit, self.needsTrimming {
            self.dropGarbage(besides: self.history[self.trimPosition], into: &dropped)
            self.trimPosition += 1
            looked += 1
        }
        for record in dropped {
            self.recordCount -= 1
            self.byteCount -= record.storedByteCount
            // Only history is ever dropped.
            self.historyByteCount -= record.storedByteCount
        }
        if !self.needsTrimming {
            // A watch may still start at the horizon itself.
            self.history.removeChunks(before: self.history.position(of: self.compactedRevision))
        }
        return dropped
    }

    /// Drops the garbage of the key that `record` changed: all of a key's garbage comes from some later
    /// change of it.
    private mutating func dropGarbage(besides record: Record, into dropped: inout [Record]) {
        let horizon = self.compactedRevision
        unsafe record.withUnsafeKey { key in
            guard let history = unsafe self.find(key), history.hasGarbage(below: horizon) else { return }
            self.index.modify { element in
                unsafe element.compare(to: key)
            } _: { slot in
                slot = slot?.compacted(through: horizon) { dropped.append($0) }
            }
        }
    }
}

extension KeyHistory {
    /// Whether compacting at `horizon` would drop anything.
    func hasGarbage(below horizon: Int64) -> Bool {
        if let older = self.older, older.count > 0 {
            // Something older is garbage as soon as its successor is at or below the horizon.
            let second = older.count > 1 ? older[1] : self.newest
            if second.modRevision <= horizon { return true }
            return older[0].isTombstone && older[0].modRevision < horizon
        }
        return self.newest.isTombstone && self.newest.modRevision < horizon
    }
}
