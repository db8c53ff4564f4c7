import NIOCore

/// The way of one Observe call: who leads, what the leader says, who leads next.
///
/// Pure (etcd `client/v3/concurrency/election.go`, `observe`).
///
///     looking ──nobody leads──► expecting ──a put──┐
///        │  ▲                                      ▼
///        │  └────────────── deleted ──────────── following ◄─┐
///        └───────────── there is a leader ─────────►└──a put──┘
struct ObserverMachine {
    /// What to do next.
    enum Step: Equatable {
        /// Watch the queue's puts after this revision; nobody leads.
        case expect(after: Int64)
        /// Report the leader with this revision in the header, then watch its key after that revision.
        case reportAndFollow(revision: Int64)
        /// Report what the leader says, with this revision in the header.
        case report(revision: Int64)
        /// Read the newest state, then call ``looked(hasLeader:at:)``.
        case look
        /// Nothing.
        case ignore
    }

    private enum State {
        case looking
        case expecting
        case following
    }

    private var state = State.looking

    /// Takes what was found at `revision`.
    mutating func looked(hasLeader: Bool, at revision: Int64) -> Step {
        self.state = hasLeader ? .following : .expecting
        return hasLeader ? .reportAndFollow(revision: revision) : .expect(after: revision)
    }

    /// Takes a put that was committed at `revision` and sent in a response of `responseRevision`.
    mutating func saw(putAt revision: Int64, in responseRevision: Int64) -> Step {
        switch self.state {
        case .looking: return .ignore
        case .expecting:
            self.state = .following
            return .reportAndFollow(revision: revision)
        case .following: return .report(revision: responseRevision)
        }
    }

    /// Takes a deletion, or notes that events were missed.
    mutating func sawDelete() -> Step {
        guard self.state == .following else { return .ignore }
        self.state = .looking
        return .look
    }

    /// Notes that what is watched is no longer in the history: looks again.
    mutating func missedEvents() -> Step {
        self.state = .looking
        return .look
    }
}
