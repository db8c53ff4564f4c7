/// The log of a store that forgets everything when it stops: it checks the order of revisions and keeps
/// nothing.
package final class MemoryRevisionLog: RevisionLog {
    private var fence: RevisionFence
    private var isOpen = true

    private init(fence: RevisionFence) {
        self.fence = fence
    }

    /// Opens a log that is always fresh, and so has a new identity each time.
    package static func open(newIdentity: () -> StoreIdentity) -> (MemoryRevisionLog, RecoveredStore) {
        let fresh = StoreState.fresh(identity: newIdentity(), durability: .memory)
        let log = MemoryRevisionLog(
            fence: RevisionFence(of: fresh)
        )
        let store = RecoveredStore(
            identity: fresh.identity,
            startCount: UInt64(fresh.startCount + 1),
            headRevision: fresh.head,
            compactedRevision: fresh.compacted,
            revisionCeiling: fresh.ceiling,
            recovery: .fresh
        )
        return (log, store)
    }

    /// Checks the order of the batch.
    package func append(_ batch: LogBatch) {
        self.checkOpen()
        self.fence.check(batch)
        self.fence.advance(past: batch)
    }

    /// Allows revisions up to `ceiling`.
    package func reserveRevisions(through ceiling: Int64) {
        self.checkOpen()
        self.fence.raise(ceiling: ceiling)
    }

    /// Does nothing.
    package func deleteRecords(_ positions: [RecordPosition]) {
        self.checkOpen()
    }

    /// Zero.
    package var sizeInBytes: Int64 { 0 }
    /// Zero.
    package var sizeInUseInBytes: Int64 { 0 }

    /// Does nothing.
    package func defragment() {
        self.checkOpen()
    }

    /// Ends the use of the log.
    package func close() {
        self.isOpen = false
    }

    private func checkOpen() {
        precondition(self.isOpen, "the log is closed")
    }
}
