import AccessControl
import MVCC
import NIOCore

/// What a client may ask of the key space (etcd `server/auth/store.go`,
/// `server/etcdserver/apply/apply_auth.go`).
extension Authorization {
    /// Whether all of a range may be read.
    func allowsRead(_ range: KeyRange) -> Bool {
        self.isAdministrator
            || self.allowsRead(
                key: range.start.readableBytesUInt8Span,
                rangeEnd: range.rangeEnd.readableBytesUInt8Span
            )
    }

    /// Whether all of a range may be written.
    func allowsWrite(_ range: KeyRange) -> Bool {
        self.isAdministrator
            || self.allowsWrite(
                key: range.start.readableBytesUInt8Span,
                rangeEnd: range.rangeEnd.readableBytesUInt8Span
            )
    }

    /// Whether a put is allowed, by its own key; the keys of its lease are looked at by the commit thread.
    func allows(_ put: Put) -> Bool {
        let range = KeyRange(put.key)
        return self.allowsWrite(range) && (!put.wantsPrevious || self.allowsRead(range))
    }

    /// Whether a delete is allowed.
    func allows(_ request: DeleteRange) -> Bool {
        self.allowsWrite(request.range) && (!request.wantsPrevious || self.allowsRead(request.range))
    }

    /// Whether every compare and every operation of both branches is allowed, in nested transactions too.
    func allows(_ transaction: Transaction) -> Bool {
        transaction.compares.allSatisfy { self.allowsRead($0.range) }
            && (transaction.success + transaction.failure).allSatisfy { operation in
                switch operation {
                case .range(let query): self.allowsRead(query.range)
                case .put(let put): self.allows(put)
                case .deleteRange(let request): self.allows(request)
                case .transaction(let nested): self.allows(nested)
                }
            }
    }
}

extension KeyRange {
    /// The range's end as a request carries it.
    var rangeEnd: ByteBuffer {
        switch self.end {
        case .single: ByteBuffer()
        case .unbounded: ByteBuffer(bytes: [0])
        case .before(let end): end
        }
    }
}
