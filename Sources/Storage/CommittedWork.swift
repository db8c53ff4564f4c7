import MVCC
import NIOCore

/// What one commit did, counted as etcd counts it (`server/storage/mvcc/metrics_txn.go`, `lease/metrics.go`).
package struct CommittedWork: Hashable, Sendable {
    /// Put operations.
    package var puts = 0
    /// Delete operations, whatever they deleted; the keys of ended leases one by one.
    package var deletes = 0
    /// Range operations inside transactions.
    package var ranges = 0
    /// Transactions of more than one operation.
    package var transactions = 0
    /// Bytes of keys and values that were put.
    package var putBytes = 0
    /// Leases that were granted.
    package var grantedLeases = 0
    /// Leases that somebody revoked.
    package var revokedLeases = 0
    /// Leases that were renewed.
    package var renewedLeases = 0
    /// Leases whose time was up.
    package var expiredLeases = 0

    /// Creates an empty count.
    package init() {}

    /// The names and labels of the metrics that ``counts`` are added to.
    static let labels: [(name: String, kind: String)] = [
        ("isthmus_store_operations_total", "put"), ("isthmus_store_operations_total", "delete"),
        ("isthmus_store_operations_total", "range"), ("isthmus_store_operations_total", "transaction"),
        ("isthmus_store_put_bytes_total", "put"), ("isthmus_store_leases_total", "granted"),
        ("isthmus_store_leases_total", "revoked"), ("isthmus_store_leases_total", "renewed"),
        ("isthmus_store_leases_total", "expired"),
    ]

    /// The numbers, in the order of ``labels``.
    var counts: [Int] {
        [
            self.puts, self.deletes, self.ranges, self.transactions, self.putBytes, self.grantedLeases,
            self.revokedLeases, self.renewedLeases, self.expiredLeases,
        ]
    }

    /// Counts a proposal that was done.
    mutating func count(_ proposal: Proposal, _ outcome: ProposalOutcome) {
        switch (proposal, outcome) {
        case (.restricted(let proposal, _), _): self.count(proposal, outcome)
        case (.put(let put), .put): self.count(put)
        case (.deleteRange, .deleteRange): self.deletes += 1
        case (.transaction(let transaction), .transaction(let outcome)):
            let before = self.operationCount
            self.count(transaction, outcome)
            if self.operationCount - before > 1 { self.transactions += 1 }
        case (.grant, .granted): self.grantedLeases += 1
        case (.revoke, .done): self.revokedLeases += 1
        case (.keepAlive, .keptAlive(.some, _)): self.renewedLeases += 1
        default: break
        }
    }

    private var operationCount: Int { self.puts + self.deletes + self.ranges }

    private mutating func count(_ put: Put) {
        self.puts += 1
        self.putBytes += put.key.readableBytes + put.value.readableBytes
    }

    private mutating func count(_ transaction: Transaction, _ outcome: TransactionOutcome) {
        let operations = outcome.succeeded ? transaction.success : transaction.failure
        for (operation, result) in zip(operations, outcome.results) {
            switch (operation, result) {
            case (.put(let put), _): self.count(put)
            case (.deleteRange, _): self.deletes += 1
            case (.range, _): self.ranges += 1
            case (.transaction(let nested), .transaction(let outcome)): self.count(nested, outcome)
            case (.transaction, _): break
            }
        }
    }
}
