import EtcdAPI
import MVCC

/// A piece of the history that ends between two revisions and is small enough for one response.
struct LogWindow {
    /// The wanted records' positions, in order.
    private(set) var positions: [Int] = []
    /// The revision up to which the window speaks for the history: nothing else was wanted before or at it.
    private(set) var lastRevision: Int64

    /// Reads from `start` on.
    ///
    /// - Parameters:
    ///   - start: The position of the first record to look at.
    ///   - keyspace: Whose history is read.
    ///   - bound: The first revision that is not read.
    ///   - limits: How large the window may become.
    ///   - isWanted: Which records to keep.
    init(
        from start: Int,
        of keyspace: Keyspace,
        before bound: Int64,
        limits: WatchLimits,
        where isWanted: (Record) -> Bool = { _ in true }
    ) {
        let history = keyspace.history
        // Without a reason to stop early, the window covers everything that was asked for.
        self.lastRevision = min(keyspace.revision, bound - 1)
        var revisions = 0
        var byteCount = 0
        var current: Int64 = -1
        for position in start..<max(start, history.end) {
            let record = history[position]
            guard record.modRevision < bound else { return }
            if record.modRevision != current {
                let isFull =
                    revisions >= limits.segmentRevisions || byteCount >= limits.segmentBytes
                    || position - start >= limits.catchUpRecords
                if isFull {
                    self.lastRevision = current
                    return
                }
                current = record.modRevision
            }
            guard isWanted(record) else { continue }
            if self.positions.last.map({ history[$0].modRevision }) != current { revisions += 1 }
            self.positions.append(position)
            byteCount += Segment.byteCount(of: record, nil)
        }
    }
}
