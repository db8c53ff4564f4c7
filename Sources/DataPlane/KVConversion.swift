import EtcdAPI
import FoundationEssentials
import MVCC
import NIOCore

// Between the wire's messages and the key space's requests.

extension ByteBuffer {
    /// Copies a part of a borrowed message.
    init(_ message: RawSpan, _ range: Range<Int>) {
        self = message.withUnsafeBytes { ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}

extension FastRangeRequest {
    /// Whether this reads one key at the head, without anything else to consider.
    var isPlainLookup: Bool {
        self.rangeEnd.isEmpty && self.revision <= 0 && !self.key.isEmpty && self.sortOrder == 0
            && self.sortTarget == 0 && self.minModRevision == 0 && self.maxModRevision == 0
            && self.minCreateRevision == 0 && self.maxCreateRevision == 0
    }
}

extension RangeQuery {
    init(_ request: FastRangeRequest, of message: RawSpan) throws(StoreError) {
        let range = KeyRange(
            key: ByteBuffer(message, request.key),
            rangeEnd: ByteBuffer(message, request.rangeEnd)
        )
        // An empty key is reported before an unknown sort option (etcd `v3rpc/key.go`).
        guard range.start.readableBytes > 0 else { throw .emptyKey }
        guard let order = SortOrder(rawValue: request.sortOrder),
            let target = SortTarget(rawValue: request.sortTarget)
        else { throw .invalidSort }
        self.init(range)
        self.limit = request.limit
        self.revision = request.revision
        self.sortOrder = order
        self.sortTarget = target
        self.keysOnly = request.keysOnly
        self.countOnly = request.countOnly
        self.minimumModRevision = request.minModRevision
        self.maximumModRevision = request.maxModRevision
        self.minimumCreateRevision = request.minCreateRevision
        self.maximumCreateRevision = request.maxCreateRevision
    }

    init(_ request: Etcdserverpb_RangeRequest) throws(StoreError) {
        guard !request.key.isEmpty else { throw .emptyKey }
        guard let order = SortOrder(rawValue: request.sortOrder.rawValue),
            let target = SortTarget(rawValue: request.sortTarget.rawValue)
        else { throw .invalidSort }
        self.init(KeyRange(request.key, request.rangeEnd))
        self.limit = request.limit
        self.revision = request.revision
        self.sortOrder = order
        self.sortTarget = target
        self.keysOnly = request.keysOnly
        self.countOnly = request.countOnly
        self.minimumModRevision = request.minModRevision
        self.maximumModRevision = request.maxModRevision
        self.minimumCreateRevision = request.minCreateRevision
        self.maximumCreateRevision = request.maxCreateRevision
    }
}

extension KeyRange {
    init(_ key: Data, _ rangeEnd: Data) {
        self.init(key: ByteBuffer(bytes: key), rangeEnd: ByteBuffer(bytes: rangeEnd))
    }
}

extension Put {
    init(_ request: FastPutRequest, of message: RawSpan) {
        // One copy of the whole message; key and value are slices of it.
        let bytes = ByteBuffer(message, 0..<message.byteCount)
        self.init(key: bytes.slice(request.key), value: bytes.slice(request.value))
        self.lease = request.lease
        self.wantsPrevious = request.prevKV
        self.ignoresValue = request.ignoreValue
        self.ignoresLease = request.ignoreLease
    }

    init(_ request: Etcdserverpb_PutRequest) {
        self.init(key: ByteBuffer(bytes: request.key), value: ByteBuffer(bytes: request.value))
        self.lease = request.lease
        self.wantsPrevious = request.prevKv
        self.ignoresValue = request.ignoreValue
        self.ignoresLease = request.ignoreLease
    }
}

extension ByteBuffer {
    /// A part of a buffer that was just created; empty for an absent field.
    fileprivate func slice(_ range: Range<Int>) -> ByteBuffer {
        self.getSlice(at: range.lowerBound, length: range.count) ?? ByteBuffer()
    }
}

extension DeleteRange {
    init(_ request: Etcdserverpb_DeleteRangeRequest) {
        self.init(KeyRange(request.key, request.rangeEnd))
        self.wantsPrevious = request.prevKv
    }
}

extension Transaction {
    /// Converts a request, whose level may have `operationLimit` operations.
    ///
    /// That is checked first, because converting costs.
    init(_ request: Etcdserverpb_TxnRequest, operationLimit: Int) throws(StoreError) {
        let widest = max(request.compare.count, request.success.count, request.failure.count)
        guard widest <= operationLimit else { throw .tooManyOperations(limit: operationLimit) }
        for compare in request.compare where compare.key.isEmpty { throw .emptyKey }
        self.init(
            compares: request.compare.map(Compare.init),
            success: try Self.operations(request.success, operationLimit - widest),
            failure: try Self.operations(request.failure, operationLimit - widest)
        )
    }

    /// Checks each operation before it looks at the next: of two that are wrong etcd tells the first.
    private static func operations(
        _ requests: [Etcdserverpb_RequestOp],
        _ budget: Int
    ) throws(StoreError) -> [MVCC.Operation] {
        var operations: [MVCC.Operation] = []
        for request in requests {
            switch request.request {
            case .requestRange(let range):
                guard !range.key.isEmpty else { throw .emptyKey }
                operations.append(.range(try RangeQuery(range)))
            case .requestPut(let message):
                let put = Put(message)
                try put.validate()
                operations.append(.put(put))
            case .requestDeleteRange(let message):
                let delete = DeleteRange(message)
                try delete.validate()
                operations.append(.deleteRange(delete))
            case .requestTxn(let nested):
                operations.append(.transaction(try Transaction(nested, operationLimit: budget)))
            case nil: throw .emptyOperation
            }
        }
        return operations
    }
}

extension Compare {
    init(_ request: Etcdserverpb_Compare) {
        let range = KeyRange(request.key, request.rangeEnd)
        guard let relation = Relation(rawValue: request.result.rawValue) else {
            // etcd `txn.go` lets a relation that it does not know hold for every key; a value must exist.
            self.init(range, .version(request.target == .value ? 0 : -1), .greater)
            return
        }
        // An operand that is missing or of another type than the target counts as zero or empty (etcd
        // `txn.go`).
        switch request.target {
        case .version: self.init(range, .version(request.version), relation)
        case .create: self.init(range, .create(request.createRevision), relation)
        case .mod: self.init(range, .mod(request.modRevision), relation)
        case .value: self.init(range, .value(ByteBuffer(bytes: request.value)), relation)
        case .lease: self.init(range, .lease(request.lease), relation)
        // To etcd a target that it does not know is equal to anything.
        case .UNRECOGNIZED: self.init(range, .version(-1), relation == .equal ? .greater : .less)
        }
    }
}

extension Etcdserverpb_TxnResponse {
    /// Converts an outcome; the header is the caller's.
    init(_ outcome: TransactionOutcome) {
        self.init()
        self.succeeded = outcome.succeeded
        self.responses = outcome.results.map { result in
            var response = Etcdserverpb_ResponseOp()
            switch result {
            case .range(let result, let keysOnly, let revision):
                response.responseRange = Etcdserverpb_RangeResponse(
                    result,
                    keysOnly: keysOnly,
                    revision: revision
                )
            case .put(let previous, let revision):
                response.responsePut.header.revision = revision
                if let previous { response.responsePut.prevKv = Mvccpb_KeyValue(previous) }
            case .deleteRange(let deleted, let previous, let revision):
                response.responseDeleteRange.header.revision = revision
                response.responseDeleteRange.deleted = Int64(deleted)
                response.responseDeleteRange.prevKvs = previous.map { Mvccpb_KeyValue($0) }
            case .transaction(let nested):
                response.responseTxn = Etcdserverpb_TxnResponse(nested)
                // etcd puts an empty header here (`txn.go`).
                response.responseTxn.header = Etcdserverpb_ResponseHeader()
            }
            return response
        }
    }
}

extension Etcdserverpb_RangeResponse {
    fileprivate init(_ result: RangeResult, keysOnly: Bool, revision: Int64) {
        self.init()
        self.header.revision = revision
        self.count = Int64(result.count)
        self.more = result.more
        self.kvs = result.records.map { Mvccpb_KeyValue($0, keysOnly: keysOnly) }
    }
}

extension Mvccpb_KeyValue {
    init(_ record: Record, keysOnly: Bool = false) {
        self.init()
        self.key = record.withUnsafeKey { Data($0) }
        if !keysOnly { self.value = record.withUnsafeValue { Data($0) } }
        self.createRevision = record.createRevision
        self.modRevision = record.modRevision
        self.version = record.version
        self.lease = record.lease
    }
}
