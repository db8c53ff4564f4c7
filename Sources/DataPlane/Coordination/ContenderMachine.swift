import MVCC
import NIOCore

/// Why a call of the lock or election service fails for a reason of its own.
enum CoordinationFailure: Error, Hashable {
    /// The key that stood for a waiting locker is gone, with its lease.
    case sessionExpired
    /// The key of a leader was deleted or belongs to somebody else.
    case notLeader
    /// Nobody is leader.
    case noLeader
    /// The request does not say which leadership it is about.
    case leaderMissing
}

/// The way of one Lock or Campaign call through the queue of a name.
///
/// Pure. The queue is the keys below `<name>/`, in the order of their create revisions; the oldest holds the
/// lock, or leads. A contender puts its own key there and waits for the deletion of the youngest older one,
/// so that each deletion wakes one contender (etcd `client/v3/concurrency`, `mutex.go`, `election.go`,
/// `key.go`).
///
///     joining ──►( publishing )──► looking ◄──► waiting
///        │                            │
///        └─────────► over ◄───────────┘
struct ContenderMachine {
    /// What the place at the head of the queue means.
    enum Purpose: Equatable {
        /// A lock.
        case lock
        /// Leadership, announced with a value.
        case campaign(value: ByteBuffer)
    }

    /// What to do next.
    enum Step: Equatable {
        /// Commit this, then call ``published(_:)``.
        case publish(Transaction)
        /// Read the newest state, then call ``looked(own:older:at:)``.
        case look
        /// Wait until this key is deleted after this revision, then call ``olderIsGone()``.
        case wait(key: ByteBuffer, after: Int64)
        /// The contender is first; the answer's header carries this revision.
        case answer(revision: Int64)
        case fail(CoordinationFailure)
        /// The caller is gone: commit this to give the place up. Nothing follows.
        case leave(Transaction)
        /// Nothing is left to do.
        case stop
    }

    private enum State {
        case joining
        case publishing
        case looking
        case waiting
        case over
    }

    let name: ByteBuffer
    let lease: Int64
    /// The key that stands for the contender.
    let key: ByteBuffer
    /// The revision that created ``key``; zero before that is known.
    private(set) var createRevision: Int64 = 0
    private let purpose: Purpose
    /// The revision after joining.
    private var joinRevision: Int64 = 0
    private var state = State.joining

    /// Creates a contender that has not joined yet.
    init(_ purpose: Purpose, name: ByteBuffer, lease: Int64) {
        self.purpose = purpose
        self.name = name
        self.lease = lease
        var key = KeyRange.queue(of: name).start
        key.writeString(String(lease, radix: 16))
        self.key = key
    }

    /// The transaction that joins the queue; see ``joined(_:)``.
    ///
    /// A lease has one place in a queue. Joining again finds it.
    var join: Transaction {
        var put = Put(key: self.key, value: self.value)
        put.lease = self.lease
        let own = Operation.range(RangeQuery(KeyRange(self.key)))
        let isAbsent = Compare(KeyRange(self.key), .create(0), .equal)
        switch self.purpose {
        case .lock:
            let first = Operation.range(.first(of: self.name))
            return Transaction(compares: [isAbsent], success: [.put(put), first], failure: [own, first])
        case .campaign:
            return Transaction(compares: [isAbsent], success: [.put(put)], failure: [own])
        }
    }

    /// The query that finds the youngest contender older than this one.
    var older: RangeQuery {
        var query = RangeQuery(.queue(of: self.name))
        query.sortTarget = .create
        query.sortOrder = .descend
        query.limit = 1
        query.maximumCreateRevision = self.createRevision - 1
        return query
    }

    /// Takes the outcome of ``join``.
    mutating func joined(_ outcome: TransactionOutcome) -> Step {
        let found = outcome.succeeded ? nil : outcome.firstRecord(0)
        self.createRevision = found?.createRevision ?? outcome.revision
        self.joinRevision = outcome.revision
        guard self.state == .joining else {
            // The caller went away meanwhile. A place that it had before is left alone.
            return outcome.succeeded ? .leave(self.departure) : .stop
        }
        switch self.purpose {
        case .lock:
            guard let first = outcome.firstRecord(1), first.createRevision != self.createRevision else {
                return self.answer(outcome.revision)
            }
        case .campaign(let value):
            if let found, found.value != value {
                self.state = .publishing
                return .publish(.publishing(value, in: self.key, since: self.createRevision, self.lease))
            }
        }
        self.state = .looking
        return .look
    }

    /// Takes the outcome of ``Step/publish(_:)``.
    mutating func published(_ outcome: TransactionOutcome) -> Step {
        guard self.state == .publishing else { return .stop }
        guard outcome.succeeded else {
            self.state = .over
            return .fail(.notLeader)
        }
        self.state = .looking
        return .look
    }

    /// Takes what was found at `revision`: the create revision of the contender's own key, and the key of the
    /// youngest older contender.
    mutating func looked(own: Int64?, older: ByteBuffer?, at revision: Int64) -> Step {
        guard self.state == .looking else { return .stop }
        if let older {
            self.state = .waiting
            return .wait(key: older, after: revision)
        }
        switch self.purpose {
        case .lock:
            guard own == self.createRevision else {
                self.state = .over
                return .fail(.sessionExpired)
            }
            return self.answer(revision)
        case .campaign:
            // As in etcd, the winner is not told that its lease ended while it waited; its next Proclaim is.
            return self.answer(self.joinRevision)
        }
    }

    /// The awaited key was deleted, or may have been.
    mutating func olderIsGone() -> Step {
        guard self.state == .waiting else { return .stop }
        self.state = .looking
        return .look
    }

    /// The caller went away, or may no longer wait.
    mutating func ended() -> Step {
        defer { self.state = .over }
        switch self.state {
        case .joining, .over: return .stop
        case .publishing, .looking, .waiting: return .leave(self.departure)
        }
    }

    private var value: ByteBuffer {
        if case .campaign(let value) = self.purpose { value } else { ByteBuffer() }
    }

    private var departure: Transaction { .deleting(self.key, since: self.createRevision) }

    private mutating func answer(_ revision: Int64) -> Step {
        self.state = .over
        return .answer(revision: revision)
    }
}

extension KeyRange {
    /// The keys of those who contend for a name.
    static func queue(of name: ByteBuffer) -> KeyRange {
        var start = ByteBuffer()
        start.writeImmutableBuffer(name)
        var end = start
        start.writeStaticString("/")
        end.writeStaticString("0")
        return KeyRange(key: start, rangeEnd: end)
    }
}

extension RangeQuery {
    /// The query that finds the first of a queue: the holder of the lock, or the leader.
    static func first(of name: ByteBuffer) -> RangeQuery {
        var query = RangeQuery(.queue(of: name))
        query.sortTarget = .create
        query.sortOrder = .ascend
        query.limit = 1
        return query
    }
}

extension Transaction {
    /// Puts a value, if the key was created at this revision.
    static func publishing(
        _ value: ByteBuffer,
        in key: ByteBuffer,
        since revision: Int64,
        _ lease: Int64
    )
        -> Transaction
    {
        var put = Put(key: key, value: value)
        put.lease = lease
        return Transaction(
            compares: [Compare(KeyRange(key), .create(revision), .equal)],
            success: [.put(put)]
        )
    }

    /// Deletes a key, if it was created at this revision.
    static func deleting(_ key: ByteBuffer, since revision: Int64) -> Transaction {
        Transaction(
            compares: [Compare(KeyRange(key), .create(revision), .equal)],
            success: [.deleteRange(DeleteRange(KeyRange(key)))]
        )
    }
}

extension TransactionOutcome {
    /// The first record that the range at this position found.
    fileprivate func firstRecord(_ index: Int) -> Record? {
        guard index < self.results.count, case .range(let result, _, _) = self.results[index] else {
            return nil
        }
        return result.records.first
    }
}
