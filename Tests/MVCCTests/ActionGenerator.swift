import MVCC
import NIOCore
import TestSupport

/// One step of a model test.
enum Action {
    case put(Put)
    case deleteRange(DeleteRange)
    case transaction(Transaction)
    case grant(Int64)
    case revoke(Int64)
    case compact(Int64)
    case trim(limit: Int)
    /// Rebuild the key space from its stored records.
    case restart
}

/// Draws random actions over a small alphabet, so that keys, leases and revisions meet often.
struct ActionGenerator {
    var random: SeededGenerator
    private let letters: [UInt8]
    private let longest: Int

    /// Creates a generator over an alphabet of about `keyCount` keys.
    init(seed: UInt64, keyCount: Int) {
        self.random = SeededGenerator(seed: seed)
        let letters: [UInt8] = [0x00, 0xff, 0x61, 0x62, 0x01]
        self.letters = Array(letters.prefix(keyCount < 20 ? 2 : keyCount < 100 ? 3 : 5))
        self.longest = keyCount < 10 ? 2 : 3
    }

    mutating func action(at model: NaiveKeyspace) -> Action {
        switch self.random.below(100) {
        case 0..<35: .put(self.put())
        case 35..<45: .deleteRange(self.deleteRange())
        case 45..<78: .transaction(self.transaction(at: model))
        case 78..<83: .grant(self.lease())
        case 83..<87: .revoke(self.lease())
        case 87..<91: .compact(self.compaction(at: model))
        case 91..<99: .trim(limit: 1 + self.random.below(self.random.chance(50) ? 4 : 60))
        default: .restart
        }
    }

    mutating func key(allowsEmpty: Bool = false) -> SmallBytes {
        let length = allowsEmpty ? self.random.below(self.longest + 1) : 1 + self.random.below(self.longest)
        return SmallBytes((0..<length).map { _ in self.random.pick(self.letters) })
    }

    mutating func range() -> KeyRange {
        switch self.random.below(10) {
        case 0..<4: KeyRange(self.key().buffer)
        case 4..<8: KeyRange(key: self.key(allowsEmpty: true).buffer, rangeEnd: self.key().buffer)
        case 8: KeyRange(key: self.key().buffer, rangeEnd: ByteBuffer(bytes: [0]))
        default: .everything
        }
    }

    mutating func query(at model: NaiveKeyspace) -> RangeQuery {
        var query = RangeQuery(self.range())
        if self.random.chance(40) { query.limit = Int64(self.random.below(8)) - 1 }
        if self.random.chance(60) { query.revision = self.revision(at: model) }
        if self.random.chance(40) {
            query.sortOrder = self.random.pick([.none, .ascend, .descend])
            query.sortTarget = self.random.pick([.key, .version, .create, .mod, .value])
        }
        query.keysOnly = self.random.chance(10)
        query.countOnly = self.random.chance(15)
        if self.random.chance(10) { query.minimumModRevision = self.revision(at: model) }
        if self.random.chance(10) { query.maximumModRevision = self.revision(at: model) }
        if self.random.chance(10) { query.minimumCreateRevision = self.revision(at: model) }
        if self.random.chance(10) { query.maximumCreateRevision = self.revision(at: model) }
        return query
    }

    /// Returns a revision around what is readable: mostly inside, sometimes just outside.
    mutating func revision(at model: NaiveKeyspace) -> Int64 {
        let oldest = max(model.compactedRevision - 2, -2)
        return oldest + Int64(self.random.below(Int(model.revision - oldest) + 3))
    }

    private mutating func compaction(at model: NaiveKeyspace) -> Int64 {
        let lowest = max(model.compactedRevision, 0)
        if self.random.chance(10) { return lowest - 1 }
        return lowest + Int64(self.random.below(Int(model.revision - lowest) + 2))
    }

    private mutating func lease() -> Int64 {
        Int64(1 + self.random.below(4))
    }

    private mutating func value() -> SmallBytes {
        SmallBytes((0..<self.random.below(3)).map { _ in self.random.pick([0x00, 0x76, 0xff]) })
    }

    private mutating func put() -> Put {
        var put = Put(key: self.key().buffer, value: self.value().buffer)
        put.wantsPrevious = self.random.chance(40)
        switch self.random.below(10) {
        case 0..<5: break
        case 5..<8: put.lease = self.lease()
        case 8: put.ignoresLease = true
        default:
            put.ignoresValue = true
            put.value = ByteBuffer()
            if self.random.chance(50) { put.ignoresLease = true } else { put.lease = self.lease() }
        }
        return put
    }

    private mutating func deleteRange() -> DeleteRange {
        // Mostly small ranges, or nothing would ever be there.
        var request = DeleteRange(self.random.chance(60) ? KeyRange(self.key().buffer) : self.range())
        if request.range.start.readableBytes == 0 { request.range = KeyRange(self.key().buffer) }
        request.wantsPrevious = self.random.chance(40)
        return request
    }

    private mutating func compare(at model: NaiveKeyspace) -> Compare {
        let target: Compare.Target =
            switch self.random.below(5) {
            case 0: .version(Int64(self.random.below(4)))
            case 1: .create(self.random.chance(30) ? 0 : self.revision(at: model))
            case 2: .mod(self.random.chance(30) ? 0 : self.revision(at: model))
            case 3: .value(self.value().buffer)
            default: .lease(Int64(self.random.below(4)))
            }
        let relation = self.random.pick([Compare.Relation.equal, .greater, .less, .notEqual])
        return Compare(self.random.chance(60) ? KeyRange(self.key().buffer) : self.range(), target, relation)
    }

    /// Returns a transaction that the static checks accept.
    private mutating func transaction(at model: NaiveKeyspace) -> Transaction {
        while true {
            let transaction = self.anyTransaction(depth: 0, at: model)
            if (try? transaction.validate(operationLimit: 128)) != nil { return transaction }
        }
    }

    private mutating func anyTransaction(depth: Int, at model: NaiveKeyspace) -> Transaction {
        var compares = (0..<self.random.below(3)).map { _ in self.compare(at: model) }
        compares.removeAll { $0.range.start.readableBytes == 0 }
        return Transaction(
            compares: compares,
            success: (0..<self.random.below(4)).map { _ in self.operation(depth: depth, at: model) },
            failure: (0..<self.random.below(4)).map { _ in self.operation(depth: depth, at: model) }
        )
    }

    private mutating func operation(depth: Int, at model: NaiveKeyspace) -> Operation {
        switch self.random.below(10) {
        case 0..<3:
            var query = self.query(at: model)
            if query.range.start.readableBytes == 0 { query.range = .everything }
            // A transaction fails as a whole: keep most of its revisions readable.
            if self.random.chance(60) { query.revision = max(query.revision - 3, model.compactedRevision, 0) }
            return .range(query)
        case 3..<6: return .put(self.put())
        case 6..<8: return .deleteRange(self.deleteRange())
        default:
            guard depth < 3 else { return .put(self.put()) }
            return .transaction(self.anyTransaction(depth: depth + 1, at: model))
        }
    }
}
