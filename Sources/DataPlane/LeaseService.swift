import AccessControl
import EtcdAPI
import FoundationEssentials
import MVCC
import NIOCore
import RPC
import Storage
import SwiftProtobuf

/// Lease: every call goes to the commit thread, which owns the deadlines.
extension EtcdSession {
    func lease(_ method: EtcdMethod, _ message: RawSpan, on stream: RPCStream) {
        // etcd lets any certificate use leases; here agents and peers do not. Users may, as far as the
        // leases' keys allow.
        guard let access = self.access(stream, { $0.mayUseLeases }) else { return }
        switch method {
        case .leaseGrant: self.grant(message, on: stream)
        case .leaseRevoke: self.revoke(message, access, on: stream)
        case .leaseTimeToLive: self.timeToLive(message, access, on: stream)
        default: self.leases(access, on: stream)
        }
    }

    private func grant(_ message: RawSpan, on stream: RPCStream) {
        guard let request = self.decode(message, as: Etcdserverpb_LeaseGrantRequest.self, on: stream) else {
            return
        }
        let timeToLive = Duration.seconds(max(0, request.ttl))
        self.propose(.grant(lease: request.id, timeToLive: timeToLive), on: stream) { outcome in
            guard case .granted(let lease, let revision) = outcome else { return }
            var response = Etcdserverpb_LeaseGrantResponse()
            response.header = self.services.header(revision).message
            response.id = lease.id
            response.ttl = lease.timeToLive.components.seconds
            self.respond(response, on: stream)
        }
    }

    private func revoke(_ message: RawSpan, _ access: Access, on stream: RPCStream) {
        guard let request = self.decode(message, as: Etcdserverpb_LeaseRevokeRequest.self, on: stream) else {
            return
        }
        self.propose(access.limit(.revoke(lease: request.id)), on: stream) { outcome in
            guard case .done(let revision) = outcome else { return }
            var response = Etcdserverpb_LeaseRevokeResponse()
            response.header = self.services.header(revision).message
            self.respond(response, on: stream)
        }
    }

    private func timeToLive(_ message: RawSpan, _ access: Access, on stream: RPCStream) {
        guard let request = self.decode(message, as: Etcdserverpb_LeaseTimeToLiveRequest.self, on: stream)
        else {
            return
        }
        let proposal = Proposal.timeToLive(lease: request.id, withKeys: request.keys)
        self.propose(access.limit(proposal), on: stream) { outcome in
            guard case .timeToLive(let status, let revision) = outcome else { return }
            var response = Etcdserverpb_LeaseTimeToLiveResponse()
            response.header = self.services.header(revision).message
            response.id = request.id
            // -1 stands for a lease that does not exist (etcd).
            response.ttl = status?.remaining.components.seconds ?? -1
            response.grantedTtl = status?.lease.timeToLive.components.seconds ?? 0
            response.keys = status?.keys.map { Data($0.readableBytesView) } ?? []
            self.respond(response, on: stream)
        }
    }

    private func leases(_ access: Access, on stream: RPCStream) {
        self.propose(access.limit(.leases), on: stream) { outcome in
            guard case .leases(let ids, let revision) = outcome else { return }
            var response = Etcdserverpb_LeaseLeasesResponse()
            response.header = self.services.header(revision).message
            response.leases = ids.map { id in
                var lease = Etcdserverpb_LeaseStatus()
                lease.id = id
                return lease
            }
            self.respond(response, on: stream)
        }
    }
}

/// One keep-alive stream.
///
/// Answers are in request order, because proposals are decided in order.
final class KeepAliveService: RPCStreamHandler {
    private let session: EtcdSession
    private let stream: RPCStream
    /// How many renewals wait for the commit thread.
    private var waiting = 0
    private var isEnding = false
    private var caller: Caller

    init(session: EtcdSession, stream: RPCStream) {
        self.session = session
        self.stream = stream
        self.caller = Caller(of: stream, session)
        _ = self.access()
    }

    /// Returns what the caller may do with leases at this moment, or ends the stream.
    private func access() -> Access? {
        if self.session.isAdministrator(self.stream) { return .everything }
        do throws(AuthError) {
            let authorization = try self.caller.authorization(in: self.session.snapshot.auth)
            if authorization.isAdministrator { return .everything }
            if authorization.mayUseLeases { return .limited(authorization.permissions) }
            self.stream.finish(EtcdStatus.permissionDenied)
        } catch {
            self.stream.finish(EtcdStatus.status(error))
        }
        return nil
    }

    func receive(_ message: RawSpan) {
        let type = Etcdserverpb_LeaseKeepAliveRequest.self
        guard !self.stream.isEnded,
            let request = self.session.decode(message, as: type, on: self.stream),
            let access = self.access()
        else { return }
        self.waiting += 1
        self.session.propose(access.limit(.keepAlive(lease: request.id)), on: self.stream) { outcome in
            guard case .keptAlive(let lease, let revision) = outcome else { return }
            var response = Etcdserverpb_LeaseKeepAliveResponse()
            response.header = self.session.services.header(revision).message
            response.id = request.id
            // Zero tells the client that the lease is gone (etcd).
            response.ttl = lease?.timeToLive.components.seconds ?? 0
            self.send(response)
            self.waiting -= 1
            self.finishIfDone()
        }
    }

    func receiveEnd() {
        self.isEnding = true
        self.finishIfDone()
    }

    func streamBecameWritable() {}

    func streamClosed() {}

    private func finishIfDone() {
        if self.isEnding, self.waiting == 0 { self.stream.finish(.ok) }
    }

    private func send(_ response: Etcdserverpb_LeaseKeepAliveResponse) {
        // A message without required fields always encodes.
        guard let bytes: [UInt8] = try? response.serializedBytes() else { return }
        self.stream.send(ByteBuffer(bytes: bytes))
    }
}
