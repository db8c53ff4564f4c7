import MVCC
import NIOCore

/// What a range query finds, as plain numbers.
struct NaiveRange: Equatable {
    var records: [NaiveRecord]
    var count: Int
    var more: Bool
}

/// What one step of a transaction does, as plain numbers.
indirect enum NaiveStep: Equatable {
    case range(NaiveRange, revision: Int64)
    case put(previous: NaiveRecord?, revision: Int64)
    case deleteRange(deleted: Int, previous: [NaiveRecord], revision: Int64)
    case transaction(NaiveOutcome)
}

/// What a transaction does, as plain numbers.
struct NaiveOutcome: Equatable {
    var succeeded: Bool
    var steps: [NaiveStep]
    var revision: Int64
}

/// A transaction while it runs on a ``NaiveKeyspace``.
struct NaiveExecution {
    private let before: NaiveKeyspace
    private(set) var state: NaiveKeyspace.State
    private(set) var changes: [NaiveRecord] = []

    init(on keyspace: NaiveKeyspace) {
        self.before = keyspace
        self.state = keyspace.current
    }

    /// The revision that each change gets.
    private var main: Int64 { self.before.revision + 1 }
    /// The revision that a client sees now.
    private var revision: Int64 { self.changes.isEmpty ? self.before.revision : self.main }

    mutating func run(_ transaction: Transaction) -> NaiveOutcome {
        // Compares see the state before the whole transaction, also those of nested transactions.
        let succeeded = self.before.holds(transaction.compares)
        var steps: [NaiveStep] = []
        for operation in succeeded ? transaction.success : transaction.failure {
            switch operation {
            case .range(let query):
                let state = query.revision <= 0 ? self.state : self.before.states[Int(query.revision)]
                steps.append(.range(NaiveRange(query, in: state), revision: self.revision))
            case .put(let put):
                let previous = self.state[SmallBytes(put.key)]
                self.put(put)
                steps.append(.put(previous: put.wantsPrevious ? previous : nil, revision: self.revision))
            case .deleteRange(let request):
                let deleted = self.deleteRange(request)
                steps.append(
                    .deleteRange(
                        deleted: deleted.count,
                        previous: request.wantsPrevious ? deleted : [],
                        revision: self.revision
                    )
                )
            case .transaction(let nested): steps.append(.transaction(self.run(nested)))
            }
        }
        return NaiveOutcome(succeeded: succeeded, steps: steps, revision: self.revision)
    }

    mutating func put(_ put: Put) {
        let key = SmallBytes(put.key)
        let existing = self.state[key]
        let record = NaiveRecord(
            key: key,
            value: put.ignoresValue ? existing?.value ?? SmallBytes([]) : SmallBytes(put.value),
            createRevision: existing?.createRevision ?? self.main,
            modRevision: self.main,
            sub: self.changes.count,
            version: (existing?.version ?? 0) + 1,
            lease: put.ignoresLease ? existing?.lease ?? 0 : put.lease
        )
        self.state[key] = record
        self.changes.append(record)
    }

    mutating func deleteRange(_ request: DeleteRange) -> [NaiveRecord] {
        let found = self.state.values.filter { request.range.naivelyContains($0.key) }.sorted {
            $0.key < $1.key
        }
        for record in found { self.delete(record.key) }
        return found
    }

    mutating func delete(_ key: SmallBytes) {
        self.state[key] = nil
        self.changes.append(
            NaiveRecord(key: key, modRevision: self.main, sub: self.changes.count, isTombstone: true)
        )
    }
}

extension NaiveRange {
    init(_ query: RangeQuery, in state: NaiveKeyspace.State) {
        var found = state.values.filter { query.range.naivelyContains($0.key) }.sorted { $0.key < $1.key }
        let count = found.count
        if query.countOnly {
            self.init(records: [], count: count, more: false)
            return
        }
        let bounds = [
            query.minimumModRevision, query.maximumModRevision, query.minimumCreateRevision,
            query.maximumCreateRevision,
        ]
        // The quirk of all versions: without filters and order the cut is made before a target's ascending
        // sort.
        if query.limit > 0, query.sortOrder == .none, bounds.allSatisfy({ $0 == 0 }) {
            found = Array(found.prefix(Int(query.limit) + 1))
        }
        found = found.filter { record in
            (query.minimumModRevision == 0 || record.modRevision >= query.minimumModRevision)
                && (query.maximumModRevision == 0 || record.modRevision <= query.maximumModRevision)
                && (query.minimumCreateRevision == 0 || record.createRevision >= query.minimumCreateRevision)
                && (query.maximumCreateRevision == 0 || record.createRevision <= query.maximumCreateRevision)
        }
        Self.sort(&found, query)
        let more = query.limit > 0 && found.count > Int(query.limit)
        self.init(records: more ? Array(found.prefix(Int(query.limit))) : found, count: count, more: more)
    }

    private static func sort(_ records: inout [NaiveRecord], _ query: RangeQuery) {
        let order: (NaiveRecord) -> Int64 =
            switch query.sortTarget {
            case .key: { Int64($0.key.rank) }
            case .version: { $0.version }
            case .create: { $0.createRevision }
            case .mod: { $0.modRevision }
            case .value: { Int64($0.value.rank) }
            }
        let isDescending = query.sortOrder == .descend
        records.sort { a, b in
            let (left, right) = isDescending ? (order(b), order(a)) : (order(a), order(b))
            return left == right ? a.key < b.key : left < right
        }
    }
}

extension KeyRange {
    func naivelyContains(_ key: SmallBytes) -> Bool {
        let start = SmallBytes(self.start)
        return switch self.end {
        case .single: key == start
        case .unbounded: key >= start
        case .before(let end): key >= start && key < SmallBytes(end)
        }
    }
}
