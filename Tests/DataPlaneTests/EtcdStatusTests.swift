import MVCC
import RPC
import Testing
import Watching

@testable import DataPlane

/// Clients compare these byte for byte; the table repeats etcd's `rpctypes/error.go` on purpose.
@Suite struct EtcdStatusTests {
    @Test(
        "a store error becomes etcd's code and sentence",
        arguments: [
            (.compacted(at: 3), .outOfRange, "etcdserver: mvcc: required revision has been compacted"),
            (
                .futureRevision(head: 3), .outOfRange,
                "etcdserver: mvcc: required revision is a future revision"
            ),
            (.keyNotFound, .invalidArgument, "etcdserver: key not found"),
            (.emptyOperation, .invalidArgument, "etcdserver: key not found"),
            (.emptyKey, .invalidArgument, "etcdserver: key is not provided"),
            (.valueProvided, .invalidArgument, "etcdserver: value is provided"),
            (.leaseProvided, .invalidArgument, "etcdserver: lease is provided"),
            (.duplicateKey, .invalidArgument, "etcdserver: duplicate key given in txn request"),
            (
                .tooManyOperations(limit: 128), .invalidArgument,
                "etcdserver: too many operations in txn request"
            ),
            (.invalidSort, .invalidArgument, "etcdserver: invalid sort option"),
            (.requestTooLarge(limit: 9), .invalidArgument, "etcdserver: request is too large"),
            (.leaseNotFound, .notFound, "etcdserver: requested lease not found"),
            (.leaseExists, .failedPrecondition, "etcdserver: lease already exists"),
            (.leaseTooLong, .outOfRange, "etcdserver: too large lease TTL"),
            (.noSpace, .resourceExhausted, "etcdserver: mvcc: database space exceeded"),
            (.overloaded, .resourceExhausted, "etcdserver: too many requests"),
            (.tooManyLeases(limit: 1), .resourceExhausted, "etcdserver: too many requests"),
            (.corrupt, .dataLoss, "etcdserver: corrupt cluster"),
            (.stopped, .unavailable, "etcdserver: server stopped"),
        ] as [(StoreError, RPCCode, String)]
    )
    func storeErrorHasEtcdsWords(error: StoreError, code: RPCCode, message: String) {
        #expect(EtcdStatus.status(error) == RPCStatus(code: code, message: message))
    }

    @Test func aLogThatRefusesWritesIsNotReportedAsRetryable() {
        // UNAVAILABLE makes Go clients send the request again, although it may have been the disk that is
        // broken.
        #expect(EtcdStatus.status(.unavailable(reason: "disk")).code == .unknown)
    }

    @Test(
        "a refused watch is told etcd's reason",
        arguments: [
            (.duplicateID, "mvcc: duplicate watch ID provided on the WatchStream"),
            (.emptyRange, "mvcc: watcher range is empty"),
            (.negativeStart, "etcdserver: mvcc: required revision has been compacted"),
        ] as [(WatchStream.CreateError, String)]
    )
    func refusedWatchHasEtcdsReason(error: WatchStream.CreateError, reason: String) {
        #expect(EtcdStatus.cancelReason(error) == reason)
    }
}
