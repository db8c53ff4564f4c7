// DataPlane: the etcd v3 API, served to agents.
//
// One `EtcdSession` per connection turns calls into reads of the published key space, proposals to the store,
// and watches of the loop's registry. All of it runs on event loops, without `async`. Not here: HTTP/2 and
// TLS (`RPC`), what a key means (`MeshSchema`), certificates (`PKI`). Begin with `DataPlaneServer`, then
// `EtcdSession`.

import RPC

/// The methods that are served; a method's raw value is its number in the transport's table.
enum EtcdMethod: Int, CaseIterable {
    case range
    case put
    case deleteRange
    case txn
    case compact
    case watch
    case leaseGrant
    case leaseRevoke
    case leaseKeepAlive
    case leaseTimeToLive
    case leaseLeases
    case memberList
    case memberAdd
    case memberRemove
    case memberUpdate
    case memberPromote
    case status
    case alarm
    case defragment
    case hash
    case hashKV
    case moveLeader
    case snapshot
    case downgrade
    case authEnable
    case authDisable
    case authStatus
    case authenticate
    case userAdd
    case userGet
    case userList
    case userDelete
    case userChangePassword
    case userGrantRole
    case userRevokeRole
    case roleAdd
    case roleGet
    case roleList
    case roleDelete
    case roleGrantPermission
    case roleRevokePermission
    case lock
    case unlock
    case campaign
    case proclaim
    case leader
    case observe
    case resign
    case healthCheck
    case healthWatch

    /// The path on the wire (etcd `api/etcdserverpb/rpc.proto`, gRPC `health/v1/health.proto`).
    var path: String {
        switch self {
        case .range: "/etcdserverpb.KV/Range"
        case .put: "/etcdserverpb.KV/Put"
        case .deleteRange: "/etcdserverpb.KV/DeleteRange"
        case .txn: "/etcdserverpb.KV/Txn"
        case .compact: "/etcdserverpb.KV/Compact"
        case .watch: "/etcdserverpb.Watch/Watch"
        case .leaseGrant: "/etcdserverpb.Lease/LeaseGrant"
        case .leaseRevoke: "/etcdserverpb.Lease/LeaseRevoke"
        case .leaseKeepAlive: "/etcdserverpb.Lease/LeaseKeepAlive"
        case .leaseTimeToLive: "/etcdserverpb.Lease/LeaseTimeToLive"
        case .leaseLeases: "/etcdserverpb.Lease/LeaseLeases"
        case .memberList: "/etcdserverpb.Cluster/MemberList"
        case .memberAdd: "/etcdserverpb.Cluster/MemberAdd"
        case .memberRemove: "/etcdserverpb.Cluster/MemberRemove"
        case .memberUpdate: "/etcdserverpb.Cluster/MemberUpdate"
        case .memberPromote: "/etcdserverpb.Cluster/MemberPromote"
        case .status: "/etcdserverpb.Maintenance/Status"
        case .alarm: "/etcdserverpb.Maintenance/Alarm"
        case .defragment: "/etcdserverpb.Maintenance/Defragment"
        case .hash: "/etcdserverpb.Maintenance/Hash"
        case .hashKV: "/etcdserverpb.Maintenance/HashKV"
        case .moveLeader: "/etcdserverpb.Maintenance/MoveLeader"
        case .snapshot: "/etcdserverpb.Maintenance/Snapshot"
        case .downgrade: "/etcdserverpb.Maintenance/Downgrade"
        case .authEnable: "/etcdserverpb.Auth/AuthEnable"
        case .authDisable: "/etcdserverpb.Auth/AuthDisable"
        case .authStatus: "/etcdserverpb.Auth/AuthStatus"
        case .authenticate: "/etcdserverpb.Auth/Authenticate"
        case .userAdd: "/etcdserverpb.Auth/UserAdd"
        case .userGet: "/etcdserverpb.Auth/UserGet"
        case .userList: "/etcdserverpb.Auth/UserList"
        case .userDelete: "/etcdserverpb.Auth/UserDelete"
        case .userChangePassword: "/etcdserverpb.Auth/UserChangePassword"
        case .userGrantRole: "/etcdserverpb.Auth/UserGrantRole"
        case .userRevokeRole: "/etcdserverpb.Auth/UserRevokeRole"
        case .roleAdd: "/etcdserverpb.Auth/RoleAdd"
        case .roleGet: "/etcdserverpb.Auth/RoleGet"
        case .roleList: "/etcdserverpb.Auth/RoleList"
        case .roleDelete: "/etcdserverpb.Auth/RoleDelete"
        case .roleGrantPermission: "/etcdserverpb.Auth/RoleGrantPermission"
        case .roleRevokePermission: "/etcdserverpb.Auth/RoleRevokePermission"
        case .lock: "/v3lockpb.Lock/Lock"
        case .unlock: "/v3lockpb.Lock/Unlock"
        case .campaign: "/v3electionpb.Election/Campaign"
        case .proclaim: "/v3electionpb.Election/Proclaim"
        case .leader: "/v3electionpb.Election/Leader"
        case .observe: "/v3electionpb.Election/Observe"
        case .resign: "/v3electionpb.Election/Resign"
        case .healthCheck: "/grpc.health.v1.Health/Check"
        case .healthWatch: "/grpc.health.v1.Health/Watch"
        }
    }

    /// Whether the transport hands over messages one by one.
    var kind: RPCMethodKind {
        switch self {
        case .watch, .leaseKeepAlive, .snapshot, .observe, .healthWatch: .stream
        default: .unary
        }
    }

    /// All methods, in the order of their numbers.
    static let table = RPCMethodTable(EtcdMethod.allCases.map { ($0.path, $0.kind) })
}
