/// The one row that says who the store is and where it stopped; what a restart concludes from it is decided
/// here.
package struct StoreState: Hashable, Sendable {
    /// The number of starts that wrote something, plus one: the raft term that clients saw last.
    package var startCount: Int64
    /// The identity that clients know the store by.
    package var identity: StoreIdentity
    /// The kernel's boot ID of the run that wrote last, or empty when its page cache must not be trusted.
    package var bootID: String
    /// Whether the run that wrote last also closed the log.
    package var isStoppedCleanly: Bool
    /// How durably the run that wrote last appended.
    package var durability: Durability
    /// The last reserved revision.
    package var ceiling: Int64
    /// A revision that the store reached.
    ///
    /// Records may go further: it is written only when they do not show it.
    package var head: Int64
    /// The compaction horizon.
    package var compacted: Int64

    /// How far above the last reserved revision a store resumes whose tail may be lost.
    ///
    /// Not zero: a watcher that saw the last reserved revision *c* asks for *c* + 1, and must be told that it
    /// is compacted, since it may have seen what was lost. etcd's horizon is itself still readable, so it is
    /// *c* + 2.
    package static let resumeDistance: Int64 = 2

    /// Returns the state of a store that never ran.
    package static func fresh(identity: StoreIdentity, durability: Durability) -> StoreState {
        StoreState(
            startCount: 1,
            identity: identity,
            bootID: "",
            isStoppedCleanly: true,
            durability: durability,
            ceiling: 1,
            head: 1,
            compacted: 0
        )
    }

    /// Returns the state in which a new run resumes.
    ///
    /// - Parameters:
    ///   - last: The revision of the last record that the log holds, or zero.
    ///   - bootID: The kernel's boot ID now; empty when unknown, which no earlier one equals.
    ///   - durability: How durably the new run appends.
    /// - Returns: The state, not yet stored, and what may be missing.
    package func resumed(
        lastRecord last: Int64,
        bootID: String,
        durability: Durability
    ) -> (StoreState, Recovery) {
        var next = self
        next.startCount += 1
        next.bootID = bootID
        next.isStoppedCleanly = false
        next.durability = durability
        // The newest records may have been compacted away, so they alone do not show the head.
        next.head = max(self.head, last, self.compacted)
        let isSameBoot = !bootID.isEmpty && bootID == self.bootID
        guard self.isStoppedCleanly || isSameBoot || self.durability == .strict else {
            let reserved = max(self.ceiling, next.head)
            next.head = reserved + Self.resumeDistance
            next.compacted = next.head
            next.ceiling = next.head
            return (next, .tailMayBeLost(resumedAbove: reserved))
        }
        next.ceiling = max(self.ceiling, next.head)
        return (next, .exact)
    }

    /// The checksum of all fields.
    var checksum: Int64 {
        var checksum = Checksum()
        checksum.add(self.startCount)
        checksum.add(Int64(bitPattern: self.identity.clusterID))
        checksum.add(Int64(bitPattern: self.identity.memberID))
        checksum.add(self.bootID)
        checksum.add(self.isStoppedCleanly ? 1 : 0)
        checksum.add(self.durability.rawValue)
        checksum.add(self.ceiling)
        checksum.add(self.head)
        checksum.add(self.compacted)
        return checksum.value
    }
}
