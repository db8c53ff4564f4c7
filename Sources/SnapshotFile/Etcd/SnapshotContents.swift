package import AccessControl
package import MVCC

/// What a snapshot says.
package struct SnapshotContents: Sendable {
    /// The keys with their history, and the leases.
    package var keyspace: Keyspace
    /// The users and roles.
    package var auth: AuthState
    /// etcd's numbers of the alarms that are raised.
    package var alarms: [UInt8]
    /// The member that makes the snapshot.
    package var memberID: UInt64
    /// The raft term that clients see.
    package var term: UInt64
    /// The version of etcd whose schema the file has, such as `3.6.0`.
    package var storageVersion: String

    /// Creates a description of a snapshot.
    package init(
        keyspace: Keyspace,
        auth: AuthState,
        alarms: [UInt8],
        memberID: UInt64,
        term: UInt64,
        storageVersion: String
    ) {
        self.keyspace = keyspace
        self.auth = auth
        self.alarms = alarms
        self.memberID = memberID
        self.term = term
        self.storageVersion = storageVersion
    }

    /// Lays the snapshot out as the file of etcd's backend.
    ///
    /// Sorts the records below the compaction horizon and looks at the size of each, so not on an event loop.
    ///
    /// - Throws: ``SnapshotFileError/nameTooLong(limitBytes:)``.
    package func layOut() throws(SnapshotFileError) -> BoltFileWriter {
        let names = self.auth.users.map(\.name) + self.auth.roles.map(\.name)
        guard names.allSatisfy({ $0.utf8.count <= BoltFormat.maximumKeyByteCount }) else {
            throw .nameTooLong(limitBytes: BoltFormat.maximumKeyByteCount)
        }
        return BoltFileWriter([
            .init(EtcdBuckets.key, RecordElements(records: self.keyspace.keptRecords)),
            .init(EtcdBuckets.lease, self.leases),
            .init(EtcdBuckets.auth, self.authFields),
            .init(EtcdBuckets.authRoles, self.roles),
            .init(EtcdBuckets.authUsers, self.users),
            .init(EtcdBuckets.alarm, self.raisedAlarms),
            .init(EtcdBuckets.meta, self.meta),
            // Whoever restores a snapshot makes members of its own. The version of the cluster is left out
            // too: an older etcd would refuse to start below it.
            .init(EtcdBuckets.members, BoltList([])),
            .init(EtcdBuckets.removedMembers, BoltList([])),
            .init(EtcdBuckets.cluster, BoltList([])),
        ])
    }

    private var leases: BoltList {
        BoltList(
            self.keyspace.leases.all.map { lease in
                BoltList.Element(
                    key: EtcdBuckets.bigEndian(UInt64(bitPattern: lease.id)),
                    value: LeaseMessage(id: lease.id, ttlSeconds: lease.timeToLive.components.seconds).encoded
                )
            }
        )
    }

    private var authFields: BoltList {
        BoltList([
            Self.field(EtcdBuckets.Auth.isEnabled, [self.auth.isEnabled ? 1 : 0]),
            Self.field(EtcdBuckets.Auth.revision, EtcdBuckets.bigEndian(self.auth.revision)),
        ])
    }

    private var roles: BoltList {
        BoltList(self.auth.roles.map { Self.field($0.name, AuthMessages.encode($0)) })
    }

    private var users: BoltList {
        BoltList(self.auth.users.map { Self.field($0.name, AuthMessages.encode($0)) })
    }

    private var raisedAlarms: BoltList {
        BoltList(
            self.alarms.map {
                BoltList.Element(
                    key: AlarmMessage(memberID: self.memberID, alarm: $0).encoded,
                    value: []
                )
            }
        )
    }

    private var meta: BoltList {
        let index = UInt64(bitPattern: self.keyspace.revision)
        var fields = [
            Self.field(
                EtcdBuckets.Meta.confState,
                Array(#"{"voters":[\#(self.memberID)],"auto_leave":false}"#.utf8)
            ),
            // There is no raft log; the revision counts what was decided, as in the answers to Status.
            Self.field(EtcdBuckets.Meta.consistentIndex, EtcdBuckets.bigEndian(index)),
            Self.field(EtcdBuckets.Meta.storageVersion, Array(self.storageVersion.utf8)),
            Self.field(EtcdBuckets.Meta.term, EtcdBuckets.bigEndian(self.term)),
        ]
        let horizon = self.keyspace.compactedRevision
        if horizon > 0 {
            let revision = EtcdBuckets.revision(horizon)
            fields.append(Self.field(EtcdBuckets.Meta.scheduledCompactRevision, revision))
            fields.append(Self.field(EtcdBuckets.Meta.finishedCompactRevision, revision))
        }
        return BoltList(fields)
    }

    private static func field(_ name: String, _ value: [UInt8]) -> BoltList.Element {
        BoltList.Element(key: Array(name.utf8), value: value)
    }
}
