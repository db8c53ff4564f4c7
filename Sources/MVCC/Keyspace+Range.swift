package import NIOCore

extension Keyspace {
    /// Returns the records that `query` asks for.
    ///
    /// Runs on the caller's thread over an immutable value; a long range delays no writer.
    ///
    /// - Throws: ``StoreError/futureRevision(head:)`` above the head, ``StoreError/compacted(at:)`` below the
    ///   horizon.
    /// - Complexity: O(log *n* + *k*) for *k* records at the head; at an older revision counting adds O(*c*)
    ///   for *c* changes since then, or a walk of the range if that is shorter.
    package func range(_ query: RangeQuery) throws(StoreError) -> RangeResult {
        try self.checkReadable(query.revision)
        return self.range(query, at: query.revision <= 0 ? self.revision : query.revision)
    }

    /// Checks that history reaches `revision`; zero and less stand for the newest.
    package func checkReadable(_ revision: Int64) throws(StoreError) {
        guard revision > 0 else { return }
        guard revision <= self.revision else { throw .futureRevision(head: self.revision) }
        guard revision >= self.compactedRevision else { throw .compacted(at: self.compactedRevision) }
    }

    /// Returns what `query` asks for at `revision`, which must be readable; inside a transaction it may be
    /// one more than ``revision``.
    func range(_ query: RangeQuery, at revision: Int64) -> RangeResult {
        if case .single = query.range.end, !query.hasFilters {
            guard let record = self.record(query.range.start, at: revision) else {
                return RangeResult(records: [], count: 0, more: false)
            }
            return RangeResult(records: query.countOnly ? [] : [record], count: 1, more: false)
        }
        let count = self.count(query.range, at: revision)
        if query.countOnly || count == 0 { return RangeResult(records: [], count: count, more: false) }
        return self.collect(query, at: revision, count: count)
    }

    /// Returns the record of `key` at `revision`, or `nil` when it does not exist then.
    package func record(_ key: ByteBuffer, at revision: Int64) -> Record? {
        unsafe key.withUnsafeReadableBytes { key in
            guard let found = unsafe self.find(key)?.record(at: revision), !found.isTombstone else {
                return nil
            }
            return found
        }
    }

    /// Returns the number of keys of `range` that exist at `revision`, which must be readable.
    package func count(_ range: KeyRange, at revision: Int64) -> Int {
        guard !range.isEmpty else { return 0 }
        if case .single = range.end { return self.record(range.start, at: revision) == nil ? 0 : 1 }
        let now = unsafe range.withUnsafeBounds { start, end in
            let before = self.index.weight { unsafe $0.compare(to: start) }
            guard let end = unsafe end else { return self.index.weight - before }
            return self.index.weight { unsafe $0.compare(to: end) } - before
        }
        // Every change since then made at most one key of the range appear or disappear.
        let changes = self.history.position(of: revision + 1)..<self.history.end
        guard !changes.isEmpty else { return now }
        return changes.count <= max(now, 64)
            ? now - self.growth(of: range, in: changes) : self.walkCount(range, revision)
    }

    /// Returns how many more keys of `range` exist after these changes than before.
    private func growth(of range: KeyRange, in changes: Range<Int>) -> Int {
        var growth = 0
        for position in changes {
            let record = self.history[position]
            guard range.contains(keyOf: record) else { continue }
            // Each change is counted by itself: a create adds one, a delete of an existing key takes one.
            if record.isTombstone { growth -= 1 } else if record.version == 1 { growth += 1 }
        }
        return growth
    }

    private func walkCount(_ range: KeyRange, _ revision: Int64) -> Int {
        var count = 0
        self.forEach(range, at: revision) { _ in
            count += 1
            return true
        }
        return count
    }

    private func collect(_ query: RangeQuery, at revision: Int64, count: Int) -> RangeResult {
        // etcd `txn/range.go`: only when nothing has to be filtered or sorted is the walk cut at the limit.
        let limit = query.limit > 0 ? Int(clamping: query.limit) : Int.max
        if limit == 1, !query.isInKeyOrder { return self.findFirst(query, at: revision, count: count) }
        var records: [Record] = []
        records.reserveCapacity(min(count, limit))
        let hasFilters = query.hasFilters
        let walkLimit = query.isInKeyOrder && !hasFilters && limit < Int.max ? limit + 1 : Int.max
        self.forEach(query.range, at: revision) { record in
            if hasFilters, !query.passesFilters(record) { return true }
            records.append(record)
            return records.count < walkLimit
        }
        query.sort(&records)
        let more = records.count > limit
        if more { records.removeLast(records.count - limit) }
        return RangeResult(records: records, count: count, more: more)
    }

    /// Finds what sorting would put first, without sorting: how users of locks and elections ask who is next.
    private func findFirst(_ query: RangeQuery, at revision: Int64, count: Int) -> RangeResult {
        let hasFilters = query.hasFilters
        var first: Record?
        var more = false
        self.forEach(query.range, at: revision) { record in
            if hasFilters, !query.passesFilters(record) { return true }
            more = first != nil
            if first.map({ query.sorts(record, before: $0) }) ?? true { first = record }
            return true
        }
        return RangeResult(records: first.map { [$0] } ?? [], count: count, more: more)
    }

    /// Calls `body` for the records of `range` at `revision` in key order until it returns `false`.
    func forEach(_ range: KeyRange, at revision: Int64, _ body: (Record) -> Bool) {
        if case .single = range.end {
            if let record = self.record(range.start, at: revision) { _ = body(record) }
            return
        }
        let isNewest = revision >= self.revision
        unsafe range.withUnsafeBounds { start, end in
            self.index.forEach(from: { unsafe $0.compare(to: start) }, skipsWeightless: isNewest) { element in
                if let end = unsafe end, unsafe element.compare(to: end) <= 0 { return false }
                if isNewest { return element.newest.isTombstone || body(element.newest) }
                guard let record = element.record(at: revision), !record.isTombstone else { return true }
                return body(record)
            }
        }
    }
}

extension KeyHistory {
    /// Returns a negative number, zero or a positive number as `key` is before, at or after this element.
    @inline(__always)
    func compare(to key: UnsafeRawBufferPointer) -> Int {
        unsafe self.newest.withUnsafeKey { unsafe Bytes.compare(key, $0) }
    }
}

extension KeyRange {
    /// Lends both ends; the upper one is `nil` when there is none.
    ///
    /// Not for single keys.
    func withUnsafeBounds<R>(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> R) -> R {
        unsafe self.start.withUnsafeReadableBytes { start in
            guard case .before(let end) = self.end else { return unsafe body(start, nil) }
            return unsafe end.withUnsafeReadableBytes { unsafe body(start, $0) }
        }
    }
}

extension RangeQuery {
    /// Whether any bound on revisions is set.
    package var hasFilters: Bool {
        self.minimumModRevision != 0 || self.maximumModRevision != 0 || self.minimumCreateRevision != 0
            || self.maximumCreateRevision != 0
    }

    /// Whether the answer is in key order as it stands, so that a walk may stop at the limit.
    package var isInKeyOrder: Bool {
        self.sortOrder == .none || (self.sortTarget == .key && self.sortOrder == .ascend)
    }

    func passesFilters(_ record: Record) -> Bool {
        (self.maximumModRevision == 0 || record.modRevision <= self.maximumModRevision)
            && (self.minimumModRevision == 0 || record.modRevision >= self.minimumModRevision)
            && (self.maximumCreateRevision == 0 || record.createRevision <= self.maximumCreateRevision)
            && (self.minimumCreateRevision == 0 || record.createRevision >= self.minimumCreateRevision)
    }

    /// Orders records that are in key order as asked.
    ///
    /// Ties keep key order.
    func sort(_ records: inout [Record]) {
        // etcd: a target other than the key without an order sorts ascending.
        let order: SortOrder = self.sortOrder == .none && self.sortTarget != .key ? .ascend : self.sortOrder
        switch (self.sortTarget, order) {
        case (_, .none), (.key, .ascend): return
        case (.key, .descend): records.reverse()
        case (_, .ascend): records.sort { Self.areInOrder($0, $1, by: self.sortTarget) }
        case (_, .descend): records.sort { Self.areInOrder($1, $0, by: self.sortTarget) }
        }
    }

    /// Whether `later`, which has the greater key, comes before `earlier` in the order that is asked for.
    fileprivate func sorts(_ later: Record, before earlier: Record) -> Bool {
        switch (self.sortTarget, self.sortOrder) {
        case (.key, let order): order == .descend
        case (_, .descend): Self.areInOrder(earlier, later, by: self.sortTarget)
        case (_, .none), (_, .ascend): Self.areInOrder(later, earlier, by: self.sortTarget)
        }
    }

    private static func areInOrder(_ a: Record, _ b: Record, by target: SortTarget) -> Bool {
        switch target {
        case .key: unsafe a.withUnsafeKey { a in unsafe b.withUnsafeKey { unsafe Bytes.compare(a, $0) < 0 } }
        case .version: a.version < b.version
        case .create: a.createRevision < b.createRevision
        case .mod: a.modRevision < b.modRevision
        case .value:
            unsafe a.withUnsafeValue { a in unsafe b.withUnsafeValue { unsafe Bytes.compare(a, $0) < 0 } }
        }
    }
}
