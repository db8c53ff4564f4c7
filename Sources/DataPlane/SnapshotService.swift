import EtcdAPI
import MVCC
import NIOCore
import NIOPosix
import RPC
import SnapshotFile
import Storage

/// One Snapshot call: sends the store as the file of an etcd.
///
/// Bound to the call's loop. Another thread makes the file, a few chunks at a time, and only when the client
/// has taken the last ones, so a slow client costs a few chunks, and one that goes away the chunks that are
/// being made.
final class SnapshotService: RPCStreamHandler {
    private let session: EtcdSession
    private let stream: RPCStream
    /// `nil` before the request.
    private var producer: SnapshotProducer?
    private var hasSlot = false
    private var isProducing = false
    private var isClosed = false

    init(session: EtcdSession, stream: RPCStream) {
        self.session = session
        self.stream = stream
    }

    func receive(_ message: RawSpan) {
        // There is one request, and nothing in it; what follows does not matter.
        guard self.producer == nil, self.session.requireAdministrator(self.stream),
            self.session.decode(message, as: Etcdserverpb_SnapshotRequest.self, on: self.stream) != nil
        else { return }
        let services = self.session.services
        guard services.snapshots.take() else {
            self.stream.finish(EtcdStatus.tooManySnapshots(limit: services.snapshots.limit))
            return
        }
        self.hasSlot = true
        let snapshot = self.session.snapshot
        let contents = SnapshotContents(
            keyspace: snapshot.keyspace,
            auth: snapshot.auth,
            alarms: snapshot.alarms.map(\.rawValue).sorted(),
            memberID: services.store.memberID,
            term: services.store.term,
            storageVersion: EtcdVersion.storage
        )
        self.producer = SnapshotProducer(
            contents,
            header: services.header(snapshot.keyspace.revision),
            makeDigest: services.snapshots.makeDigest
        )
        self.produce()
    }

    func receiveEnd() {
        if self.producer == nil { self.stream.finish(EtcdStatus.malformed) }
    }

    func streamBecameWritable() {
        self.produce()
    }

    func streamClosed() {
        self.isClosed = true
        if !self.isProducing { self.end() }
    }

    private func produce() {
        guard let producer, !self.isProducing, !self.isClosed else { return }
        self.isProducing = true
        let task = NIOSingletons.posixBlockingThreadPool.runIfActive(eventLoop: self.stream.eventLoop) {
            try producer.next()
        }
        task.assumeIsolated().whenComplete { result in
            self.isProducing = false
            self.send(result)
        }
    }

    private func send(_ result: Result<SnapshotProducer.Batch, any Error>) {
        guard !self.isClosed else { return self.end() }
        switch result {
        case .success(let batch):
            for message in batch.messages { self.stream.send(message) }
            if batch.isLast {
                self.stream.finish(.ok)
            } else if self.stream.isWritable {
                self.produce()
            }
        case .failure(let error as SnapshotFileError):
            self.stream.finish(EtcdStatus.status(error))
        case .failure:
            self.session.fail(.stopped, on: self.stream)
        }
        self.stream.connection.flushSoon()
    }

    /// Lets go of the snapshot; once nobody works on it.
    private func end() {
        self.producer = nil
        guard self.hasSlot else { return }
        self.hasSlot = false
        self.session.services.snapshots.giveBack()
    }
}
