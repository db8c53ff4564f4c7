import AccessControl
import MVCC
import Passwords
import RPC
import SnapshotFile
import Watching

/// etcd's codes and sentences: the one place where an error becomes words for an etcd client.
///
/// Clients compare the sentences byte for byte (etcd `api/v3rpc/rpctypes/error.go`).
enum EtcdStatus {
    static let permissionDenied = RPCStatus(code: .permissionDenied, message: "etcdserver: permission denied")
    static let memberNotFound = RPCStatus(code: .notFound, message: "etcdserver: member not found")
    static let notEnoughMembers = RPCStatus(
        code: .failedPrecondition,
        message: "etcdserver: re-configuration failed due to not enough started members"
    )
    static let notLearner = RPCStatus(
        code: .failedPrecondition,
        message: "etcdserver: can only promote a learner member"
    )
    static let badLeaderTransferee = RPCStatus(
        code: .failedPrecondition,
        message: "etcdserver: bad leader transferee"
    )
    static let watchCanceled = RPCStatus(code: .cancelled, message: "etcdserver: watch canceled")
    static let unknownHealthService = RPCStatus(code: .notFound, message: "unknown service")

    /// A request whose bytes are not the method's message, in grpc-go's words.
    static let malformed = RPCStatus(
        code: .internal,
        message: "grpc: error unmarshalling request: the bytes are not a valid message"
    )

    /// Returns what a client of the gateway is told of a request that is not its message.
    static func malformedJSON(_ message: String, _ reason: String) -> RPCStatus {
        RPCStatus(code: .invalidArgument, message: "isthmus: the request is no \(message) in JSON: \(reason)")
    }

    static let unknownPath = RPCStatus(code: .notFound, message: "Not Found")
    static let wrongHTTPMethod = RPCStatus(code: .unimplemented, message: "Method Not Allowed")

    /// Returns what a client is told of a store error.
    static func status(_ error: StoreError) -> RPCStatus {
        switch error {
        case .compacted:
            RPCStatus(code: .outOfRange, message: "etcdserver: mvcc: required revision has been compacted")
        case .futureRevision:
            RPCStatus(code: .outOfRange, message: "etcdserver: mvcc: required revision is a future revision")
        case .leaseTooLong: RPCStatus(code: .outOfRange, message: "etcdserver: too large lease TTL")
        case .leaseNotFound: RPCStatus(code: .notFound, message: "etcdserver: requested lease not found")
        case .leaseExists: RPCStatus(code: .failedPrecondition, message: "etcdserver: lease already exists")
        case .noSpace:
            RPCStatus(code: .resourceExhausted, message: "etcdserver: mvcc: database space exceeded")
        case .overloaded, .tooManyLeases:
            RPCStatus(code: .resourceExhausted, message: "etcdserver: too many requests")
        case .responseTooLarge(let limit):
            RPCStatus(
                code: .resourceExhausted,
                message: "isthmus: the response is larger than \(limit) bytes; use a limit and ask for pages"
            )
        // Not UNAVAILABLE, which clients take for permission to try again: it would fail again.
        case .unavailable(let reason):
            RPCStatus(code: .unknown, message: "isthmus: the log refuses writes: \(reason)")
        case .corrupt: RPCStatus(code: .dataLoss, message: "etcdserver: corrupt cluster")
        case .stopped: RPCStatus(code: .unavailable, message: "etcdserver: server stopped")
        case .keyNotFound, .emptyOperation, .emptyKey, .valueProvided, .leaseProvided, .duplicateKey,
            .tooManyOperations, .invalidSort, .requestTooLarge:
            RPCStatus(code: .invalidArgument, message: self.invalidArgument(error))
        }
    }

    private static func invalidArgument(_ error: StoreError) -> String {
        switch error {
        case .keyNotFound, .emptyOperation: "etcdserver: key not found"
        case .emptyKey: "etcdserver: key is not provided"
        case .valueProvided: "etcdserver: value is provided"
        case .leaseProvided: "etcdserver: lease is provided"
        case .duplicateKey: "etcdserver: duplicate key given in txn request"
        case .tooManyOperations: "etcdserver: too many operations in txn request"
        case .invalidSort: "etcdserver: invalid sort option"
        default: "etcdserver: request is too large"
        }
    }

    /// Returns the `cancel_reason` of a watch that is refused (etcd `v3rpc/watch.go`).
    static func cancelReason(_ error: WatchStream.CreateError) -> String {
        switch error {
        case .duplicateID: "mvcc: duplicate watch ID provided on the WatchStream"
        case .emptyRange: "mvcc: watcher range is empty"
        case .negativeStart: "etcdserver: mvcc: required revision has been compacted"
        case .tooManyWatches(let limit): "isthmus: there are \(limit) watches, as many as are allowed"
        }
    }

    /// Returns the `cancel_reason` of a watch that its client may not have: the status in grpc-go's words.
    static func cancelReason(_ status: RPCStatus) -> String {
        "rpc error: code = \(status.code.name) desc = \(status.message)"
    }

    /// Returns what a client of the lock and election services is told of an error.
    ///
    /// etcd serves them through its own client library, which keeps the sentence and loses the code.
    static func relayed(_ status: RPCStatus) -> RPCStatus {
        RPCStatus(code: .unknown, message: status.message)
    }

    /// Returns what a caller of the lock and election services did wrong, or did not get (etcd
    /// `client/v3/concurrency`, `server/etcdserver/api/v3election`).
    static func status(_ failure: CoordinationFailure) -> RPCStatus {
        switch failure {
        case .sessionExpired: RPCStatus(code: .unknown, message: "mutex: session is expired")
        case .notLeader: RPCStatus(code: .unknown, message: "election: not leader")
        case .noLeader: RPCStatus(code: .unknown, message: "election: no leader")
        case .leaderMissing: RPCStatus(code: .unknown, message: #""leader" field must be provided"#)
        }
    }

    /// Returns what a caller is told that would wait beside too many others.
    static func tooManyContenders(limit: Int) -> RPCStatus {
        RPCStatus(
            code: .resourceExhausted,
            message: "isthmus: there are \(limit) watches and waiting calls, as many as are allowed"
        )
    }

    static let wrongDowngradeFormat = Self.argument("wrong downgrade target version format")
    static let invalidDowngradeTarget = Self.argument("invalid downgrade target version")
    static let unknownMethod = RPCStatus(code: .unknown, message: "etcdserver: unknown method")

    /// Returns what a client is told of users, roles and logins (etcd `server/auth/store.go`).
    static func status(_ error: AuthError) -> RPCStatus {
        switch error {
        case .rootUserMissing: Self.precondition("root user does not exist")
        case .rootRoleMissing: Self.precondition("root user does not have root role")
        case .userExists: Self.precondition("user name already exists")
        case .userNotFound: Self.precondition("user name not found")
        case .roleExists: Self.precondition("role name already exists")
        case .roleNotFound: Self.precondition("role name not found")
        case .roleNotGranted: Self.precondition("role is not granted to the user")
        case .permissionNotGranted: Self.precondition("permission is not granted to the role")
        case .notEnabled: Self.precondition("authentication is not enabled")
        case .userNameEmpty: Self.argument("user name is empty")
        case .roleNameEmpty: Self.argument("role name is empty")
        case .authenticationFailed: Self.argument("authentication failed, invalid user ID or password")
        case .permissionNotGiven: Self.argument("permission not given")
        case .invalidManagement: Self.argument("invalid auth management")
        case .invalidToken: RPCStatus(code: .unauthenticated, message: "etcdserver: invalid auth token")
        // etcd does not map this one.
        case .passwordNotUsed:
            RPCStatus(
                code: .unknown,
                message: "auth: authentication failed, password was given for no password user"
            )
        case .tooLarge(let limit):
            RPCStatus(
                code: .resourceExhausted,
                message: "isthmus: users, roles and permissions would need more than \(limit) bytes"
            )
        }
    }

    /// Returns what a client is told when its login gets no token (etcd `server/auth/jwt.go`, not mapped).
    static func status(_ failure: TokenFailure) -> RPCStatus {
        switch failure {
        case .verifiesOnly:
            RPCStatus(code: .unknown, message: "auth: token signing attempted with verify-only key")
        case .cannotSign(let reason):
            RPCStatus(code: .internal, message: "isthmus: the token cannot be signed: \(reason)")
        }
    }

    /// Returns what a client is told of a snapshot that cannot be made.
    static func status(_ error: SnapshotFileError) -> RPCStatus {
        RPCStatus(code: .failedPrecondition, message: "isthmus: there can be no snapshot: \(error)")
    }

    /// Returns what a client is told when there are as many snapshots as are allowed.
    static func tooManySnapshots(limit: Int) -> RPCStatus {
        RPCStatus(
            code: .resourceExhausted,
            message: "isthmus: \(limit) snapshots are being sent, as many as are allowed"
        )
    }

    /// Returns what a client is told of a password that cannot be hashed.
    static func status(_ error: PasswordHash.Failure) -> RPCStatus {
        switch error {
        // Go's sentence, which etcd does not map.
        case .tooLong: RPCStatus(code: .unknown, message: "bcrypt: password length exceeds 72 bytes")
        case .zeroByte:
            RPCStatus(code: .invalidArgument, message: "isthmus: the password contains a zero byte")
        case .notBcrypt:
            RPCStatus(
                code: .invalidArgument,
                message: "isthmus: the hashed password is not bcrypt of cost 4 to 16 in base 64"
            )
        case .unavailable:
            RPCStatus(code: .internal, message: "isthmus: the system's library does not know bcrypt")
        }
    }

    private static func precondition(_ sentence: String) -> RPCStatus {
        RPCStatus(code: .failedPrecondition, message: "etcdserver: " + sentence)
    }

    private static func argument(_ sentence: String) -> RPCStatus {
        RPCStatus(code: .invalidArgument, message: "etcdserver: " + sentence)
    }
}
