import NIOCore

extension RangeQuery {
    /// Checks what can be checked without a store.
    ///
    /// - Throws: ``StoreError/emptyKey``.
    package func validate() throws(StoreError) {
        guard self.range.start.readableBytes > 0 else { throw .emptyKey }
    }
}

extension Put {
    /// Checks what can be checked without a store.
    ///
    /// - Throws: ``StoreError/emptyKey``, ``StoreError/valueProvided``, ``StoreError/leaseProvided``.
    package func validate() throws(StoreError) {
        guard self.key.readableBytes > 0 else { throw .emptyKey }
        guard !self.ignoresValue || self.value.readableBytes == 0 else { throw .valueProvided }
        guard !self.ignoresLease || self.lease == 0 else { throw .leaseProvided }
    }
}

extension DeleteRange {
    /// Checks what can be checked without a store.
    ///
    /// - Throws: ``StoreError/emptyKey``.
    package func validate() throws(StoreError) {
        guard self.range.start.readableBytes > 0 else { throw .emptyKey }
    }
}

extension Transaction {
    /// Checks what can be checked without a store, in etcd's order (`v3rpc/key.go`).
    ///
    /// - Parameter limit: The most operations; each level has what the level above it left.
    /// - Throws: ``StoreError/tooManyOperations(limit:)``, ``StoreError/emptyKey``,
    ///   ``StoreError/duplicateKey``, and what the operations' own checks throw.
    package func validate(operationLimit limit: Int) throws(StoreError) {
        try self.validateTree(limit: limit, budget: limit)
        try WrittenKeys.check(self.success)
        try WrittenKeys.check(self.failure)
    }

    private func validateTree(limit: Int, budget: Int) throws(StoreError) {
        let widest = max(self.compares.count, self.success.count, self.failure.count)
        guard widest <= budget else { throw .tooManyOperations(limit: limit) }
        for compare in self.compares where compare.range.start.readableBytes == 0 { throw .emptyKey }
        for operation in self.success + self.failure {
            switch operation {
            case .range(let query): try query.validate()
            case .put(let put): try put.validate()
            case .deleteRange(let request): try request.validate()
            case .transaction(let nested): try nested.validateTree(limit: limit, budget: budget - widest)
            }
        }
    }
}

/// The keys that a branch writes, to find those that one transaction would write twice (etcd
/// `checkIntervals`).
///
/// As in etcd a delete without an end forbids no put: its end `\0` is taken for a key, which is before its
/// start. Such a transaction changes a key twice at one revision, in the order of its operations.
private struct WrittenKeys {
    private var puts: Set<ByteBuffer> = []
    private var deletes: KeyIntervals

    static func check(_ branch: [Operation]) throws(StoreError) {
        _ = try WrittenKeys(of: branch)
    }

    private init(of branch: [Operation]) throws(StoreError) {
        var ranges: [KeyRange] = []
        for case .deleteRange(let request) in branch where request.range.end != .unbounded {
            ranges.append(request.range)
        }
        self.deletes = KeyIntervals(ranges)
        for case .transaction(let nested) in branch {
            let success = try WrittenKeys(of: nested.success)
            let failure = try WrittenKeys(of: nested.failure)
            for key in success.puts { try self.insert(key) }
            // Only one of the two branches happens, so both may put the same key.
            for key in failure.puts where !success.puts.contains(key) { try self.insert(key) }
            self.deletes.formUnion(success.deletes)
            self.deletes.formUnion(failure.deletes)
        }
        for case .put(let put) in branch { try self.insert(put.key) }
    }

    private mutating func insert(_ key: ByteBuffer) throws(StoreError) {
        guard !self.deletes.contains(key), self.puts.insert(key).inserted else { throw .duplicateKey }
    }
}
