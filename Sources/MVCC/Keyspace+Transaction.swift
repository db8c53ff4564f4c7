import NIOCore

extension Keyspace {
    /// Stores one value at the next revision.
    ///
    /// - Returns: The record that was replaced (`nil` if the key did not exist); ``revision`` is the new one
    ///   afterwards.
    /// - Throws: ``StoreError/leaseNotFound``, ``StoreError/keyNotFound``; nothing is changed then.
    package mutating func put(_ put: Put) throws(StoreError) -> Record? {
        // etcd `apply.go`: the lease is looked at before the key.
        if put.lease != 0, self.leases.lease(put.lease) == nil { throw .leaseNotFound }
        if put.ignoresValue || put.ignoresLease, self.newest(put.key) == nil { throw .keyNotFound }
        var sub = 0
        return self.apply(put, at: self.revision + 1, sub: &sub)
    }

    /// Deletes the keys of a range at the next revision, or changes nothing when there are none.
    package mutating func deleteRange(_ request: DeleteRange) -> [Record] {
        var sub = 0
        return self.apply(request, at: self.revision + 1, sub: &sub)
    }

    /// Evaluates a transaction and applies the branch that its compares choose, all at one revision or not at
    /// all.
    ///
    /// - Throws: What the first operation that cannot be done throws; nothing is changed then.
    package mutating func apply(_ transaction: Transaction) throws(StoreError) -> TransactionOutcome {
        let plan = try self.plan(transaction)
        let main = self.revision + 1
        var sub = 0
        return self.perform(plan, at: main, sub: &sub)
    }

    /// Answers a transaction whose branches only read.
    ///
    /// - Throws: ``StoreError/futureRevision(head:)``, ``StoreError/compacted(at:)``.
    package func evaluate(readOnly transaction: Transaction) throws(StoreError) -> TransactionOutcome {
        precondition(transaction.isReadOnly, "a snapshot cannot be written to")
        var copy = self
        return try copy.apply(transaction)
    }

    /// Removes a lease and deletes the keys attached to it, in byte order, at one revision.
    ///
    /// - Returns: The number of deleted keys.
    /// - Throws: ``StoreError/leaseNotFound``.
    package mutating func revoke(lease id: Int64) throws(StoreError) -> Int {
        guard self.leases.lease(id) != nil else { throw .leaseNotFound }
        let keys = self.leases.attachedKeys(of: id)
        var sub = 0
        for key in keys {
            if let record = self.newest(key.key) { self.delete(record, at: self.revision + 1, sub: &sub) }
        }
        if sub > 0 { self.revision += 1 }
        self.leases.remove(id: id)
        return sub
    }

    /// Adds a lease.
    ///
    /// - Throws: ``StoreError/leaseExists``, ``StoreError/leaseTooLong``.
    package mutating func grant(
        lease id: Int64,
        timeToLive: Duration,
        now: Duration
    ) throws(StoreError) -> LeaseTable.Lease {
        try self.leases.grant(id: id, timeToLive: timeToLive, now: now)
    }

    /// Moves a lease's deadline; returns `nil` when there is no such lease.
    package mutating func renew(lease id: Int64, now: Duration) -> LeaseTable.Lease? {
        self.leases.renew(id: id, now: now)
    }

    /// Moves all deadlines to a full time to live from now.
    package mutating func renewLeases(now: Duration) {
        self.leases.renewAll(now: now)
    }
}

// MARK: - Planning: all compares are evaluated and all operations checked before anything changes (etcd
// `txn.go`).

/// A transaction whose branches are chosen and whose operations are known to succeed.
private struct TransactionPlan {
    enum Step {
        case range(RangeQuery)
        case put(Put)
        case deleteRange(DeleteRange)
        case transaction(TransactionPlan)
    }

    var succeeded: Bool
    var steps: [Step]
}

extension Keyspace {
    /// Chooses the branches of the whole tree against the state before it, then checks each operation.
    private func plan(_ transaction: Transaction) throws(StoreError) -> TransactionPlan {
        let succeeded = transaction.compares.allSatisfy(self.holds)
        var steps: [TransactionPlan.Step] = []
        for operation in succeeded ? transaction.success : transaction.failure {
            switch operation {
            case .range(let query):
                try self.checkReadableInTransaction(query.revision)
                steps.append(.range(query))
            case .put(let put):
                if put.ignoresValue || put.ignoresLease, self.newest(put.key) == nil { throw .keyNotFound }
                if put.lease != 0, self.leases.lease(put.lease) == nil { throw .leaseNotFound }
                steps.append(.put(put))
            case .deleteRange(let request):
                steps.append(.deleteRange(request))
            case .transaction(let nested):
                steps.append(.transaction(try self.plan(nested)))
            }
        }
        return TransactionPlan(succeeded: succeeded, steps: steps)
    }

    /// As ``checkReadable(_:)``, but below zero is compacted rather than the newest (etcd `checkRange`).
    private func checkReadableInTransaction(_ revision: Int64) throws(StoreError) {
        guard revision != 0 else { return }
        guard revision <= self.revision else { throw .futureRevision(head: self.revision) }
        guard revision >= self.compactedRevision else { throw .compacted(at: self.compactedRevision) }
    }

    private func holds(_ compare: Compare) -> Bool {
        var isEmpty = true
        var holds = true
        self.forEach(compare.range, at: self.revision) { record in
            isEmpty = false
            holds = compare.holds(for: record)
            return holds
        }
        return isEmpty ? compare.holdsForAbsentKey : holds
    }

    private mutating func perform(
        _ plan: TransactionPlan,
        at main: Int64,
        sub: inout Int
    ) -> TransactionOutcome {
        var results: [OperationOutcome] = []
        results.reserveCapacity(plan.steps.count)
        for step in plan.steps {
            switch step {
            case .range(let query):
                let result = self.range(
                    query,
                    at: query.revision <= 0 ? max(self.revision, main) : query.revision
                )
                results.append(.range(result, keysOnly: query.keysOnly, revision: self.revision))
            case .put(let put):
                let previous = self.apply(put, at: main, sub: &sub)
                results.append(.put(previous: put.wantsPrevious ? previous : nil, revision: self.revision))
            case .deleteRange(let request):
                let deleted = self.apply(request, at: main, sub: &sub)
                results.append(
                    .deleteRange(
                        deleted: deleted.count,
                        previous: request.wantsPrevious ? deleted : [],
                        revision: self.revision
                    )
                )
            case .transaction(let nested):
                results.append(.transaction(self.perform(nested, at: main, sub: &sub)))
            }
        }
        return TransactionOutcome(succeeded: plan.succeeded, results: results, revision: self.revision)
    }
}

extension Compare {
    /// Whether the condition is met by a stored record.
    fileprivate func holds(for record: Record) -> Bool {
        switch self.target {
        case .version(let operand): self.relation.holds(record.version, operand)
        case .create(let operand): self.relation.holds(record.createRevision, operand)
        case .mod(let operand): self.relation.holds(record.modRevision, operand)
        case .lease(let operand): self.relation.holds(record.lease, operand)
        case .value(let operand):
            unsafe operand.withUnsafeReadableBytes { operand in
                unsafe record.withUnsafeValue { self.relation.holds(unsafe Bytes.compare($0, operand), 0) }
            }
        }
    }

    /// An absent key counts as all zeros, except that no comparison of its value holds (etcd `txn.go`).
    fileprivate var holdsForAbsentKey: Bool {
        switch self.target {
        case .version(let operand), .create(let operand), .mod(let operand), .lease(let operand):
            self.relation.holds(0, operand)
        case .value: false
        }
    }
}

extension Compare.Relation {
    fileprivate func holds<T: Comparable>(_ stored: T, _ operand: T) -> Bool {
        switch self {
        case .equal: stored == operand
        case .greater: stored > operand
        case .less: stored < operand
        case .notEqual: stored != operand
        }
    }
}

// MARK: - Applying: nothing here can fail.

extension Keyspace {
    /// Writes one put at `main`, which becomes the newest revision.
    private mutating func apply(_ put: Put, at main: Int64, sub: inout Int) -> Record? {
        let existing = self.newest(put.key)
        let lease = put.ignoresLease ? existing?.lease ?? 0 : put.lease
        let record = Record(
            key: put.key,
            value: put.ignoresValue ? existing?.value ?? ByteBuffer() : put.value,
            createRevision: existing?.createRevision ?? main,
            modRevision: main,
            sub: sub,
            version: (existing?.version ?? 0) + 1,
            lease: lease
        )
        self.insert(record)
        if let existing, existing.lease != 0, existing.lease != lease {
            self.leases.detach(existing, from: existing.lease)
        }
        if lease != 0, existing?.lease != lease { self.leases.attach(record, to: lease) }
        sub += 1
        self.revision = main
        return existing
    }

    /// Deletes the keys of a range at `main`, which becomes the newest revision if there are any.
    private mutating func apply(_ request: DeleteRange, at main: Int64, sub: inout Int) -> [Record] {
        var records: [Record] = []
        self.forEach(request.range, at: max(self.revision, main)) { record in
            records.append(record)
            return true
        }
        for record in records { self.delete(record, at: main, sub: &sub) }
        if !records.isEmpty { self.revision = main }
        return records
    }

    private mutating func delete(_ record: Record, at main: Int64, sub: inout Int) {
        self.insert(Record(tombstoneOf: record, modRevision: main, sub: sub))
        if record.lease != 0 { self.leases.detach(record, from: record.lease) }
        sub += 1
    }
}
