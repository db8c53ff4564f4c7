import AccessControl
import EtcdAPI
import MVCC
import NIOCore
import NIOPosix
import RPC
import Storage

/// Maintenance: what operators and their tools ask.
extension EtcdSession {
    func maintenance(_ method: EtcdMethod, _ message: RawSpan, on stream: RPCStream) {
        switch method {
        case .status: self.status(on: stream)
        case .alarm: self.alarm(message, on: stream)
        case .defragment: self.defragment(on: stream)
        case .hash, .hashKV: self.hash(method, message, on: stream)
        case .downgrade: self.downgrade(message, on: stream)
        default: self.moveLeader(message, on: stream)
        }
    }

    private func status(on stream: RPCStream) {
        guard self.requireKnown(stream) else { return }
        let snapshot = self.snapshot
        let size = self.services.store.logByteCounts
        var response = Etcdserverpb_StatusResponse()
        response.header = self.services.header(snapshot.keyspace.revision).message
        response.version = EtcdVersion.server
        response.storageVersion = EtcdVersion.storage
        response.dbSize = size.total
        response.dbSizeInUse = size.inUse
        response.dbSizeQuota = Int64(self.services.store.configuration.quotaBytes)
        response.leader = self.services.store.memberID
        // There is no raft log; the revision counts what was decided.
        response.raftIndex = UInt64(snapshot.keyspace.revision)
        response.raftAppliedIndex = UInt64(snapshot.keyspace.revision)
        response.raftTerm = self.services.store.term
        response.errors = snapshot.alarms.sorted { $0.rawValue < $1.rawValue }.map(self.alarmText)
        self.respond(response, on: stream)
    }

    /// An alarm as etcd's status shows it.
    private func alarmText(_ alarm: Alarm) -> String {
        "memberID:\(self.services.store.memberID) alarm:\(alarm.name) "
    }

    private func alarm(_ message: RawSpan, on stream: RPCStream) {
        guard let request = self.decode(message, as: Etcdserverpb_AlarmRequest.self, on: stream) else {
            return
        }
        guard request.action == .get ? self.requireKnown(stream) : self.requireAdministrator(stream) else {
            return
        }
        let memberID = self.services.store.memberID
        let wanted = Alarm(rawValue: UInt8(clamping: request.alarm.rawValue))
        let raised = self.snapshot.alarms
        switch request.action {
        case .get, .UNRECOGNIZED:
            let shown = raised.filter { wanted == nil || $0 == wanted }
            self.respondAlarms(shown.sorted { $0.rawValue < $1.rawValue }, on: stream)
        case .activate, .deactivate:
            // Nobody else is a member here, so there is nothing to change for anyone else.
            guard let alarm = wanted, request.memberID == memberID || request.memberID == 0 else {
                self.respondAlarms([], on: stream)
                return
            }
            let isRaised = request.action == .activate
            self.propose(.setAlarm(alarm, isRaised: isRaised), on: stream) { outcome in
                guard case .alarm(let changed, _) = outcome else { return }
                // etcd names an alarm that was raised before, but not one that was gone before.
                self.respondAlarms(isRaised || changed ? [alarm] : [], on: stream)
            }
        }
    }

    private func respondAlarms(_ alarms: [Alarm], on stream: RPCStream) {
        var response = Etcdserverpb_AlarmResponse()
        response.header = self.services.header(self.snapshot.keyspace.revision).message
        response.alarms = alarms.map { alarm in
            var member = Etcdserverpb_AlarmMember()
            member.memberID = self.services.store.memberID
            member.alarm = Etcdserverpb_AlarmType(rawValue: Int(alarm.rawValue)) ?? .none
            return member
        }
        self.respond(response, on: stream)
    }

    private func defragment(on stream: RPCStream) {
        guard self.requireAdministrator(stream) else { return }
        self.propose(.defragment, on: stream) { outcome in
            guard case .done(let revision) = outcome else { return }
            // etcd sends no header here, but mesh clients drop the connection without one.
            var response = Etcdserverpb_DefragmentResponse()
            response.header = self.services.header(revision).message
            self.respond(response, on: stream)
        }
    }

    private func hash(_ method: EtcdMethod, _ message: RawSpan, on stream: RPCStream) {
        guard self.requireAdministrator(stream) else { return }
        var revision: Int64 = 0
        if method == .hashKV {
            guard let request = self.decode(message, as: Etcdserverpb_HashKVRequest.self, on: stream) else {
                return
            }
            revision = request.revision
        }
        let keyspace = self.snapshot.keyspace
        do throws(StoreError) {
            try keyspace.checkReadable(revision)
        } catch {
            self.fail(error, on: stream)
            return
        }
        let hashed = revision > 0 ? revision : keyspace.revision
        // Hashing visits every record: not on the event loop.
        let task = NIOSingletons.posixBlockingThreadPool.runIfActive(eventLoop: stream.eventLoop) {
            keyspace.hash(through: hashed)
        }
        task.assumeIsolated().whenComplete { result in
            switch result {
            case .failure: self.fail(.stopped, on: stream)
            case .success(let hash): self.respond(hash, method, of: keyspace, at: hashed, on: stream)
            }
            stream.connection.flushSoon()
        }
    }

    private func respond(
        _ hash: UInt32,
        _ method: EtcdMethod,
        of keyspace: Keyspace,
        at revision: Int64,
        on stream: RPCStream
    ) {
        let header = self.services.header(keyspace.revision).message
        if method == .hash {
            var response = Etcdserverpb_HashResponse()
            response.header = header
            response.hash = hash
            self.respond(response, on: stream)
            return
        }
        var response = Etcdserverpb_HashKVResponse()
        response.header = header
        response.hash = hash
        response.compactRevision = keyspace.compactedRevision
        response.hashRevision = revision
        self.respond(response, on: stream)
    }

    private func moveLeader(_ message: RawSpan, on stream: RPCStream) {
        guard self.requireAdministrator(stream),
            let request = self.decode(message, as: Etcdserverpb_MoveLeaderRequest.self, on: stream)
        else { return }
        guard request.targetID == self.services.store.memberID else {
            stream.finish(EtcdStatus.badLeaderTransferee)
            return
        }
        var response = Etcdserverpb_MoveLeaderResponse()
        response.header = self.services.header(self.snapshot.keyspace.revision).message
        self.respond(response, on: stream)
    }
}

/// The etcd versions that clients are told: they decide from them what they may use.
package enum EtcdVersion {
    /// The version of the server.
    package static let server = "3.6.14"
    /// The version of the cluster.
    package static let cluster = "3.6.0"
    /// The version of what is stored.
    package static let storage = "3.6.0"
}

extension Alarm {
    /// etcd's name of the alarm.
    var name: String {
        switch self {
        case .noSpace: "NOSPACE"
        case .corrupt: "CORRUPT"
        }
    }
}
