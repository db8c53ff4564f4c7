import AccessControl
import MVCC
import NIOCore
import Persistence

/// Decides one proposal against a working copy; pure.
struct ProposalEvaluator {
    let configuration: StoreConfiguration
    let now: Duration
    let makeLeaseID: @Sendable () -> Int64

    /// Applies the proposal to the batch and returns what became of it.
    ///
    /// - Throws: Why it was refused; the batch is unchanged then, except for an alarm that the refusal
    ///   raised.
    func evaluate(_ proposal: Proposal, in batch: inout WorkingBatch) throws(StoreError) -> ProposalOutcome {
        switch proposal {
        case .put(let put):
            try self.admit(cost: put.cost, in: &batch)
            let previous = try batch.keyspace.put(put)
            return .put(previous: put.wantsPrevious ? previous : nil, revision: batch.keyspace.revision)
        case .deleteRange(let request):
            try self.checkNotCorrupt(batch)
            let deleted = batch.keyspace.deleteRange(request)
            return .deleteRange(deleted: deleted, revision: batch.keyspace.revision)
        case .transaction(let transaction):
            try self.admit(cost: transaction.cost, in: &batch)
            return .transaction(try batch.keyspace.apply(transaction))
        case .compact(let revision, _):
            try batch.keyspace.compact(through: revision)
            return .done(revision: batch.keyspace.revision)
        case .setAlarm(let alarm, let isRaised):
            let changed = batch.setAlarm(alarm, isRaised: isRaised)
            return .alarm(changed: changed, revision: batch.keyspace.revision)
        case .defragment:
            return .done(revision: batch.keyspace.revision)
        case .setDocument(let name, let bytes):
            batch.setDocument(name, bytes)
            return .done(revision: batch.keyspace.revision)
        case .auth(let command):
            return .auth(self.decide(command, in: &batch), revision: batch.keyspace.revision)
        case .restricted(let proposal, let permissions):
            let restriction = LeaseRestriction(permissions, batch.keyspace.leases)
            guard restriction.allows(proposal) else { return .denied }
            return try self.evaluate(proposal, in: &batch)
        case .grant, .revoke, .keepAlive, .timeToLive, .leases:
            return try self.evaluateLease(proposal, in: &batch)
        }
    }

    private func decide(
        _ command: AuthCommand,
        in batch: inout WorkingBatch
    ) -> Result<AuthOutcome, AuthError> {
        do throws(AuthError) {
            return .success(try batch.apply(command))
        } catch {
            return .failure(error)
        }
    }

    private func evaluateLease(
        _ proposal: Proposal,
        in batch: inout WorkingBatch
    ) throws(StoreError) -> ProposalOutcome {
        let revision = batch.keyspace.revision
        switch proposal {
        case .grant(let id, let timeToLive):
            return .granted(try self.grant(id, timeToLive, in: &batch), revision: revision)
        case .revoke(let id):
            batch.work.deletes += try batch.keyspace.revoke(lease: id)
            batch.leaseChanges.append(.revoke(id: id))
            return .done(revision: batch.keyspace.revision)
        case .keepAlive(let id):
            return .keptAlive(batch.keyspace.renew(lease: id, now: self.now), revision: revision)
        case .timeToLive(let id, let withKeys):
            let status = batch.keyspace.leases.lease(id).map { lease in
                LeaseStatus(
                    lease: lease,
                    remaining: max(.zero, lease.deadline - self.now),
                    keys: withKeys ? batch.keyspace.leases.attachedKeys(of: id).map(\.key) : []
                )
            }
            return .timeToLive(status, revision: revision)
        default:
            return .leases(batch.keyspace.leases.all.map(\.id), revision: revision)
        }
    }

    private func grant(
        _ requested: Int64,
        _ timeToLive: Duration,
        in batch: inout WorkingBatch
    ) throws(StoreError) -> LeaseTable.Lease {
        guard timeToLive <= LeaseTable.maximumTimeToLive else { throw .leaseTooLong }
        guard batch.keyspace.leases.count < self.configuration.leaseLimit else {
            throw .tooManyLeases(limit: self.configuration.leaseLimit)
        }
        // etcd `quota.go`: a lease costs 64 bytes.
        try self.admit(cost: 64, in: &batch)
        var id = requested
        while id == 0 || (requested == 0 && batch.keyspace.leases.lease(id) != nil) {
            id = self.makeLeaseID()
        }
        let granted = max(timeToLive, self.configuration.minimumTimeToLive)
        let lease = try batch.keyspace.grant(lease: id, timeToLive: granted, now: self.now)
        batch.leaseChanges.append(.grant(id: id, ttlSeconds: granted.components.seconds))
        return lease
    }

    /// Refuses what adds data while an alarm is raised or when the quota would be exceeded, which raises the
    /// alarm.
    private func admit(cost: Int, in batch: inout WorkingBatch) throws(StoreError) {
        try self.checkNotCorrupt(batch)
        guard cost > 0 else { return }
        guard !batch.alarms.contains(.noSpace) else { throw .noSpace }
        let isOverQuota =
            self.configuration.quotaBytes > 0
            && batch.keyspace.byteCount + cost >= self.configuration.quotaBytes
        if isOverQuota || batch.keyspace.recordCount >= self.configuration.recordLimit {
            _ = batch.setAlarm(.noSpace, isRaised: true)
            throw .noSpace
        }
    }

    private func checkNotCorrupt(_ batch: WorkingBatch) throws(StoreError) {
        guard !batch.alarms.contains(.corrupt) else { throw .corrupt }
    }
}

extension Put {
    /// What etcd's quota counts for a put, in bytes (`server/storage/quota.go`).
    fileprivate var cost: Int { 256 + self.key.readableBytes + self.value.readableBytes }
}

extension Transaction {
    /// What etcd's quota counts for a transaction, in bytes: its more expensive branch; zero without puts.
    fileprivate var cost: Int { max(Self.cost(of: self.success), Self.cost(of: self.failure)) }

    private static func cost(of branch: [MVCC.Operation]) -> Int {
        branch.reduce(0) { total, operation in
            switch operation {
            case .put(let put): total + put.cost
            case .transaction(let nested): total + nested.cost
            case .range, .deleteRange: total
            }
        }
    }
}
