import AccessControl
import EtcdAPI
import FoundationEssentials
import MVCC
import NIOCore
import NIOPosix
import RPC
import Storage

/// The lock and election services: transactions and watches, in the caller's own name.
///
/// etcd serves them through its own client library (`server/etcdserver/api/v3lock`, `v3election`); the layout
/// of keys is that library's, so that users of the services and of the library contend with each other.
extension EtcdSession {
    func coordinate(_ method: EtcdMethod, _ message: RawSpan, on stream: RPCStream) {
        do throws(StoreError) {
            try self.checkSize(message)
            switch method {
            case .lock: self.lock(message, on: stream)
            case .unlock: try self.unlock(message, on: stream)
            case .campaign: self.campaign(message, on: stream)
            case .proclaim: try self.proclaim(message, on: stream)
            case .leader: self.leader(message, on: stream)
            default: try self.resign(message, on: stream)
            }
        } catch {
            stream.finish(EtcdStatus.relayed(EtcdStatus.status(error)))
        }
    }

    // MARK: - Lock

    private func lock(_ message: RawSpan, on stream: RPCStream) {
        guard let request = self.decode(message, as: V3lockpb_LockRequest.self, on: stream) else { return }
        self.withLease(request.lease, on: stream) { lease in
            let machine = ContenderMachine(.lock, name: ByteBuffer(bytes: request.name), lease: lease)
            ContenderCall.start(machine, session: self, stream: stream) { machine, header in
                var response = V3lockpb_LockResponse()
                response.header = header.message
                response.key = Data(machine.key.readableBytesView)
                self.respond(response, on: stream)
            }
        }
    }

    private func unlock(_ message: RawSpan, on stream: RPCStream) throws(StoreError) {
        guard let wire = self.decode(message, as: V3lockpb_UnlockRequest.self, on: stream) else { return }
        let request = DeleteRange(KeyRange(ByteBuffer(bytes: wire.key)))
        try request.validate()
        var caller = Caller(of: stream, self)
        guard self.relayedAccess(&caller, on: stream, { $0.allows(request) }) != nil else { return }
        self.proposeRelayed(.deleteRange(request), on: stream) { outcome in
            guard case .deleteRange(_, let revision) = outcome else { return }
            var response = V3lockpb_UnlockResponse()
            response.header = self.services.header(revision).message
            self.respond(response, on: stream)
        }
    }

    // MARK: - Election

    private func campaign(_ message: RawSpan, on stream: RPCStream) {
        guard let request = self.decode(message, as: V3electionpb_CampaignRequest.self, on: stream) else {
            return
        }
        self.withLease(request.lease, on: stream) { lease in
            let machine = ContenderMachine(
                .campaign(value: ByteBuffer(bytes: request.value)),
                name: ByteBuffer(bytes: request.name),
                lease: lease
            )
            ContenderCall.start(machine, session: self, stream: stream) { machine, header in
                var response = V3electionpb_CampaignResponse()
                response.header = header.message
                response.leader.name = request.name
                response.leader.key = Data(machine.key.readableBytesView)
                response.leader.rev = machine.createRevision
                response.leader.lease = lease
                self.respond(response, on: stream)
            }
        }
    }

    private func proclaim(_ message: RawSpan, on stream: RPCStream) throws(StoreError) {
        guard let request = self.decode(message, as: V3electionpb_ProclaimRequest.self, on: stream) else {
            return
        }
        guard request.hasLeader else {
            stream.finish(EtcdStatus.status(CoordinationFailure.leaderMissing))
            return
        }
        let leader = request.leader
        guard !leader.key.isEmpty else { throw .emptyKey }
        self.withLease(leader.lease, on: stream) { lease in
            let transaction = Transaction.publishing(
                ByteBuffer(bytes: request.value),
                in: ByteBuffer(bytes: leader.key),
                since: leader.rev,
                lease
            )
            self.commit(transaction, on: stream) { outcome in
                guard outcome.succeeded else {
                    stream.finish(EtcdStatus.status(CoordinationFailure.notLeader))
                    return
                }
                var response = V3electionpb_ProclaimResponse()
                response.header = self.services.header(outcome.revision).message
                self.respond(response, on: stream)
            }
        }
    }

    private func resign(_ message: RawSpan, on stream: RPCStream) throws(StoreError) {
        guard let request = self.decode(message, as: V3electionpb_ResignRequest.self, on: stream) else {
            return
        }
        guard request.hasLeader else {
            stream.finish(EtcdStatus.status(CoordinationFailure.leaderMissing))
            return
        }
        let leader = request.leader
        guard !leader.key.isEmpty else { throw .emptyKey }
        let transaction = Transaction.deleting(ByteBuffer(bytes: leader.key), since: leader.rev)
        self.commit(transaction, on: stream) { outcome in
            // Whoever does not lead has nothing to resign from, and is told so by success (etcd).
            var response = V3electionpb_ResignResponse()
            response.header = self.services.header(outcome.revision).message
            self.respond(response, on: stream)
        }
    }

    private func leader(_ message: RawSpan, on stream: RPCStream) {
        guard let request = self.decode(message, as: V3electionpb_LeaderRequest.self, on: stream) else {
            return
        }
        let query = RangeQuery.first(of: ByteBuffer(bytes: request.name))
        var caller = Caller(of: stream, self)
        guard self.relayedAccess(&caller, on: stream, { $0.allowsRead(query.range) }) != nil else { return }
        self.findFirst(query, on: stream) { record, keyspace in
            guard let record else {
                stream.finish(EtcdStatus.status(CoordinationFailure.noLeader))
                return
            }
            var response = V3electionpb_LeaderResponse()
            response.header = self.services.header(keyspace.revision).message
            response.kv = Mvccpb_KeyValue(record)
            self.respond(response, on: stream)
        }
    }

    private func commit(
        _ transaction: Transaction,
        on stream: RPCStream,
        then body: @escaping (TransactionOutcome) -> Void
    ) {
        var caller = Caller(of: stream, self)
        guard let access = self.relayedAccess(&caller, on: stream, { $0.allows(transaction) }) else { return }
        self.proposeRelayed(access.limit(.transaction(transaction)), on: stream) { outcome in
            guard case .transaction(let outcome) = outcome else { return }
            body(outcome)
        }
    }
}
