import EtcdAPI
import MVCC
import NIOCore
import Simulation
import SwiftProtobuf
import Watching

/// What one watcher was told, in order.
final class WatcherLog {
    let id: Int64
    let request: WatchRequest
    /// The revision that its creation is announced with.
    let createdRevision: Int64
    /// The store's revision when it was created.
    let headAtCreation: Int64
    fileprivate(set) var items: [WatchTrace.Item] = []
    /// Whether its client cancelled it.
    var isCancelled = false

    init(id: Int64, request: WatchRequest, createdRevision: Int64, headAtCreation: Int64) {
        self.id = id
        self.request = request
        self.createdRevision = createdRevision
        self.headAtCreation = headAtCreation
    }

    /// The first revision that it wants.
    var start: Int64 {
        self.request.startRevision == 0 ? self.createdRevision + 1 : self.request.startRevision
    }

    var events: [SentEvent] {
        self.items.flatMap { item in
            guard case .events(let events, _, _, _) = item else { return [SentEvent]() }
            return events
        }
    }

    /// The events as text, for short expectations.
    var lines: [String] { self.events.map(\.description) }

    /// The revisions of the responses with events.
    var responseRevisions: [Int64] {
        self.items.compactMap { item in
            guard case .events(_, let revision, _, _) = item else { return nil }
            return revision
        }
    }

    var progress: [Int64] {
        self.items.compactMap { item in
            guard case .progress(let revision) = item else { return nil }
            return revision
        }
    }

    /// The horizons of the notices that compaction cancelled it.
    var compactions: [Int64] {
        self.items.compactMap { item in
            guard case .compacted(let horizon) = item else { return nil }
            return horizon
        }
    }
}

/// A stream whose client the test plays: it says how much it takes and decodes what it is sent.
final class ScriptedSink: WatchSink {
    /// The watchers that may be sent something, by their identifiers.
    private(set) var active: [Int64: WatcherLog] = [:]
    /// Those that compaction cancelled and whose client has not cancelled them.
    private(set) var compacted: Set<Int64> = []
    /// How many more responses the stream takes.
    var capacity = Int.max
    /// Called after each response, as another thread might do something then.
    var onSend: () -> Void = {}
    var onFlush: () -> Void = {}
    /// Asked for the store's horizon.
    var horizon: () -> Int64 = { -1 }
    private(set) var flushCount = 0
    private(set) var unflushedCount = 0
    private(set) var responseCount = 0
    private(set) var progressCount = 0
    /// What a sink must never see.
    private(set) var violations: [String] = []
    private var fragmented: Int64?

    var isWritable: Bool { self.capacity > 0 }

    func announce(_ log: WatcherLog) {
        self.active[log.id] = log
    }

    /// Plays a cancel of the client; returns whether it has to be answered.
    func forget(_ id: Int64) -> Bool {
        if let log = self.active.removeValue(forKey: id) {
            log.isCancelled = true
            return true
        }
        return self.compacted.remove(id) != nil
    }

    func send(head: ByteBuffer, segment: ByteBuffer) {
        var message = head
        message.writeImmutableBuffer(segment)
        guard
            let response = try? Etcdserverpb_WatchResponse(serializedBytes: Array(message.readableBytesView))
        else {
            self.violations.append("a response cannot be decoded")
            return
        }
        self.note(response)
        if self.capacity != .max { self.capacity = max(0, self.capacity - 1) }
        self.onSend()
    }

    func flush() {
        self.flushCount += 1
        self.unflushedCount = 0
        self.onFlush()
    }

    func watcherWasCompacted(_ watchID: Int64, horizon: Int64) {
        self.unflushedCount += 1
        if !self.isWritable {
            self.violations.append("\(watchID) is told of a compaction while it takes nothing")
        }
        guard let log = self.active.removeValue(forKey: watchID) else {
            self.violations.append("\(watchID) is compacted and does not exist")
            return
        }
        // The loop may not have seen the newest compaction yet.
        if horizon > self.horizon() { self.violations.append("\(watchID) is told a horizon that never was") }
        self.compacted.insert(watchID)
        log.items.append(.compacted(horizon: horizon))
    }

    private func note(_ response: Etcdserverpb_WatchResponse) {
        self.responseCount += 1
        self.unflushedCount += 1
        let id = response.watchID
        if let fragmented, fragmented != id {
            self.violations.append("fragments of \(fragmented) are interrupted")
        }
        if !self.isWritable, self.fragmented == nil {
            self.violations.append("\(id) is sent more than it takes")
        }
        self.fragmented = response.fragment ? id : nil
        if response.header.clusterID != 11 || response.header.memberID != 22 || response.header.raftTerm != 33
        {
            self.violations.append("\(id) is sent a foreign header")
        }
        if response.created || response.canceled {
            self.violations.append("the registry creates or cancels \(id)")
        }
        let revision = response.header.revision
        guard response.events.isEmpty else {
            let events = response.events.map(SentEvent.init)
            let item = WatchTrace.Item.events(
                events,
                revision: revision,
                isFragment: response.fragment,
                horizon: self.horizon()
            )
            guard let log = self.active[id] else {
                self.violations.append("\(id) is sent events before its creation or after its end")
                return
            }
            log.items.append(item)
            return
        }
        self.progressCount += 1
        let told = id == -1 ? Array(self.active.values) : self.active[id].map { [$0] } ?? []
        if told.isEmpty { self.violations.append("progress is sent to nobody") }
        for log in told { log.items.append(.progress(revision: revision)) }
    }
}
