import AccessControl
import EtcdAPI
import MVCC
import NIOCore
import RPC
import Storage
import SwiftProtobuf
import Watching

/// One Watch stream: turns its messages into watchers of the loop's registry.
///
/// Bound to the connection's loop.
final class WatchService: RPCStreamHandler, RevocableCall {
    private let session: EtcdSession
    private let stream: RPCStream
    private var watches: WatchStream?
    private var caller: Caller
    /// The number under which this stream is told of changes of users; `nil` when its rights do not depend on
    /// them.
    private var revocableNumber: UInt64?
    /// What this stream has added to the connection's count of watches.
    private var countedWatches = 0

    init(session: EtcdSession, stream: RPCStream) {
        self.session = session
        self.stream = stream
        self.caller = Caller(of: stream, session)
        let watches = WatchStream(registry: session.services.registry, sink: self)
        self.watches = watches
        session.add(watches)
        // Large answers beside it must not hold events back.
        stream.setPriority(urgent: true)
        if !session.hasBuiltInRights || stream.token != nil {
            self.revocableNumber = session.services.add(revocable: self)
        }
    }

    func receive(_ message: RawSpan) {
        guard let watches = self.watches else { return }
        defer { self.countWatches() }
        guard let request = self.session.decode(message, as: Etcdserverpb_WatchRequest.self, on: self.stream)
        else {
            return
        }
        switch request.requestUnion {
        case .createRequest(let request): self.create(request, watches)
        case .cancelRequest(let request):
            // An unknown identifier is not answered (etcd).
            if watches.cancel(request.watchID) { self.sendCanceled(request.watchID) }
        case .progressRequest: watches.requestProgress()
        case nil: break
        }
    }

    /// A client that has nothing more to ask still wants its events, as in etcd.
    func receiveEnd() {}

    func streamBecameWritable() {
        self.watches?.becameWritable()
    }

    func streamClosed() {
        self.close()
    }

    private func close() {
        if let watches = self.watches.take() {
            watches.close()
            self.session.remove(watches)
        }
        self.countWatches()
        if let number = self.revocableNumber { self.session.services.remove(revocable: number) }
        self.revocableNumber = nil
    }

    private func create(_ wire: Etcdserverpb_WatchCreateRequest, _ watches: WatchStream) {
        // Permissions are about what was asked, before an empty key comes to mean the first key: etcd once
        // checked the translated range and let watches pass (fixed in 3.6.14).
        let asked = KeyRange(wire.key, wire.rangeEnd)
        let snapshot = self.session.snapshot
        if let refusal = self.refusal(snapshot.auth, { $0.allowsRead(asked) }) {
            self.refuse(EtcdStatus.cancelReason(refusal))
            return
        }
        let limit = self.session.services.configuration.maximumWatchesPerConnection
        guard self.session.watchCount < limit else {
            self.refuse(EtcdStatus.cancelReason(.tooManyWatches(limit: limit)))
            return
        }
        var request = WatchRequest(
            range: wire.key.isEmpty ? KeyRange(key: ByteBuffer(bytes: [0]), rangeEnd: asked.rangeEnd) : asked,
            startRevision: wire.startRevision
        )
        request.filtersPuts = wire.filters.contains(.noput)
        request.filtersDeletes = wire.filters.contains(.nodelete)
        request.wantsPrevious = wire.prevKv
        request.wantsProgress = wire.progressNotify
        request.wantsFragments = wire.fragment
        do throws(WatchStream.CreateError) {
            let (id, revision) = try watches.create(request, requestedID: wire.watchID)
            var head = self.head(id, revision)
            head.created = true
            self.send(head)
        } catch {
            self.refuse(EtcdStatus.cancelReason(error))
        }
        // Creating may have read a newer state, which this watch was not held against.
        let registry = self.session.services.registry
        if registry.authGeneration != snapshot.authGeneration { self.withdraw(self.session.snapshot.auth) }
    }

    /// Brings the connection's count up to date with this stream's watches.
    private func countWatches() {
        let count = self.watches?.watcherCount ?? 0
        self.session.watchCount += count - self.countedWatches
        self.countedWatches = count
    }

    /// Why the caller may not do what `isAllowed` asks, if so.
    private func refusal(_ auth: AuthState, _ isAllowed: (Authorization) -> Bool) -> RPCStatus? {
        do throws(AuthError) {
            let authorization = try self.caller.authorization(in: auth)
            let isFine = authorization.isAdministrator || isAllowed(authorization)
            return isFine ? nil : EtcdStatus.permissionDenied
        } catch {
            return EtcdStatus.status(error)
        }
    }

    /// Cancels the watches that the caller may no longer have now that these are the users.
    func withdraw(_ auth: AuthState) {
        guard let watches = self.watches else { return }
        var reason = EtcdStatus.permissionDenied
        let ids = watches.cancel { range in
            guard let refusal = self.refusal(auth, { $0.allowsRead(range) }) else { return false }
            reason = refusal
            return true
        }
        for id in ids { self.sendCanceled(id, reason: EtcdStatus.cancelReason(reason)) }
        self.countWatches()
    }

    private func refuse(_ reason: String) {
        var head = self.head(-1, self.session.services.registry.liveRevision)
        head.created = true
        head.canceled = true
        head.cancelReason = reason
        self.send(head)
    }

    private func sendCanceled(_ id: Int64, reason: String = "") {
        var head = self.head(id, self.session.services.registry.liveRevision)
        head.canceled = true
        head.cancelReason = reason
        self.send(head)
    }

    private func head(_ id: Int64, _ revision: Int64) -> WatchResponseHead {
        WatchResponseHead(header: self.session.services.header(revision), watchID: id)
    }

    private func send(_ head: WatchResponseHead) {
        var buffer = ByteBufferAllocator().buffer(capacity: head.byteCount)
        buffer.writeMessage(byteCount: head.byteCount) { head.write(into: &$0) }
        self.stream.send(buffer)
    }
}

extension WatchService: WatchSink {
    var isWritable: Bool { self.stream.isWritable }

    func send(head: ByteBuffer, segment: ByteBuffer) {
        self.stream.send(head: head, shared: segment)
    }

    func flush() {
        self.stream.connection.flush()
    }

    func watcherWasCompacted(_ watchID: Int64, horizon: Int64) {
        // etcd leaves the revision and the reason out of this one; clients look at the compaction revision.
        var head = self.head(watchID, 0)
        head.canceled = true
        head.compactRevision = horizon
        self.send(head)
        self.countWatches()
    }
}
