import MVCC

/// The order that every log insists on: revisions ascend, and none is used that was not reserved.
///
/// A violation is a programmer's error that would issue a revision twice, so it stops the process.
package struct RevisionFence: Hashable, Sendable {
    /// The store's revision.
    package private(set) var head: Int64
    /// The last reserved revision.
    package private(set) var ceiling: Int64
    /// The compaction horizon.
    package private(set) var compacted: Int64

    /// Creates the fence of a log that was opened in this state.
    package init(of state: StoreState) {
        self.head = state.head
        self.ceiling = state.ceiling
        self.compacted = state.compacted
    }

    /// Stops the process unless `batch` may follow.
    package func check(_ batch: LogBatch) {
        precondition(batch.headRevision >= self.head, "the head revision must not go back")
        var previous = RecordPosition(revision: self.head, sub: Int.max)
        for record in batch.records {
            let position = RecordPosition(revision: record.modRevision, sub: record.sub)
            precondition(previous < position, "records must ascend by revision and position")
            previous = position
        }
        precondition(previous.revision <= batch.headRevision, "a record is above the batch's head revision")
        precondition(batch.headRevision <= self.ceiling, "revisions must be reserved before they are used")
        if let compacted = batch.compactedRevision {
            precondition(
                self.compacted...batch.headRevision ~= compacted,
                "the compaction horizon must not go back, nor beyond the head"
            )
        }
    }

    /// Notes that `batch` was appended.
    package mutating func advance(past batch: LogBatch) {
        self.head = batch.headRevision
        self.compacted = batch.compactedRevision ?? self.compacted
    }

    /// Notes that the revisions up to `ceiling` are reserved.
    package mutating func raise(ceiling: Int64) {
        precondition(ceiling >= self.ceiling, "the revision ceiling must not go back")
        self.ceiling = ceiling
    }
}
