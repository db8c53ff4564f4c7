import AccessControl
import EtcdAPI
import MVCC
import NIOCore
import RPC
import Storage
import SwiftProtobuf
import Watching

/// One Observe call: does what its ``ObserverMachine`` says.
///
/// Bound to the connection's loop. It is one watcher of the loop's registry, of the leader's key or, while
/// nobody leads, of the queue.
final class ObserverCall {
    private let session: EtcdSession
    private let stream: RPCStream
    private var caller: Caller
    private var machine = ObserverMachine()
    private var queue: KeyRange?
    private var name = ByteBuffer()
    private var watches: WatchStream?
    /// Whether the current watch is about to be replaced, so that what it still sends does not count.
    private var isSwitching = false
    private var isCounted = false
    private var revocableNumber: UInt64?

    init(session: EtcdSession, stream: RPCStream) {
        self.session = session
        self.stream = stream
        self.caller = Caller(of: stream, session)
    }

    private func start(_ request: V3electionpb_LeaderRequest) {
        let limit = self.session.services.configuration.maximumWatchesPerConnection
        guard self.session.watchCount < limit else {
            self.stream.finish(EtcdStatus.tooManyContenders(limit: limit))
            return
        }
        self.session.watchCount += 1
        self.isCounted = true
        self.name = ByteBuffer(bytes: request.name)
        self.queue = KeyRange.queue(of: self.name)
        if self.session.isRevocable(self.stream) {
            self.revocableNumber = self.session.services.add(revocable: self)
        }
        self.look()
    }

    private func look() {
        let query = RangeQuery.first(of: self.name)
        guard !self.stream.isEnded,
            self.session.relayedAccess(&self.caller, on: self.stream, { $0.allowsRead(query.range) }) != nil
        else { return }
        self.session.findFirst(query, on: self.stream) { record, keyspace in
            guard !self.stream.isEnded else { return }
            switch self.machine.looked(hasLeader: record != nil, at: keyspace.revision) {
            case .expect(let revision): self.watch(query.range, after: revision, filtersDeletes: true)
            case .reportAndFollow(let revision):
                guard let record else { return }
                self.report(Mvccpb_KeyValue(record), revision)
                self.watch(KeyRange(record.key), after: revision)
            case .report, .look, .ignore: break
            }
        }
    }

    private func watch(_ range: KeyRange, after revision: Int64, filtersDeletes: Bool = false) {
        var request = WatchRequest(range: range, startRevision: revision + 1)
        request.filtersDeletes = filtersDeletes
        let watches = WatchStream(registry: self.session.services.registry, sink: self)
        self.isSwitching = false
        self.watches = watches
        do throws(WatchStream.CreateError) {
            _ = try watches.create(request, requestedID: 0)
        } catch {
            self.stream.finish(RPCStatus(code: .unknown, message: EtcdStatus.cancelReason(error)))
        }
        // Creating may have read a newer state, in which the caller may not watch.
        if self.stream.isEnded { self.stopWatching() }
    }

    private func stopWatching() {
        self.watches?.close()
        self.watches = nil
    }

    /// Replaces the watch in a turn of its own, since the registry is being read.
    private func switchOver(_ body: @escaping () -> Void) {
        self.isSwitching = true
        self.stream.eventLoop.assumeIsolated().execute {
            self.stopWatching()
            if !self.stream.isEnded { body() }
            self.stream.connection.flushSoon()
        }
    }

    private func report(_ kv: Mvccpb_KeyValue, _ revision: Int64) {
        var response = V3electionpb_LeaderResponse()
        response.header = self.session.services.header(revision).message
        response.kv = kv
        // A message without required fields always encodes.
        guard let bytes: [UInt8] = try? response.serializedBytes() else { return }
        self.stream.send(ByteBuffer(bytes: bytes))
    }
}

extension ObserverCall: RPCStreamHandler {
    func receive(_ message: RawSpan) {
        guard self.queue == nil else {
            self.stream.finish(EtcdStatus.malformed)
            return
        }
        guard let request = self.session.decode(message, as: V3electionpb_LeaderRequest.self, on: self.stream)
        else { return }
        self.start(request)
    }

    func receiveEnd() {
        if self.queue == nil { self.stream.finish(EtcdStatus.malformed) }
    }

    func streamBecameWritable() {
        self.watches?.becameWritable()
    }

    func streamClosed() {
        self.stopWatching()
        if let number = self.revocableNumber { self.session.services.remove(revocable: number) }
        self.revocableNumber = nil
        if self.isCounted { self.session.watchCount -= 1 }
        self.isCounted = false
    }
}

extension ObserverCall: RevocableCall {
    func withdraw(_ auth: AuthState) {
        guard let queue,
            let refusal = self.session.refusal(of: &self.caller, in: auth, { $0.allowsRead(queue) })
        else { return }
        self.stream.finish(EtcdStatus.relayed(refusal))
        self.stream.connection.flushSoon()
    }
}

extension ObserverCall: WatchSink {
    var isWritable: Bool { self.stream.isWritable }

    func send(head: ByteBuffer, segment: ByteBuffer) {
        // Our own bytes always decode.
        let bytes = [UInt8](head.readableBytesView) + [UInt8](segment.readableBytesView)
        guard let response = try? Etcdserverpb_WatchResponse(serializedBytes: bytes) else { return }
        for event in response.events where !self.isSwitching {
            let kv = event.kv
            let step =
                event.type == .delete
                ? self.machine.sawDelete()
                : self.machine.saw(putAt: kv.modRevision, in: response.header.revision)
            switch step {
            case .report(let revision): self.report(kv, revision)
            case .reportAndFollow(let revision):
                self.report(kv, revision)
                let key = KeyRange(ByteBuffer(bytes: kv.key))
                self.switchOver { self.watch(key, after: revision) }
            case .look: self.switchOver { self.look() }
            case .expect, .ignore: break
            }
        }
    }

    func flush() {
        self.stream.connection.flush()
    }

    func watcherWasCompacted(_ watchID: Int64, horizon: Int64) {
        guard !self.isSwitching else { return }
        _ = self.machine.missedEvents()
        self.switchOver { self.look() }
    }
}
