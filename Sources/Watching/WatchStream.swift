import CoreMetrics
package import MVCC

/// The watchers of one client stream.
///
/// Bound to its registry's event loop.
package final class WatchStream {
    /// Why a watch was not created.
    package enum CreateError: Error, Hashable, Sendable {
        /// The stream has a watcher with the requested identifier.
        case duplicateID
        /// No key can be in the range.
        case emptyRange
        /// The start revision is negative.
        case negativeStart
        /// The stream or the loop has as many watchers as the limit allows.
        case tooManyWatches(limit: Int)
    }

    let registry: LoopRegistry
    let sink: any WatchSink
    private var watchers: [Int64: Watcher] = [:]
    private var nextID: Int64 = 0
    /// Watchers that were cancelled by compaction, oldest first.
    ///
    /// Until its client cancels such an identifier too, it is taken (etcd). Bounded; the oldest are
    /// forgotten.
    private var compactedIDs: [Int64] = []
    private var progressIsRequested = false
    private var isOpen = true
    /// Whether something was sent that has not been flushed.
    var isTouched = false

    /// Creates a stream without watchers.
    package init(registry: LoopRegistry, sink: any WatchSink) {
        self.registry = registry
        self.sink = sink
        registry.metrics.streams.increment()
    }

    /// The number of watchers.
    package var watcherCount: Int { self.watchers.count }

    /// Returns how far the watchers are when the store's newest revision is `head`.
    package func standing(at head: Int64) -> WatchStanding {
        var standing = WatchStanding()
        for watcher in self.watchers.values {
            standing.add(watcher, at: head, liveRevision: self.registry.liveRevision)
        }
        return standing
    }

    /// Creates a watcher.
    ///
    /// Its events begin to flow in a later turn of the loop, so that the caller can announce it first.
    ///
    /// - Parameters:
    ///   - request: What to watch.
    ///   - requestedID: The identifier that the client wants, or zero to have one chosen.
    /// - Returns: The watcher's identifier, and the revision that its creation is announced with: when the
    ///   start is "now", the events after it are to come.
    /// - Throws: Why there is no watcher; the stream is unchanged then.
    package func create(
        _ request: WatchRequest,
        requestedID: Int64
    ) throws(CreateError) -> (id: Int64, revision: Int64) {
        guard !request.range.isEmpty else { throw .emptyRange }
        guard request.startRevision >= 0 else { throw .negativeStart }
        let limit = self.registry.limits.watchesPerStream
        guard self.watchers.count < limit else { throw .tooManyWatches(limit: limit) }
        let id: Int64
        if requestedID != 0 {
            guard !self.isTaken(requestedID) else { throw .duplicateID }
            id = requestedID
        } else {
            while self.isTaken(self.nextID) { self.nextID += 1 }
            id = self.nextID
            self.nextID += 1
        }
        let watcher = self.registry.add(request, id: id, to: self)
        self.watchers[id] = watcher
        // A watch from now on begins after the head, which the loop may not have read to yet.
        return (id, request.startRevision == 0 ? watcher.machine.next - 1 : self.registry.liveRevision)
    }

    private func isTaken(_ id: Int64) -> Bool {
        self.watchers[id] != nil || self.compactedIDs.contains(id)
    }

    /// Removes a watcher; returns whether there was one with this identifier, which has to be answered.
    ///
    /// One that was cancelled by compaction counts as being there once.
    package func cancel(_ id: Int64) -> Bool {
        guard let watcher = self.watchers.removeValue(forKey: id) else {
            guard let index = self.compactedIDs.firstIndex(of: id) else { return false }
            self.compactedIDs.remove(at: index)
            return true
        }
        self.registry.remove(watcher)
        return true
    }

    /// Removes the watchers whose range `isForbidden`, and returns their identifiers in order.
    package func cancel(where isForbidden: (KeyRange) -> Bool) -> [Int64] {
        let ids = self.watchers.values.filter { isForbidden($0.group.interest.range) }.map(\.id).sorted()
        for id in ids { _ = self.cancel(id) }
        // Whoever calls this tells the client so in the same turn.
        if !ids.isEmpty { self.registry.touch(self) }
        return ids
    }

    /// Asks for one progress notification for the whole stream, sent once all of its watchers have
    /// everything.
    package func requestProgress() {
        self.progressIsRequested = true
        self.registry.drain()
        self.answerProgress()
        self.registry.flushTouched()
    }

    /// The sink takes more again; on the loop.
    package func becameWritable() {
        self.registry.queueCatchUp(of: self.watchers.values.sorted { $0.id < $1.id })
        guard self.progressIsRequested else { return }
        self.answerProgress()
        self.registry.flushTouched()
    }

    /// Removes all watchers; on the loop, when the stream has ended.
    package func close() {
        if self.isOpen { self.registry.metrics.streams.decrement() }
        self.isOpen = false
        for watcher in self.watchers.values.sorted(by: { $0.id < $1.id }) { self.registry.remove(watcher) }
        self.watchers = [:]
        self.compactedIDs = []
    }

    /// Sends the requested notification if it is due.
    ///
    /// It cannot overtake events: both are written on this loop, in order.
    func answerProgress() {
        guard self.progressIsRequested, !self.watchers.isEmpty else {
            // As etcd: without watchers nobody is there to be told.
            self.progressIsRequested = false
            return
        }
        let revision = self.registry.liveRevision
        // One request is remembered, however many come: a client that asks and does not read costs nothing.
        guard self.sink.isWritable,
            self.watchers.values.allSatisfy({ $0.canBeBookmarked(at: revision) })
        else { return }
        self.progressIsRequested = false
        self.registry.sendProgress(watchID: -1, on: self)
    }

    func watcherWasCompacted(_ watcher: Watcher, horizon: Int64) {
        self.watchers[watcher.id] = nil
        self.compactedIDs.append(watcher.id)
        if self.compactedIDs.count > self.registry.limits.compactedWatchesPerStream {
            self.compactedIDs.removeFirst()
        }
        self.registry.remove(watcher)
        self.sink.watcherWasCompacted(watcher.id, horizon: horizon)
    }
}
