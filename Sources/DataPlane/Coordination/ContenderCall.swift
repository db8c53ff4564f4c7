import AccessControl
import EtcdAPI
import FoundationEssentials
import MVCC
import NIOCore
import RPC
import Storage
import Watching

/// One Lock or Campaign call that goes through its queue: does what its ``ContenderMachine`` says.
///
/// Bound to the connection's loop. While it waits it is one watcher of the loop's registry. It counts as a
/// watch of its connection, from the first step to the last.
final class ContenderCall {
    private let session: EtcdSession
    private let stream: RPCStream
    private var caller: Caller
    private var machine: ContenderMachine
    private let makeAnswer: (ContenderMachine, ResponseHeader) -> Void
    private var watches: WatchStream?
    private var isWoken = false
    private var isClosed = false
    private var revocableNumber: UInt64?

    private init(
        _ machine: ContenderMachine,
        session: EtcdSession,
        stream: RPCStream,
        answer: @escaping (ContenderMachine, ResponseHeader) -> Void
    ) {
        self.machine = machine
        self.session = session
        self.stream = stream
        self.caller = Caller(of: stream, session)
        self.makeAnswer = answer
    }

    /// Joins the queue; calls `answer` when the contender is first.
    static func start(
        _ machine: ContenderMachine,
        session: EtcdSession,
        stream: RPCStream,
        answer: @escaping (ContenderMachine, ResponseHeader) -> Void
    ) {
        guard !stream.isEnded else { return }
        let limit = session.services.configuration.maximumWatchesPerConnection
        guard session.watchCount < limit else {
            stream.finish(EtcdStatus.tooManyContenders(limit: limit))
            return
        }
        session.watchCount += 1
        let call = ContenderCall(machine, session: session, stream: stream, answer: answer)
        stream.startWaiting(call)
        call.join()
    }

    private func join() {
        let join = self.machine.join
        guard let access = self.access({ $0.allows(join) }) else { return }
        self.session.proposeRelayed(access.limit(.transaction(join)), on: self.stream) { outcome in
            guard case .transaction(let outcome) = outcome else { return }
            self.leaveIfEnded()
            self.run(self.machine.joined(outcome))
        }
    }

    private func run(_ step: ContenderMachine.Step) {
        switch step {
        case .publish(let transaction): self.publish(transaction)
        case .look: self.look()
        case .wait(let key, let revision): self.wait(key, after: revision)
        case .answer(let revision):
            self.makeAnswer(self.machine, self.session.services.header(revision))
        case .fail(let failure): self.stream.finish(EtcdStatus.status(failure))
        case .leave(let transaction):
            // In the server's own name: the caller may have lost its rights, and must not leave a place in
            // the queue behind. If the store refuses, the lease still ends.
            self.session.services.store.submit(
                .transaction(transaction),
                from: self.session.services.port
            ) { _ in }
        case .stop: break
        }
    }

    private func publish(_ transaction: Transaction) {
        guard let access = self.access({ $0.allows(transaction) }) else { return }
        self.session.proposeRelayed(access.limit(.transaction(transaction)), on: self.stream) { outcome in
            guard case .transaction(let outcome) = outcome else { return }
            self.leaveIfEnded()
            self.run(self.machine.published(outcome))
        }
    }

    private func look() {
        let older = self.machine.older
        guard self.access({ $0.allowsRead(older.range) }) != nil else { return }
        self.session.findFirst(older, on: self.stream) { found, keyspace in
            self.leaveIfEnded()
            self.run(
                self.machine.looked(
                    own: keyspace.newest(self.machine.key)?.createRevision,
                    older: found?.key,
                    at: keyspace.revision
                )
            )
        }
    }

    private func wait(_ key: ByteBuffer, after revision: Int64) {
        if self.revocableNumber == nil, self.session.isRevocable(self.stream) {
            self.revocableNumber = self.session.services.add(revocable: self)
        }
        var request = WatchRequest(range: KeyRange(key), startRevision: revision + 1)
        request.filtersPuts = true
        let watches = WatchStream(registry: self.session.services.registry, sink: self)
        self.isWoken = false
        self.watches = watches
        do throws(WatchStream.CreateError) {
            _ = try watches.create(request, requestedID: 0)
        } catch {
            self.stream.finish(RPCStatus(code: .unknown, message: EtcdStatus.cancelReason(error)))
        }
        // Creating may have read a newer state, in which the caller may not wait.
        if self.stream.isEnded { self.stopWaiting() }
    }

    private func stopWaiting() {
        self.watches?.close()
        self.watches = nil
    }

    /// The awaited key is gone; goes on in a turn of its own, since the registry is being read.
    private func wake() {
        guard !self.isWoken else { return }
        self.isWoken = true
        self.stream.eventLoop.assumeIsolated().execute {
            self.stopWaiting()
            self.leaveIfEnded()
            self.run(self.machine.olderIsGone())
            self.stream.connection.flushSoon()
        }
    }

    /// Gives the place up before it is won for a caller who would not hear of it.
    private func leaveIfEnded() {
        if self.stream.isEnded { self.run(self.machine.ended()) }
    }

    private func access(_ isAllowed: (Authorization) -> Bool) -> Access? {
        self.session.relayedAccess(&self.caller, on: self.stream, isAllowed)
    }
}

extension ContenderCall: RPCStreamHandler {
    func receive(_ message: RawSpan) {}

    func receiveEnd() {}

    func streamBecameWritable() {}

    func streamClosed() {
        guard !self.isClosed else { return }
        self.isClosed = true
        self.stopWaiting()
        if let number = self.revocableNumber { self.session.services.remove(revocable: number) }
        self.revocableNumber = nil
        self.session.watchCount -= 1
        self.run(self.machine.ended())
    }
}

extension ContenderCall: RevocableCall {
    func withdraw(_ auth: AuthState) {
        let join = self.machine.join
        guard let refusal = self.session.refusal(of: &self.caller, in: auth, { $0.allows(join) }) else {
            return
        }
        self.stream.finish(EtcdStatus.relayed(refusal))
        self.stream.connection.flushSoon()
    }
}

extension ContenderCall: WatchSink {
    var isWritable: Bool { true }

    func send(head: ByteBuffer, segment: ByteBuffer) {
        // Puts are filtered, so whatever comes is the deletion.
        if segment.readableBytes > 0 { self.wake() }
    }

    func flush() {}

    func watcherWasCompacted(_ watchID: Int64, horizon: Int64) {
        self.wake()
    }
}
