import AccessControl
import MVCC
import NIOCore

/// What someone who may only touch some keys may do with leases: whoever uses one touches all of its keys,
/// because they live and die together (etcd `server/etcdserver/apply/apply_auth.go`).
struct LeaseRestriction {
    private let permissions: PermissionTable
    private let leases: LeaseTable

    init(_ permissions: PermissionTable, _ leases: LeaseTable) {
        self.permissions = permissions
        self.leases = leases
    }

    /// Whether the keys of all leases that the proposal uses may be written, or read where it only looks.
    func allows(_ proposal: Proposal) -> Bool {
        switch proposal {
        case .put(let put): self.allows(put)
        case .transaction(let transaction): self.allows(transaction)
        case .revoke(let id), .keepAlive(let id): self.allowsWriting(id)
        case .timeToLive(let id, let withKeys): !withKeys || self.allowsReading(id)
        case .leases: self.leases.all.allSatisfy { self.allowsReading($0.id) }
        case .restricted(let inner, _): self.allows(inner)
        case .deleteRange, .compact, .grant, .setAlarm, .defragment, .setDocument, .auth: true
        }
    }

    private func allows(_ put: Put) -> Bool { put.lease == 0 || self.allowsWriting(put.lease) }

    private func allows(_ transaction: Transaction) -> Bool {
        for branch in [transaction.success, transaction.failure] {
            for operation in branch {
                switch operation {
                case .put(let put): guard self.allows(put) else { return false }
                case .transaction(let nested): guard self.allows(nested) else { return false }
                case .range, .deleteRange: break
                }
            }
        }
        return true
    }

    private func allowsWriting(_ id: Int64) -> Bool {
        self.leases.attachedKeys(of: id).allSatisfy {
            self.permissions.allowsWrite(key: $0.key.readableBytesUInt8Span, rangeEnd: [UInt8]().span)
        }
    }

    private func allowsReading(_ id: Int64) -> Bool {
        self.leases.attachedKeys(of: id).allSatisfy {
            self.permissions.allowsRead(key: $0.key.readableBytesUInt8Span, rangeEnd: [UInt8]().span)
        }
    }
}
