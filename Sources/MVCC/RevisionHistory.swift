/// The records of all revisions since the compaction horizon, in order: what watches read.
///
/// A list of chunks that copies share; appending costs one slot, and a reader's copy never changes. Old
/// records leave by whole chunks, so a few below the horizon may still be there: readers ask with a revision.
package struct RevisionHistory: Sendable {
    private static let chunkCapacity = 512

    private var full: [AppendOnlyArray<Record>] = []
    private var tail = AppendOnlyArray<Record>(capacity: chunkCapacity)
    /// The position of the first record that is still stored.
    ///
    /// Positions count up from zero and are never used again.
    package private(set) var start = 0

    /// The position after the newest record.
    package var end: Int { self.start + self.full.count * Self.chunkCapacity + self.tail.count }

    /// The record at `position`, which must be from ``start`` to before ``end``.
    package subscript(position: Int) -> Record {
        @inline(__always) get {
            let (chunk, offset) = (position - self.start).quotientAndRemainder(dividingBy: Self.chunkCapacity)
            return chunk < self.full.count ? self.full[chunk][offset] : self.tail[offset]
        }
    }

    /// Appends the record of the newest revision.
    mutating func append(_ record: Record) {
        if self.tail.count == Self.chunkCapacity {
            self.full.append(self.tail)
            self.tail = AppendOnlyArray(capacity: Self.chunkCapacity)
        }
        self.tail.append(record)
    }

    /// Returns the position of the first record at or after `revision`.
    ///
    /// O(log *n*).
    package func position(of revision: Int64) -> Int {
        var low = self.start
        var high = self.end
        while low < high {
            let middle = (low + high) / 2
            if self[middle].modRevision < revision { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Lets go of the chunks whose records are all before `position`.
    mutating func removeChunks(before position: Int) {
        let count = min((position - self.start) / Self.chunkCapacity, self.full.count)
        guard count > 0 else { return }
        self.full.removeFirst(count)
        self.start += count * Self.chunkCapacity
    }
}
