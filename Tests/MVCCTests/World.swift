import MVCC
import NIOCore

/// How the key space and its model came to differ.
struct Mismatch: Error, CustomStringConvertible {
    let description: String

    static func check<T: Equatable>(
        _ what: @autoclosure () -> String,
        _ actual: T,
        _ expected: T
    ) throws(Mismatch) {
        guard actual != expected else { return }
        throw Mismatch(description: "\(what()): got \(actual), expected \(expected)")
    }
}

/// A key space beside its model.
///
/// A value: copies diverge, and none may ever see what happens to another.
struct World {
    private(set) var keyspace = Keyspace()
    private(set) var model = NaiveKeyspace()
    /// What trimming reported as dropped.
    private var dropped: Set<NaiveRecord> = []

    /// Does `action` to both and compares everything that they answer.
    mutating func perform(_ action: Action) throws(Mismatch) {
        switch action {
        case .put(let put):
            let actual = Result { () throws(StoreError) in try self.keyspace.put(put).map(NaiveRecord.init) }
            try Mismatch.check("put", actual, Result { () throws(StoreError) in try self.model.put(put) })
        case .deleteRange(let request):
            let actual = self.keyspace.deleteRange(request).map(NaiveRecord.init)
            try Mismatch.check("deleted", actual, self.model.deleteRange(request))
        case .transaction(let transaction): try self.perform(transaction)
        case .grant(let lease):
            let actual = Result { () throws(StoreError) in
                try self.keyspace.grant(lease: lease, timeToLive: .seconds(10), now: .zero).id
            }
            let expected = Result { () throws(StoreError) in
                try self.model.grant(lease)
                return lease
            }
            try Mismatch.check("grant", actual, expected)
        case .revoke(let lease):
            let actual = Result { () throws(StoreError) in try self.keyspace.revoke(lease: lease) }
            let expected = Result { () throws(StoreError) in try self.model.revoke(lease) }
            try Mismatch.check("revoke", actual, expected)
        case .compact(let revision):
            let actual = Result { () throws(StoreError) in
                try self.keyspace.compact(through: revision)
                return true
            }
            let expected = Result { () throws(StoreError) in
                try self.model.compact(through: revision)
                return true
            }
            try Mismatch.check("compact", actual, expected)
        case .trim(let limit): try self.trim(limit: limit)
        case .restart: try self.restart()
        }
        try Mismatch.check("revision", self.keyspace.revision, self.model.revision)
        try Mismatch.check("horizon", self.keyspace.compactedRevision, self.model.compactedRevision)
        try Mismatch.check("key count", self.keyspace.keyCount, self.model.current.count)
    }

    private mutating func perform(_ transaction: Transaction) throws(Mismatch) {
        if transaction.isReadOnly {
            let actual = Result { () throws(StoreError) in
                NaiveOutcome(try self.keyspace.evaluate(readOnly: transaction))
            }
            var copy = self.model
            let expected = Result { () throws(StoreError) in try copy.apply(transaction) }
            try Mismatch.check("read-only outcome", actual, expected)
        }
        let actual = Result { () throws(StoreError) in NaiveOutcome(try self.keyspace.apply(transaction)) }
        let expected = Result { () throws(StoreError) in try self.model.apply(transaction) }
        try Mismatch.check("outcome", actual, expected)
    }

    private mutating func trim(limit: Int) throws(Mismatch) {
        let countBefore = self.keyspace.recordCount
        let dropped = self.keyspace.trim(limit: limit).map(NaiveRecord.init)
        try Mismatch.check("record count", self.keyspace.recordCount, countBefore - dropped.count)
        for record in dropped where !self.dropped.insert(record).inserted {
            throw Mismatch(description: "\(record) was dropped twice")
        }
        try Mismatch.check("bytes and order", self.keyspace.brokenInvariant, nil)
    }

    /// Trims until nothing is left to trim; what is stored then is exactly what the definition keeps.
    mutating func trimFully(limit: Int) throws(Mismatch) {
        var turns = 0
        while self.keyspace.needsTrimming {
            try self.trim(limit: limit)
            turns += 1
            guard turns <= self.model.changes.count else {
                throw Mismatch(description: "trimming does not end")
            }
        }
        let stored = self.storedRecords.map(NaiveRecord.init)
        try Mismatch.check("records after trimming", stored, self.model.kept)
        try Mismatch.check("dropped", self.dropped, Set(self.model.changes).subtracting(stored))
    }

    /// The stored records in revision order, as a log would return them.
    private var storedRecords: [Record] {
        var records: [Record] = []
        self.keyspace.forEachStoredRecord { records.append($0) }
        return records.sorted { ($0.modRevision, $0.sub) < ($1.modRevision, $1.sub) }
    }

    private mutating func restart() throws(Mismatch) {
        var restored = Keyspace(
            revision: self.keyspace.revision,
            compactedRevision: self.keyspace.compactedRevision
        )
        for lease in self.keyspace.leases.all {
            _ = try? restored.grant(lease: lease.id, timeToLive: lease.timeToLive, now: .seconds(1))
        }
        for record in self.storedRecords { restored.restore(record) }
        try Mismatch.check("records after a restart", restored.recordCount, self.keyspace.recordCount)
        try Mismatch.check("bytes after a restart", restored.byteCount, self.keyspace.byteCount)
        self.keyspace = restored
        try self.checkEverything()
    }
}

extension World {
    /// Compares one random read and, now and then, everything.
    func check(_ generator: inout ActionGenerator) throws(Mismatch) {
        let query = generator.query(at: self.model)
        try self.check(query)
        guard generator.random.chance(10) else { return }
        try self.checkEverything()
    }

    func check(_ query: RangeQuery) throws(Mismatch) {
        let actual = Result { () throws(StoreError) in NaiveRange(try self.keyspace.range(query)) }
        let expected = Result { () throws(StoreError) in try self.model.range(query) }
        try Mismatch.check("\(query)", actual, expected)
        guard case .success = expected else { return }
        let revision = query.revision <= 0 ? self.model.revision : query.revision
        let state = self.model.state(at: query.revision)
        let count = state.keys.filter { query.range.naivelyContains($0) }.count
        try Mismatch.check("count of \(query)", self.keyspace.count(query.range, at: revision), count)
        let record = self.keyspace.record(query.range.start, at: revision).map(NaiveRecord.init)
        try Mismatch.check("record of \(query)", record, state[SmallBytes(query.range.start)])
    }

    /// Compares every readable revision, the history, the previous values, the leases and the invariants.
    func checkEverything() throws(Mismatch) {
        try Mismatch.check("invariant", self.keyspace.brokenInvariant, nil)
        for revision in max(self.model.compactedRevision, 1)...self.model.revision {
            var query = RangeQuery(.everything)
            query.revision = revision
            try self.check(query)
        }
        try self.checkHistory()
        let leases = Set(self.keyspace.leases.all.map(\.id))
        try Mismatch.check("leases", leases, self.model.leases)
        for lease in leases {
            let keys = self.keyspace.leases.attachedKeys(of: lease).map { SmallBytes($0.key) }
            try Mismatch.check("keys of lease \(lease)", keys, self.model.attachedKeys(of: lease))
        }
    }

    /// What a watch sees from the horizon on.
    private func checkHistory() throws(Mismatch) {
        let history = self.keyspace.history
        let horizon = self.model.compactedRevision
        let records = (history.position(of: horizon)..<history.end).map { history[$0] }
        let seen = records.map(NaiveRecord.init).filter { self.isLastOfItsKey($0) }
        let expected = self.model.changes.filter { $0.modRevision >= horizon && self.isLastOfItsKey($0) }
        try Mismatch.check("history", seen, expected)
        for (record, change) in zip(records, records.map(NaiveRecord.init)) {
            let previous = self.keyspace.previous(of: record).map(NaiveRecord.init)
            try Mismatch.check("previous of \(change)", previous, self.model.previous(of: change))
        }
    }

    /// Whether `change` is above the horizon or the last one of its key there: after a restart, the log no
    /// longer has a change at the horizon that a later one of the same transaction replaced.
    private func isLastOfItsKey(_ change: NaiveRecord) -> Bool {
        guard change.modRevision == self.model.compactedRevision else { return true }
        return !self.model.changes.contains {
            $0.key == change.key && $0.modRevision == change.modRevision && $0.sub > change.sub
        }
    }
}

extension Result where Failure == StoreError {
    init(_ body: () throws(StoreError) -> Success) {
        do {
            self = .success(try body())
        } catch {
            self = .failure(error)
        }
    }
}

extension NaiveRange {
    init(_ result: RangeResult) {
        self.init(records: result.records.map(NaiveRecord.init), count: result.count, more: result.more)
    }
}

extension NaiveOutcome {
    init(_ outcome: TransactionOutcome) {
        let steps = outcome.results.map { result -> NaiveStep in
            switch result {
            case .range(let range, keysOnly: _, let revision): .range(NaiveRange(range), revision: revision)
            case .put(let previous, let revision):
                .put(previous: previous.map(NaiveRecord.init), revision: revision)
            case .deleteRange(let deleted, let previous, let revision):
                .deleteRange(deleted: deleted, previous: previous.map(NaiveRecord.init), revision: revision)
            case .transaction(let nested): .transaction(NaiveOutcome(nested))
            }
        }
        self.init(succeeded: outcome.succeeded, steps: steps, revision: outcome.revision)
    }
}
