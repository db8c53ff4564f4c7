import EtcdAPI

extension GatewayRoute {
    /// KV and Watch.
    static let keyValue: [GatewayRoute] = [
        .init("kv/range", .range, Etcdserverpb_RangeRequest.self, Etcdserverpb_RangeResponse.self),
        .init("kv/put", .put, Etcdserverpb_PutRequest.self, Etcdserverpb_PutResponse.self),
        .init(
            "kv/deleterange",
            .deleteRange,
            Etcdserverpb_DeleteRangeRequest.self,
            Etcdserverpb_DeleteRangeResponse.self
        ),
        .init("kv/txn", .txn, Etcdserverpb_TxnRequest.self, Etcdserverpb_TxnResponse.self),
        .init(
            "kv/compaction",
            .compact,
            Etcdserverpb_CompactionRequest.self,
            Etcdserverpb_CompactionResponse.self
        ),
        .init(
            "watch",
            .watch,
            Etcdserverpb_WatchRequest.self,
            Etcdserverpb_WatchResponse.self,
            takesMany: true
        ),
    ]

    /// Lease; some methods have two paths.
    static let leases: [GatewayRoute] = [
        .init(
            "lease/grant",
            .leaseGrant,
            Etcdserverpb_LeaseGrantRequest.self,
            Etcdserverpb_LeaseGrantResponse.self
        ),
        .init(
            "lease/keepalive",
            .leaseKeepAlive,
            Etcdserverpb_LeaseKeepAliveRequest.self,
            Etcdserverpb_LeaseKeepAliveResponse.self,
            takesMany: true
        ),
        .init(
            "lease/revoke",
            .leaseRevoke,
            Etcdserverpb_LeaseRevokeRequest.self,
            Etcdserverpb_LeaseRevokeResponse.self
        ),
        .init(
            "kv/lease/revoke",
            .leaseRevoke,
            Etcdserverpb_LeaseRevokeRequest.self,
            Etcdserverpb_LeaseRevokeResponse.self
        ),
        .init(
            "lease/timetolive",
            .leaseTimeToLive,
            Etcdserverpb_LeaseTimeToLiveRequest.self,
            Etcdserverpb_LeaseTimeToLiveResponse.self
        ),
        .init(
            "kv/lease/timetolive",
            .leaseTimeToLive,
            Etcdserverpb_LeaseTimeToLiveRequest.self,
            Etcdserverpb_LeaseTimeToLiveResponse.self
        ),
        .init(
            "lease/leases",
            .leaseLeases,
            Etcdserverpb_LeaseLeasesRequest.self,
            Etcdserverpb_LeaseLeasesResponse.self
        ),
        .init(
            "kv/lease/leases",
            .leaseLeases,
            Etcdserverpb_LeaseLeasesRequest.self,
            Etcdserverpb_LeaseLeasesResponse.self
        ),
    ]

    /// Cluster and Maintenance.
    static let operations: [GatewayRoute] = [
        .init(
            "cluster/member/list",
            .memberList,
            Etcdserverpb_MemberListRequest.self,
            Etcdserverpb_MemberListResponse.self
        ),
        .init(
            "cluster/member/add",
            .memberAdd,
            Etcdserverpb_MemberAddRequest.self,
            Etcdserverpb_MemberAddResponse.self
        ),
        .init(
            "cluster/member/remove",
            .memberRemove,
            Etcdserverpb_MemberRemoveRequest.self,
            Etcdserverpb_MemberRemoveResponse.self
        ),
        .init(
            "cluster/member/update",
            .memberUpdate,
            Etcdserverpb_MemberUpdateRequest.self,
            Etcdserverpb_MemberUpdateResponse.self
        ),
        .init(
            "cluster/member/promote",
            .memberPromote,
            Etcdserverpb_MemberPromoteRequest.self,
            Etcdserverpb_MemberPromoteResponse.self
        ),
        .init(
            "maintenance/status",
            .status,
            Etcdserverpb_StatusRequest.self,
            Etcdserverpb_StatusResponse.self
        ),
        .init("maintenance/alarm", .alarm, Etcdserverpb_AlarmRequest.self, Etcdserverpb_AlarmResponse.self),
        .init(
            "maintenance/defragment",
            .defragment,
            Etcdserverpb_DefragmentRequest.self,
            Etcdserverpb_DefragmentResponse.self
        ),
        .init(
            "maintenance/snapshot",
            .snapshot,
            Etcdserverpb_SnapshotRequest.self,
            Etcdserverpb_SnapshotResponse.self
        ),
        .init("maintenance/hash", .hash, Etcdserverpb_HashRequest.self, Etcdserverpb_HashResponse.self),
        .init(
            "maintenance/hashkv",
            .hashKV,
            Etcdserverpb_HashKVRequest.self,
            Etcdserverpb_HashKVResponse.self
        ),
        .init(
            "maintenance/transfer-leadership",
            .moveLeader,
            Etcdserverpb_MoveLeaderRequest.self,
            Etcdserverpb_MoveLeaderResponse.self
        ),
        .init(
            "maintenance/downgrade",
            .downgrade,
            Etcdserverpb_DowngradeRequest.self,
            Etcdserverpb_DowngradeResponse.self
        ),
    ]

    /// Locks and elections.
    static let coordination: [GatewayRoute] = [
        .init("lock/lock", .lock, V3lockpb_LockRequest.self, V3lockpb_LockResponse.self),
        .init("lock/unlock", .unlock, V3lockpb_UnlockRequest.self, V3lockpb_UnlockResponse.self),
        .init(
            "election/campaign",
            .campaign,
            V3electionpb_CampaignRequest.self,
            V3electionpb_CampaignResponse.self
        ),
        .init(
            "election/proclaim",
            .proclaim,
            V3electionpb_ProclaimRequest.self,
            V3electionpb_ProclaimResponse.self
        ),
        .init("election/leader", .leader, V3electionpb_LeaderRequest.self, V3electionpb_LeaderResponse.self),
        .init(
            "election/observe",
            .observe,
            V3electionpb_LeaderRequest.self,
            V3electionpb_LeaderResponse.self
        ),
        .init("election/resign", .resign, V3electionpb_ResignRequest.self, V3electionpb_ResignResponse.self),
    ]
}
