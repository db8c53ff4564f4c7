import AccessControl
import EtcdAPI
import Foundation
import MVCC
import NIOCore
import RPC
import Storage
import SwiftProtobuf

/// Lease: every call goes to the commit thread, which owns the deadlines.
extension EtcdSession {
    func lease(_ method: EtcdMethod, _ message: RawSpan, on stream: RPCStream) {
        // etcd lets any certificate grant and list leases; here only administrators list, and only writers use them.
        guard method == .leaseLeases ? self.authorization.isAdministrator : self.authorization.mayUseLeases else {
            stream.finish(EtcdStatus.permissionDenied)
            return
        }
        switch method {
        case .leaseGrant: self.grant(message, on: stream)
        case .leaseRevoke: self.revoke(message, on: stream)
        case .leaseTimeToLive: self.timeToLive(message, on: stream)
        default: self.leases(on: stream)
        }
    }

    private func grant(_ message: RawSpan, on stream: RPCStream) {
        guard let request = self.decode(message, as: Etcdserverpb_LeaseGrantRequest.self, on: stream) else { return }
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

    private func revoke(_ message: RawSpan, on stream: RPCStream) {
        guard let request = self.decode(message, as: Etcdserverpb_LeaseRevokeRequest.self, on: stream) else { return }
        self.propose(.revoke(lease: request.id), on: stream) { outcome in
            guard case .done(let revision) = outcome else { return }
            var response = Etcdserverpb_LeaseRevokeResponse()
            response.header = self.services.header(revision).message
            self.respond(response, on: stream)
        }
    }

    private func timeToLive(_ message: RawSpan, on stream: RPCStream) {
        guard let request = self.decode(message, as: Etcdserverpb_LeaseTimeToLiveRequest.self, on: stream) else {
            return
        }
        self.propose(.timeToLive(lease: request.id, withKeys: request.keys), on: stream) { outcome in
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

    private func leases(on stream: RPCStream) {
        self.propose(.leases, on: stream) { outcome in
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

/// One keep-alive stream. Answers are in request order, because proposals are decided in order.
final class KeepAliveService: RPCStreamHandler {
    private let session: EtcdSession
    private let stream: RPCStream
    /// How many renewals wait for the commit thread.
    private var waiting = 0
    private var isEnding = false

    init(session: EtcdSession, stream: RPCStream) {
        self.session = session
        self.stream = stream
        if !session.authorization.mayUseLeases { stream.finish(EtcdStatus.permissionDenied) }
    }

    func receive(_ message: RawSpan) {
        guard !self.stream.isEnded,
            let request = self.session.decode(message, as: Etcdserverpb_LeaseKeepAliveRequest.self, on: self.stream)
        else { return }
        self.waiting += 1
        self.session.propose(.keepAlive(lease: request.id), on: self.stream) { outcome in
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
