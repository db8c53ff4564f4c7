import EtcdAPI
import Foundation
import SwiftProtobuf

/// A client's Watch stream, with any number of watches.
final class WatchCall {
    private let client: GRPCClient
    private let recorder: Recorder
    private let horizon: () -> Int64
    private var stream: Int32 = -1
    /// The traces of watches that are not announced yet, in the order of asking.
    private var announced: [Int] = []
    private var active: [Int64: Int] = [:]
    private var compacted: Set<Int64> = []
    private(set) var isBroken = false
    /// Called for everything that a watch is told.
    var onItem: (Int, WatchTrace.Item) -> Void = { _, _ in }

    init(_ client: GRPCClient, _ recorder: Recorder, horizon: @escaping () -> Int64) {
        self.client = client
        self.recorder = recorder
        self.horizon = horizon
    }

    /// The traces of the open watches, in the order of their identifiers.
    var openWatches: [Int] { self.active.sorted { $0.key < $1.key }.map(\.value) }
    var isWaiting: Bool { !self.announced.isEmpty }

    /// Asks for a watch; returns the number of its trace.
    @discardableResult
    func create(_ trace: WatchTrace) -> Int {
        let number = self.recorder.addWatch(trace)
        var create = Etcdserverpb_WatchCreateRequest()
        create.key = Data(trace.span.start.utf8)
        create.rangeEnd = Data(trace.span.end.utf8)
        create.startRevision = trace.startRevision
        create.prevKv = trace.wantsPrevious
        create.progressNotify = trace.wantsProgress
        create.fragment = trace.wantsFragments
        if trace.filtersPuts { create.filters.append(.noput) }
        if trace.filtersDeletes { create.filters.append(.nodelete) }
        var request = Etcdserverpb_WatchRequest()
        request.createRequest = create
        self.announced.append(number)
        self.send(request)
        return number
    }

    func requestProgress() {
        var request = Etcdserverpb_WatchRequest()
        request.progressRequest = Etcdserverpb_WatchProgressRequest()
        self.send(request)
    }

    /// Asks for the end of a watch; it may be told more until that is confirmed.
    func cancel(_ number: Int) {
        guard let id = self.active.first(where: { $0.value == number })?.key else { return }
        var request = Etcdserverpb_WatchRequest()
        request.cancelRequest.watchID = id
        self.send(request)
    }

    /// Gives the whole stream up.
    func close() {
        guard !self.isBroken else { return }
        self.isBroken = true
        self.client.cancel(self.stream)
    }

    private func send(_ request: Etcdserverpb_WatchRequest) {
        guard !self.isBroken else { return }
        guard self.stream < 0 else { return self.client.send(request, on: self.stream) }
        self.stream = self.client.open("/etcdserverpb.Watch/Watch", ends: false, request) { [weak self] in
            self?.receive($0)
        } onEnd: { [weak self] _ in
            self?.isBroken = true
        }
    }

    private func receive(_ bytes: [UInt8]) {
        guard !self.isBroken else { return }
        guard let response = try? Etcdserverpb_WatchResponse(serializedBytes: bytes) else {
            self.recorder.report("a watch response cannot be decoded")
            return
        }
        self.recorder.note(response.header)
        if response.created { return self.create(response) }
        guard response.watchID != -1 else {
            for number in self.openWatches {
                self.tell(number, .progress(revision: response.header.revision))
            }
            return
        }
        guard let number = self.active[response.watchID] else {
            // etcd confirms the cancel of a watch that compaction has ended meanwhile.
            if response.canceled, self.compacted.remove(response.watchID) != nil { return }
            self.recorder.report("watch \(response.watchID) is told something but is not open")
            return
        }
        if response.canceled {
            self.active[response.watchID] = nil
            let horizon = response.compactRevision
            if horizon > 0 { self.compacted.insert(response.watchID) }
            let reason = response.cancelReason
            self.tell(number, horizon > 0 ? .compacted(horizon: horizon) : .cancelled(reason: reason))
        } else if response.events.isEmpty {
            self.tell(number, .progress(revision: response.header.revision))
        } else {
            let item = WatchTrace.Item.events(
                response.events.map(SentEvent.init),
                revision: response.header.revision,
                isFragment: response.fragment,
                horizon: self.horizon()
            )
            self.tell(number, item)
        }
    }

    private func create(_ response: Etcdserverpb_WatchResponse) {
        guard !self.announced.isEmpty else {
            self.recorder.report("a watch is announced that nobody asked for")
            return
        }
        let number = self.announced.removeFirst()
        if response.canceled { return self.tell(number, .cancelled(reason: response.cancelReason)) }
        self.recorder.watchWasCreated(number, at: response.header.revision)
        self.active[response.watchID] = number
    }

    private func tell(_ number: Int, _ item: WatchTrace.Item) {
        self.recorder.watch(number, wasTold: item)
        self.onItem(number, item)
    }
}
