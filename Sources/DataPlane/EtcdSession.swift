import AccessControl
import EtcdAPI
import MVCC
import NIOCore
import RPC
import Storage
import SwiftProtobuf
import Watching

/// The services of one connection, in the name of its identity.
///
/// Bound to the connection's loop.
final class EtcdSession: RPCSession {
    let services: LoopServices
    /// The connection's number.
    var id: UInt64 { self.peer.connectionID }
    /// The client's certificate, if it has shown one.
    let certificate: ClientCertificate?
    private let peer: RPCPeer
    private let openedAt: Int64
    /// The connection while it is open.
    private var connection: RPCConnection?
    private var transport = ClientConnection.Transport.http2
    /// The connection's calls that may have watches.
    private var watchStreams: [WatchStream] = []
    /// What the connection itself tells; see ``Caller`` for what a call is allowed.
    let authorization: Authorization
    /// Whether the rights come from the client's certificate, whatever users there are.
    let hasBuiltInRights: Bool
    /// The watches of all streams of the connection, and its calls that wait for a lock or an election.
    var watchCount = 0

    init(services: LoopServices, client: IdentifiedClient, peer: RPCPeer, openedAt: Int64) {
        self.services = services
        self.authorization = client.authorization
        self.certificate = client.certificate
        self.peer = peer
        self.openedAt = openedAt
        switch client.authorization.identity {
        case .administrator, .localAgent, .peer, .anyPeer: self.hasBuiltInRights = true
        case .user, .anonymous, .loopback: self.hasBuiltInRights = false
        }
    }

    /// What readers see now.
    var snapshot: Snapshot { self.services.store.replica.current }

    func callUnary(_ method: Int, on stream: RPCStream, message: RawSpan) {
        guard let method = EtcdMethod(rawValue: method) else {
            stream.finish(RPCStatus(code: .unimplemented, message: "unknown method"))
            return
        }
        switch method {
        case .range: self.range(message, on: stream)
        case .put: self.put(message, on: stream)
        case .deleteRange: self.deleteRange(message, on: stream)
        case .txn: self.txn(message, on: stream)
        case .compact: self.compact(message, on: stream)
        case .leaseGrant, .leaseRevoke, .leaseTimeToLive, .leaseLeases:
            self.lease(method, message, on: stream)
        case .memberList, .memberAdd, .memberRemove, .memberUpdate, .memberPromote:
            self.cluster(method, message, on: stream)
        case .status, .alarm, .defragment, .hash, .hashKV, .moveLeader, .downgrade:
            self.maintenance(method, message, on: stream)
        case .authEnable, .authDisable, .authStatus, .authenticate:
            self.auth(method, message, on: stream)
        case .userAdd, .userGet, .userList, .userDelete, .userChangePassword, .userGrantRole, .userRevokeRole:
            self.user(method, message, on: stream)
        case .roleAdd, .roleGet, .roleList, .roleDelete, .roleGrantPermission, .roleRevokePermission:
            self.role(method, message, on: stream)
        case .lock, .unlock, .campaign, .proclaim, .leader, .resign:
            self.coordinate(method, message, on: stream)
        case .healthCheck: self.checkHealth(message, on: stream)
        case .watch, .leaseKeepAlive, .snapshot, .observe, .healthWatch:
            stream.finish(RPCStatus(code: .internal, message: "a streaming method was called as a unary one"))
        }
    }

    func openStream(_ method: Int, on stream: RPCStream) -> any RPCStreamHandler {
        switch EtcdMethod(rawValue: method) {
        case .watch: return WatchService(session: self, stream: stream)
        case .leaseKeepAlive: return KeepAliveService(session: self, stream: stream)
        case .snapshot: return SnapshotService(session: self, stream: stream)
        case .observe: return ObserverCall(session: self, stream: stream)
        default: return HealthWatchService(stream: stream)
        }
    }

    func connectionOpened(_ connection: RPCConnection) {
        self.connection = connection
        self.transport = connection.isHTTP2 ? .http2 : .http1
    }

    func connectionClosed() {
        self.services.remove(self, because: ClosedClient.Reason(self.connection?.ending))
        self.connection = nil
    }

    // MARK: - For the list of clients

    /// What an operator is shown of the connection.
    var client: ClientConnection {
        let head = self.services.store.replica.current.keyspace.revision
        var standing = WatchStanding()
        for stream in self.watchStreams { standing.add(stream.standing(at: head)) }
        return ClientConnection(
            id: self.id,
            identity: self.authorization.identity,
            certificate: self.certificate,
            remoteAddress: self.peer.remoteAddress,
            isEncrypted: self.peer.isTLS,
            transport: self.transport,
            userAgent: self.connection?.userAgent ?? "",
            openedAt: self.openedAt,
            openStreams: self.connection?.streamCount ?? 0,
            watches: standing.watches,
            catchingUp: standing.catchingUp,
            lag: standing.lag,
            receivedBytes: self.connection?.receivedByteCount ?? 0,
            sentBytes: self.connection?.sentByteCount ?? 0
        )
    }

    func add(_ watches: WatchStream) {
        self.watchStreams.append(watches)
    }

    func remove(_ watches: WatchStream) {
        self.watchStreams.removeAll { $0 === watches }
    }

    // MARK: - Shared by the services

    /// Decodes a cold message, or ends the call.
    func decode<M: Message>(_ message: RawSpan, as type: M.Type, on stream: RPCStream) -> M? {
        // Losing the error is right: the client learns only that its bytes were not a message.
        let decoded = try? M(serializedBytes: message.withUnsafeBytes { [UInt8]($0) })
        if decoded == nil { stream.finish(EtcdStatus.malformed) }
        return decoded
    }

    /// Answers with a cold message.
    func respond(_ message: some Message, on stream: RPCStream) {
        do {
            let bytes: [UInt8] = try message.serializedBytes()
            stream.respond(ByteBuffer(bytes: bytes))
        } catch {
            // Only required fields and recursion can fail; proto3 has no required fields.
            stream.finish(RPCStatus(code: .internal, message: "the response could not be encoded"))
        }
    }

    func fail(_ error: StoreError, on stream: RPCStream) {
        stream.finish(EtcdStatus.status(error))
    }

    /// Proposes, and hands the outcome to `body`; a failure ends the call.
    ///
    /// Later, on the loop.
    func propose(_ proposal: Proposal, on stream: RPCStream, then body: @escaping (ProposalOutcome) -> Void) {
        self.services.store.submit(proposal, from: self.services.port) { result in
            switch result {
            case .success(.denied): stream.finish(EtcdStatus.permissionDenied)
            case .success(let outcome): body(outcome)
            case .failure(let error): self.fail(error, on: stream)
            }
            stream.connection.flushSoon()
        }
    }
}
