package import AccessControl
package import MVCC
package import NIOCore

/// Something that only the commit thread can decide.
package enum Proposal: Sendable {
    case put(Put)
    case deleteRange(DeleteRange)
    case transaction(Transaction)
    /// Moves the compaction horizon; the answer waits until the garbage is freed if `isPhysical`.
    case compact(through: Int64, isPhysical: Bool)
    /// Creates a lease; the identifier zero lets the store choose one.
    case grant(lease: Int64, timeToLive: Duration)
    case revoke(lease: Int64)
    case keepAlive(lease: Int64)
    case timeToLive(lease: Int64, withKeys: Bool)
    case leases
    /// Raises or clears an alarm of this member.
    case setAlarm(Alarm, isRaised: Bool)
    case defragment
    /// Stores or, with `nil`, removes a small named value beside the key space; no revision.
    case setDocument(name: String, bytes: [UInt8]?)
    /// Changes users, roles or whether they count; no revision of the key space.
    case auth(AuthCommand)
    /// A proposal by someone who may only touch some keys: decided only if these are the keys of the leases
    /// that it uses.
    ///
    /// Only the commit thread knows which keys a lease has; the proposal's own keys were checked by whoever
    /// proposes.
    indirect case restricted(Proposal, to: PermissionTable)
}

/// What became of a proposal.
package enum ProposalOutcome: Sendable {
    case put(previous: Record?, revision: Int64)
    case deleteRange(deleted: [Record], revision: Int64)
    case transaction(TransactionOutcome)
    /// Done; nothing to say but the newest revision.
    case done(revision: Int64)
    case granted(LeaseTable.Lease, revision: Int64)
    /// The renewed lease, or `nil` when there is none; `revision` is from before the renewal.
    case keptAlive(LeaseTable.Lease?, revision: Int64)
    /// The lease with what is left of it and its keys, or `nil` when there is none.
    case timeToLive(LeaseStatus?, revision: Int64)
    case leases([Int64], revision: Int64)
    /// Whether the alarm was not already as asked.
    case alarm(changed: Bool, revision: Int64)
    /// What became of a change of users and roles.
    case auth(Result<AuthOutcome, AuthError>, revision: Int64)
    /// Nothing was done: a lease has keys that the proposer may not touch.
    case denied
}

/// What is left of a lease.
package struct LeaseStatus: Sendable {
    package let lease: LeaseTable.Lease
    package let remaining: Duration
    /// Attached keys in byte order; empty unless asked for.
    package let keys: [ByteBuffer]
}

/// What stops the store from taking writes (etcd's alarm types).
package enum Alarm: UInt8, Hashable, Sendable, CaseIterable {
    /// The quota is used up or the disk is full.
    case noSpace = 1
    /// Stored data was found damaged.
    case corrupt = 2
}

/// Who waits for the outcome of a proposal.
package enum Reply: Sendable {
    /// Nobody.
    case none
    /// A function on an event loop, called there once.
    case loop(LoopPort, NIOLoopBound<(Result<ProposalOutcome, StoreError>) -> Void>)
    /// A suspended task.
    case task(CheckedContinuation<Result<ProposalOutcome, StoreError>, Never>)

    /// Delivers the result.
    ///
    /// Commit thread only; a loop's function runs at the port's next turn.
    func complete(_ result: Result<ProposalOutcome, StoreError>) {
        switch self {
        case .none: break
        case .loop(let port, let body): port.enqueue(body, result)
        case .task(let continuation): continuation.resume(returning: result)
        }
    }
}

/// A proposal and who waits for it.
package struct QueuedProposal: Sendable {
    package let proposal: Proposal
    package let reply: Reply

    /// Creates a proposal that is ready to be queued.
    package init(_ proposal: Proposal, reply: Reply) {
        self.proposal = proposal
        self.reply = reply
    }
}
