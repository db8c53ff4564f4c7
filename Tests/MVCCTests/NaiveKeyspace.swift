import MVCC
import NIOCore

/// The key space as its definition reads: every revision is a full dictionary, nothing is shared, nothing is
/// fast.
///
/// Written from etcd's documented behaviour and not from the code under test; keys and values have up to
/// three bytes.
struct NaiveKeyspace {
    typealias State = [SmallBytes: NaiveRecord]

    /// What existed at each revision; positions are revisions.
    private(set) var states: [State] = [[:], [:]]
    /// Every change there ever was, in order, compacted ones included.
    private(set) var changes: [NaiveRecord] = []
    private(set) var compactedRevision: Int64 = -1
    private(set) var leases: Set<Int64> = []

    var revision: Int64 { Int64(self.states.count - 1) }
    var current: State { self.states[self.states.count - 1] }

    /// Checks the revision of a plain read; zero and less are the newest.
    func checkReadable(_ revision: Int64) throws(StoreError) {
        if revision > self.revision { throw .futureRevision(head: self.revision) }
        if revision > 0, revision < self.compactedRevision { throw .compacted(at: self.compactedRevision) }
    }

    func state(at revision: Int64) -> State {
        revision <= 0 ? self.current : self.states[Int(revision)]
    }

    func range(_ query: RangeQuery) throws(StoreError) -> NaiveRange {
        try self.checkReadable(query.revision)
        return NaiveRange(query, in: self.state(at: query.revision))
    }

    /// What a watch shows as the previous value of a change: nothing for a key that is new at its revision,
    /// also when the same transaction deleted it first.
    func previous(of change: NaiveRecord) -> NaiveRecord? {
        if !change.isTombstone, change.createRevision == change.modRevision { return nil }
        let before = change.modRevision - 1
        return before < self.compactedRevision ? nil : self.states[Int(before)][change.key]
    }

    /// The changes that compaction has to keep, by definition: those above the horizon and, for each key, the
    /// newest at or below it, unless that is a tombstone older than the horizon.
    var kept: [NaiveRecord] {
        var newest: State = [:]
        for change in self.changes where change.modRevision <= self.compactedRevision {
            newest[change.key] = change
        }
        return self.changes.filter { change in
            if change.modRevision > self.compactedRevision { return true }
            return newest[change.key] == change
                && !(change.isTombstone && change.modRevision < self.compactedRevision)
        }
    }

    mutating func compact(through revision: Int64) throws(StoreError) {
        if revision <= self.compactedRevision { throw .compacted(at: self.compactedRevision) }
        if revision > self.revision { throw .futureRevision(head: self.revision) }
        self.compactedRevision = revision
    }

    mutating func grant(_ lease: Int64) throws(StoreError) {
        guard self.leases.insert(lease).inserted else { throw .leaseExists }
    }

    mutating func revoke(_ lease: Int64) throws(StoreError) -> Int {
        guard self.leases.remove(lease) != nil else { throw .leaseNotFound }
        var execution = NaiveExecution(on: self)
        let keys = self.attachedKeys(of: lease)
        for key in keys { execution.delete(key) }
        self.commit(execution)
        return keys.count
    }

    func attachedKeys(of lease: Int64) -> [SmallBytes] {
        self.current.values.filter { $0.lease == lease }.map(\.key).sorted()
    }

    mutating func put(_ put: Put) throws(StoreError) -> NaiveRecord? {
        let existing = self.current[SmallBytes(put.key)]
        if put.lease != 0, !self.leases.contains(put.lease) { throw .leaseNotFound }
        if put.ignoresValue || put.ignoresLease, existing == nil { throw .keyNotFound }
        var execution = NaiveExecution(on: self)
        execution.put(put)
        self.commit(execution)
        return existing
    }

    mutating func deleteRange(_ request: DeleteRange) -> [NaiveRecord] {
        var execution = NaiveExecution(on: self)
        let deleted = execution.deleteRange(request)
        self.commit(execution)
        return deleted
    }

    mutating func apply(_ transaction: Transaction) throws(StoreError) -> NaiveOutcome {
        try self.check(transaction)
        var execution = NaiveExecution(on: self)
        let outcome = execution.run(transaction)
        self.commit(execution)
        return outcome
    }

    private mutating func commit(_ execution: NaiveExecution) {
        guard !execution.changes.isEmpty else { return }
        self.states.append(execution.state)
        self.changes += execution.changes
    }

    /// Checks the operations that will run, against the state before the transaction.
    private func check(_ transaction: Transaction) throws(StoreError) {
        for operation in self.holds(transaction.compares) ? transaction.success : transaction.failure {
            switch operation {
            case .range(let query):
                if query.revision > self.revision { throw .futureRevision(head: self.revision) }
                if query.revision != 0, query.revision < self.compactedRevision {
                    throw .compacted(at: self.compactedRevision)
                }
            case .put(let put):
                let exists = self.current[SmallBytes(put.key)] != nil
                if put.ignoresValue || put.ignoresLease, !exists { throw .keyNotFound }
                if put.lease != 0, !self.leases.contains(put.lease) { throw .leaseNotFound }
            case .deleteRange: break
            case .transaction(let nested): try self.check(nested)
            }
        }
    }

    func holds(_ compares: [Compare]) -> Bool {
        compares.allSatisfy { compare in
            let found = self.current.values.filter { compare.range.naivelyContains($0.key) }
            guard found.isEmpty else { return found.allSatisfy { compare.naivelyHolds(for: $0) } }
            if case .value = compare.target { return false }
            return compare.naivelyHolds(for: NaiveRecord(key: SmallBytes([]), modRevision: 0, sub: 0))
        }
    }
}

extension Compare {
    fileprivate func naivelyHolds(for record: NaiveRecord) -> Bool {
        let (stored, operand): (Int64, Int64) =
            switch self.target {
            case .version(let operand): (record.version, operand)
            case .create(let operand): (record.createRevision, operand)
            case .mod(let operand): (record.modRevision, operand)
            case .lease(let operand): (record.lease, operand)
            case .value(let operand): (Int64(record.value.rank), Int64(SmallBytes(operand).rank))
            }
        return switch self.relation {
        case .equal: stored == operand
        case .greater: stored > operand
        case .less: stored < operand
        case .notEqual: stored != operand
        }
    }
}
