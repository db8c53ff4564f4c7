import MVCC
import NIOCore
import Testing

@Suite struct TransactionValidationTests {
    struct Case: CustomTestStringConvertible {
        var name: String
        var transaction: Transaction
        var error: StoreError?
        var limit: Int

        init(_ name: String, _ transaction: Transaction, _ error: StoreError?, limit: Int = 128) {
            self.name = name
            self.transaction = transaction
            self.error = error
            self.limit = limit
        }

        var testDescription: String { self.name }
    }

    private static func expect(_ testCase: Case, sourceLocation: SourceLocation = #_sourceLocation) {
        let error: StoreError?
        do throws(StoreError) {
            try testCase.transaction.validate(operationLimit: testCase.limit)
            error = nil
        } catch let thrown {
            error = thrown
        }
        #expect(error == testCase.error, "\(testCase.name)", sourceLocation: sourceLocation)
    }

    private static func put(_ key: String) -> MVCC.Operation {
        .put(Put(key: ByteBuffer(string: key), value: ByteBuffer(string: "v")))
    }

    private static func delete(_ key: String, _ end: String = "") -> MVCC.Operation {
        .deleteRange(DeleteRange(KeyRange(key: ByteBuffer(string: key), rangeEnd: ByteBuffer(string: end))))
    }

    private static func range(_ key: String) -> MVCC.Operation {
        .range(RangeQuery(KeyRange(ByteBuffer(string: key))))
    }

    private static func nested(
        _ success: [MVCC.Operation],
        else failure: [MVCC.Operation] = []
    ) -> MVCC.Operation {
        .transaction(Transaction(success: success, failure: failure))
    }

    private static func then(_ operations: MVCC.Operation...) -> Transaction {
        Transaction(success: operations)
    }

    // MARK: - A key is written once (reference §2.8)

    @Test(arguments: [
        Case("different keys", then(put("a"), put("b")), nil),
        Case("a key twice", then(put("a"), put("b"), put("a")), .duplicateKey),
        Case("in the failure branch too", Transaction(failure: [put("a"), put("a")]), .duplicateKey),
        Case("once in each branch", Transaction(success: [put("a")], failure: [put("a")]), nil),
        Case("here and in a nested transaction", then(put("a"), nested([put("a")])), .duplicateKey),
        Case(
            "here and in a nested failure branch",
            then(put("a"), nested([], else: [put("a")])),
            .duplicateKey
        ),
        Case("in both branches of one nested", then(nested([put("a")], else: [put("a")])), nil),
        Case("in two nested ones", then(nested([put("a")]), nested([put("a")])), .duplicateKey),
        Case(
            "in the failure branches of two nested ones",
            then(nested([], else: [put("a")]), nested([], else: [put("a")])),
            .duplicateKey
        ),
        Case(
            "in both branches of one nested and again in the next",
            then(nested([put("a")], else: [put("a")]), nested([], else: [put("a")])),
            .duplicateKey
        ),
        Case(
            "in both branches of one nested and here",
            then(nested([put("a")], else: [put("a")]), put("a")),
            .duplicateKey
        ),
        Case("two levels below", then(put("a"), nested([nested([put("a")])])), .duplicateKey),
        Case(
            "twice inside a nested branch that the other one excuses only once",
            then(nested([put("a")], else: [put("a"), put("a")])),
            .duplicateKey
        ),
    ])
    func aPathPutsAKeyAtMostOnce(testCase: Case) {
        Self.expect(testCase)
    }

    @Test(arguments: [
        Case("another key", then(delete("a"), put("b")), nil),
        Case("the same key", then(delete("a"), put("a")), .duplicateKey),
        Case("the same key, put first", then(put("a"), delete("a")), .duplicateKey),
        Case("inside an interval", then(delete("a", "c"), put("b")), .duplicateKey),
        Case("at an interval's start", then(delete("a", "c"), put("a")), .duplicateKey),
        Case("at an interval's end", then(delete("a", "c"), put("c")), nil),
        Case("in an empty interval", then(delete("c", "a"), put("b")), nil),
        Case("above an unbounded start, as in etcd", then(delete("b", "\u{0}"), put("c")), nil),
        Case("below an unbounded start", then(delete("b", "\u{0}"), put("a")), nil),
        Case("the other branch deletes", Transaction(success: [put("a")], failure: [delete("a")]), nil),
        Case("overlapping deletes alone", then(delete("a", "c"), delete("b", "d"), delete("b")), nil),
        Case("second of two intervals", then(delete("a", "c"), delete("x", "z"), put("y")), .duplicateKey),
        Case("between two intervals", then(delete("a", "c"), delete("x", "z"), put("m")), nil),
        Case("between two touching ones", then(delete("a", "b"), delete("b", "c"), put("b")), .duplicateKey),
        Case("deleted here, put in a nested one", then(nested([put("a")]), delete("a")), .duplicateKey),
        Case("deleted in a nested one, put here", then(nested([delete("a")]), put("a")), .duplicateKey),
        Case(
            "deleted in a nested failure, put here",
            then(nested([], else: [delete("a")]), put("a")),
            .duplicateKey
        ),
        Case(
            "deleted in a nested one, put in a later",
            then(nested([delete("a")]), nested([put("a")])),
            .duplicateKey
        ),
        // etcd looks at earlier nested deletes only: the put is done first, the delete removes it again.
        Case("put in a nested one, deleted in a later", then(nested([put("a")]), nested([delete("a")])), nil),
        Case(
            "put and deleted by the two branches of one nested",
            then(nested([put("a")], else: [delete("a")])),
            nil
        ),
        Case("deleted two levels below", then(put("b"), nested([nested([delete("a", "c")])])), .duplicateKey),
    ])
    func aKeyThatIsDeletedIsNotPut(testCase: Case) {
        Self.expect(testCase)
    }

    // MARK: - Limits (reference §1.4)

    private static func puts(_ count: Int, prefix: String = "k") -> [MVCC.Operation] {
        (0..<count).map { self.put("\(prefix)\($0)") }
    }

    private static func compares(_ count: Int) -> [Compare] {
        (0..<count).map { Compare(KeyRange(ByteBuffer(string: "k\($0)")), .version(0), .equal) }
    }

    @Test(arguments: [
        Case("nothing", Transaction(), nil, limit: 0),
        Case("as many as allowed", Transaction(success: puts(3)), nil, limit: 3),
        Case("one too many", Transaction(success: puts(4)), .tooManyOperations(limit: 3), limit: 3),
        Case("one failure too many", Transaction(failure: puts(4)), .tooManyOperations(limit: 3), limit: 3),
        Case(
            "one compare too many",
            Transaction(compares: compares(4)),
            .tooManyOperations(limit: 3),
            limit: 3
        ),
        Case(
            "each list for itself",
            Transaction(compares: compares(3), success: puts(3), failure: puts(3)),
            nil,
            limit: 3
        ),
        Case("default limit", Transaction(success: puts(128)), nil),
        Case("over the default limit", Transaction(success: puts(129)), .tooManyOperations(limit: 128)),
        Case("a nested one has the rest", then(put("a"), nested(puts(2))), nil, limit: 4),
        Case(
            "a nested one has no more",
            then(put("a"), nested(puts(3))),
            .tooManyOperations(limit: 4),
            limit: 4
        ),
        Case(
            "the widest list counts against nested ones",
            Transaction(compares: compares(3), success: [nested(puts(2))]),
            .tooManyOperations(limit: 4),
            limit: 4
        ),
        Case(
            "siblings have the same rest",
            then(nested(puts(2)), nested(puts(2, prefix: "m"))),
            nil,
            limit: 4
        ),
        Case("each level takes its part", then(nested([nested([put("a")])])), nil, limit: 3),
        Case(
            "and then nothing is left",
            then(nested([nested([put("a")])])),
            .tooManyOperations(limit: 2),
            limit: 2
        ),
        Case("an empty one needs nothing", then(nested([nested([])])), nil, limit: 2),
        Case(
            "nested failure branches count",
            then(nested([], else: puts(2))),
            .tooManyOperations(limit: 2),
            limit: 2
        ),
    ])
    func operationsAreLimitedAndNestedOnesShareTheRest(testCase: Case) {
        Self.expect(testCase)
    }

    // MARK: - Keys and flags

    private static func put(_ change: (inout Put) -> Void) -> Transaction {
        var put = Put(key: ByteBuffer(string: "a"), value: ByteBuffer())
        change(&put)
        return self.then(.put(put))
    }

    @Test(arguments: [
        Case("range", then(range("")), .emptyKey),
        Case("put", then(put("")), .emptyKey),
        Case("delete", then(delete("", "b")), .emptyKey),
        Case("failure branch", Transaction(failure: [range("")]), .emptyKey),
        Case("nested", then(nested([range("")])), .emptyKey),
        Case(
            "compare",
            Transaction(compares: [Compare(KeyRange(ByteBuffer()), .version(0), .equal)]),
            .emptyKey
        ),
        Case(
            "nested compare",
            then(.transaction(Transaction(compares: [Compare(KeyRange(ByteBuffer()), .mod(0), .less)]))),
            .emptyKey
        ),
        Case("ignored value", put { $0.ignoresValue = true }, nil),
        Case("ignored lease", put { $0.ignoresLease = true }, nil),
        Case("a lease and an ignored value", put { ($0.ignoresValue, $0.lease) = (true, 1) }, nil),
        Case(
            "a value that is ignored",
            put { ($0.ignoresValue, $0.value) = (true, ByteBuffer(string: "v")) },
            .valueProvided
        ),
        Case("a lease that is ignored", put { ($0.ignoresLease, $0.lease) = (true, 1) }, .leaseProvided),
    ])
    func keysAreGivenAndIgnoredFieldsAreEmpty(testCase: Case) {
        Self.expect(testCase)
    }

    @Test(arguments: [
        Case(
            "too many operations before an empty key",
            Transaction(compares: [Compare(KeyRange(ByteBuffer()), .version(0), .equal)], success: puts(3)),
            .tooManyOperations(limit: 2),
            limit: 2
        ),
        Case("an empty key before a duplicate", then(put("a"), put("a"), range("")), .emptyKey),
        Case(
            "too many nested operations before a duplicate",
            then(put("a"), put("a"), nested(puts(2))),
            .tooManyOperations(limit: 4),
            limit: 4
        ),
        Case(
            "operations in order",
            Transaction(success: [range("")], failure: [nested(puts(9))]),
            .emptyKey,
            limit: 3
        ),
    ])
    func theFirstProblemInEtcdsOrderIsReported(testCase: Case) {
        Self.expect(testCase)
    }
}
