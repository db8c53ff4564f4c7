import CoreMetrics
package import EtcdAPI
import MVCC
package import NIOCore
package import Storage

/// The limits of watching.
package struct WatchLimits: Sendable {
    /// The most watchers of one stream.
    package var watchesPerStream = 8_192
    /// The most revisions and bytes of events that are encoded into one segment.
    package var segmentRevisions = 1_000
    package var segmentBytes = 256 << 10
    /// The most records that one catch-up step looks at.
    package var catchUpRecords = 10_000
    /// The most segments of one turn; the rest waits for the next.
    package var segmentsPerTurn = 64
    /// The most watchers of one stream that were cancelled by compaction and whose own cancel may still be
    /// answered.
    package var compactedWatchesPerStream = 1_024
    /// The size over which a response is split if its client asked for fragments, in bytes.
    package var fragmentBytes = (1 << 20) * 3 / 2 + (512 << 10)
    /// From how many streams on a fan-out is followed by a rest, in which commits gather; see ``FanOutPace``.
    package var crowdedStreams = 8
    /// The shortest and the longest rest; without a longest one there is none.
    package var shortestRest: TimeAmount = .milliseconds(2)
    package var longestRest: TimeAmount = .milliseconds(50)

    /// Creates the defaults.
    package init() {}
}

/// All watchers of one event loop: reads the log once per wake-up and hands each event to whoever wants it.
///
/// Bound to its loop. `liveCursor` is the first revision that the loop has not read; every live watcher has
/// been sent everything before it. Windows of the log end between revisions, so no revision is ever split.
package final class LoopRegistry: LoopListener {
    /// How long the loop is left to its sockets between two turns of catching up.
    private static let turnDelay: TimeAmount = .microseconds(100)

    let limits: WatchLimits
    private let eventLoop: any EventLoop
    private let replica: Replica
    let metrics: WatchMetrics
    private var pace: FanOutPace
    private var heads: HeadCache
    private var index = RangeIndex()
    private var groups: [WatchInterest: WatchGroup] = [:]
    private var liveCursor: Int64
    /// The newest generation of users and roles that the loop knows; see ``Snapshot/authGeneration``.
    package private(set) var authGeneration: Int
    /// Called when users or roles changed, before anything is delivered that was committed after the change;
    /// it may cancel watchers, not create any.
    package var authDidChange: ((Snapshot) -> Void)?
    private var catchUpQueue: [Watcher] = []
    private var touchedStreams: [WatchStream] = []
    private var isScheduled = false
    /// How many watchers there are.
    package private(set) var watcherCount = 0
    private var nextSerial = 0

    /// Creates the registry of one loop over a replica; on the loop.
    ///
    /// `header` carries the identity that every response has; its revision is not used.
    package init(
        eventLoop: any EventLoop,
        replica: Replica,
        header: ResponseHeader,
        limits: WatchLimits,
        metrics: WatchMetrics
    ) {
        self.eventLoop = eventLoop
        self.replica = replica
        self.limits = limits
        self.metrics = metrics
        self.pace = FanOutPace(limits)
        self.heads = HeadCache(header: header)
        let snapshot = replica.current
        self.liveCursor = snapshot.keyspace.revision + 1
        self.authGeneration = snapshot.authGeneration
    }

    /// The newest revision that the loop has read.
    package var liveRevision: Int64 { self.liveCursor - 1 }

    /// Reads what was committed since the last turn, unless the loop rests: then when it has rested.
    package func storeDidCommit() {
        guard self.pace.admitsCommit() else { return }
        let start = self.eventLoop.now
        self.drain()
        let touched = self.touchedStreams.count
        self.flushTouched()
        guard let rest = self.pace.endedFanOut(to: touched, in: self.eventLoop.now - start) else { return }
        self.metrics.rests.increment()
        self.eventLoop.assumeIsolated().scheduleTask(in: rest) {
            if self.pace.endedRest() { self.storeDidCommit() }
        }
    }

    /// Notifies quiet watchers that asked for it of how far they are; call it periodically.
    package func sendProgressNotifications() {
        self.drain()
        for watcher in self.watchers(where: \.wantsProgress) {
            defer { watcher.hasSentEvents = false }
            // A stream that takes nothing gets no notifications either, or they would pile up.
            guard !watcher.hasSentEvents, watcher.canBeBookmarked(at: self.liveRevision),
                watcher.stream.sink.isWritable
            else { continue }
            self.sendProgress(watchID: watcher.id, on: watcher.stream)
        }
        self.flushTouched()
    }

    /// Returns watchers in the order in which they came.
    private func watchers(where isWanted: (Watcher) -> Bool) -> [Watcher] {
        self.groups.values.flatMap { $0.watchers.filter(isWanted) }.sorted { $0.serial < $1.serial }
    }

    // MARK: - Watchers come and go

    func add(_ request: WatchRequest, id: Int64, to stream: WatchStream) -> Watcher {
        // What was committed before this call is not "after now".
        self.drain()
        let group = self.groups[request.interest] ?? self.makeGroup(request.interest)
        let watcher = Watcher(
            id: id,
            serial: self.nextSerial,
            request: request,
            stream: stream,
            group: group,
            liveCursor: self.liveCursor,
            head: self.replica.current.keyspace.revision
        )
        self.nextSerial += 1
        group.add(watcher)
        self.watcherCount += 1
        self.metrics.watchers.increment()
        if !watcher.isLive {
            self.metrics.catchingUp.increment()
            self.queueCatchUp(of: [watcher])
        }
        return watcher
    }

    func remove(_ watcher: Watcher) {
        guard !watcher.isRemoved else { return }
        watcher.isRemoved = true
        watcher.group.remove(watcher)
        self.watcherCount -= 1
        self.metrics.watchers.decrement()
        if !watcher.isLive { self.metrics.catchingUp.decrement() }
        guard watcher.group.watchers.isEmpty else { return }
        self.groups[watcher.group.interest] = nil
        self.index.remove(watcher.group)
    }

    private func makeGroup(_ interest: WatchInterest) -> WatchGroup {
        let group = WatchGroup(interest)
        self.groups[interest] = group
        self.index.insert(group)
        return group
    }

    // MARK: - The live path

    /// Delivers what was committed, up to the turn's budget; what is left is scheduled.
    func drain() {
        let snapshot = self.replica.current
        if snapshot.authGeneration != self.authGeneration {
            self.authGeneration = snapshot.authGeneration
            self.authDidChange?(snapshot)
        }
        let keyspace = snapshot.keyspace
        guard keyspace.revision >= self.liveCursor else { return }
        if self.watcherCount == 0 || !keyspace.holdsEverything(from: self.liveCursor) {
            self.skipToHead(of: keyspace)
            return
        }
        var segments = 0
        while self.liveCursor <= keyspace.revision {
            guard segments < self.limits.segmentsPerTurn else {
                self.schedule()
                return
            }
            segments += self.deliverWindow(of: keyspace)
        }
    }

    /// The loop slept through a compaction (or nobody watches): watchers go on by themselves, from where they
    /// are.
    private func skipToHead(of keyspace: Keyspace) {
        for group in self.groups.values {
            for watcher in group.watchers where watcher.isLive && watcher.machine.next <= keyspace.revision {
                guard
                    watcher.machine.deliver(
                        from: self.liveCursor,
                        through: keyspace.revision,
                        isWritable: false
                    )
                        == .startCatchUp
                else { continue }
                self.metrics.catchingUp.increment()
            }
        }
        self.liveCursor = keyspace.revision + 1
        self.queueCatchUp(of: self.watchers { !$0.isLive })
    }

    /// Routes and delivers one window of the log; returns how many segments that took (at least one).
    private func deliverWindow(of keyspace: Keyspace) -> Int {
        let window = LogWindow(
            from: keyspace.history.position(of: self.liveCursor),
            of: keyspace,
            before: Int64.max,
            limits: self.limits
        )
        var touched: [WatchGroup] = []
        for position in window.positions {
            let record = keyspace.history[position]
            self.index.forEachGroup(holding: record) { group in
                guard group.interest.passes(record) else { return }
                if group.pending.isEmpty { touched.append(group) }
                group.pending.append(position)
            }
        }
        for group in touched {
            let positions = group.pending
            group.pending.removeAll(keepingCapacity: true)
            self.deliver(positions, to: group, through: window.lastRevision, of: keyspace)
        }
        self.liveCursor = window.lastRevision + 1
        return max(1, touched.count)
    }

    private func deliver(
        _ positions: [Int],
        to group: WatchGroup,
        through revision: Int64,
        of keyspace: Keyspace
    ) {
        let first = keyspace.history[positions[0]].modRevision
        let last = keyspace.history[positions[positions.count - 1]].modRevision
        let wantsPrevious = group.interest.wantsPrevious
        let segment = Segment.encode(positions, wantsPrevious: wantsPrevious, of: keyspace)
        self.metrics.events.increment(by: positions.count * group.watchers.count)
        for watcher in group.watchers where !watcher.isRemoved {
            let isWritable = watcher.stream.sink.isWritable
            switch watcher.machine.deliver(from: first, through: last, isWritable: isWritable) {
            case .skip: break
            case .send: self.send(segment, to: watcher, at: revision)
            case .sendFrom(let start):
                let rest = positions.filter { keyspace.history[$0].modRevision >= start }
                let part = Segment.encode(rest, wantsPrevious: wantsPrevious, of: keyspace)
                self.send(part, to: watcher, at: revision)
            case .startCatchUp: self.metrics.catchingUp.increment()
            }
        }
    }

    // MARK: - Catching up

    /// Lets watchers that are behind read the log in later turns, as far as their sinks take it.
    func queueCatchUp(of watchers: [Watcher]) {
        for watcher in watchers where !watcher.isLive && !watcher.isQueued && !watcher.isRemoved {
            watcher.isQueued = true
            self.catchUpQueue.append(watcher)
        }
        if !self.catchUpQueue.isEmpty { self.schedule() }
    }

    private func schedule() {
        guard !self.isScheduled else { return }
        self.isScheduled = true
        // A loop runs everything that is due before it looks at its sockets again, so a turn that is due at
        // once would shut everybody out until the slowest watcher has caught up.
        self.eventLoop.assumeIsolated().scheduleTask(in: Self.turnDelay) {
            self.isScheduled = false
            self.drain()
            self.catchUp()
            self.flushTouched()
        }
    }

    private func catchUp() {
        let keyspace = self.replica.current.keyspace
        var cache: [CatchUpKey: CatchUpSegment] = [:]
        let queue = self.catchUpQueue
        self.catchUpQueue = []
        var again: [Watcher] = []
        for watcher in queue.prefix(self.limits.segmentsPerTurn) {
            guard self.catchUp(watcher, in: keyspace, &cache) else {
                watcher.isQueued = false
                continue
            }
            again.append(watcher)
        }
        // Those that have not had a turn go first, so that nobody starves behind watchers with much to read.
        self.catchUpQueue = queue.dropFirst(self.limits.segmentsPerTurn) + again + self.catchUpQueue
        if !self.catchUpQueue.isEmpty { self.schedule() }
    }

    /// Reads one window for one watcher; returns whether it wants another turn.
    private func catchUp(
        _ watcher: Watcher,
        in keyspace: Keyspace,
        _ cache: inout [CatchUpKey: CatchUpSegment]
    ) -> Bool {
        guard !watcher.isRemoved, !watcher.isLive, watcher.stream.sink.isWritable else { return false }
        let next = watcher.machine.next
        guard next >= keyspace.compactedRevision else {
            self.touch(watcher.stream)
            watcher.stream.watcherWasCompacted(watcher, horizon: keyspace.compactedRevision)
            return false
        }
        let key = CatchUpKey(group: ObjectIdentifier(watcher.group), next: next)
        let found = cache[key] ?? self.readWindow(from: next, for: watcher.group.interest, in: keyspace)
        cache[key] = found
        if found.segment.readableBytes > 0 { self.send(found.segment, to: watcher, at: found.lastRevision) }
        // The sink may have ended the stream while it took that.
        guard !watcher.isRemoved else { return false }
        guard watcher.machine.caughtUp(to: found.lastRevision + 1, liveCursor: self.liveCursor) else {
            return true
        }
        self.metrics.catchingUp.decrement()
        watcher.stream.answerProgress()
        return false
    }

    /// Encodes what a watcher missed, up to the limits and not past the live cursor.
    private func readWindow(
        from next: Int64,
        for interest: WatchInterest,
        in keyspace: Keyspace
    ) -> CatchUpSegment {
        let window = LogWindow(
            from: keyspace.history.position(of: next),
            of: keyspace,
            before: self.liveCursor,
            limits: self.limits
        ) { interest.passes($0) && interest.range.contains(keyOf: $0) }
        let segment = Segment.encode(window.positions, wantsPrevious: interest.wantsPrevious, of: keyspace)
        return CatchUpSegment(segment: segment, lastRevision: window.lastRevision)
    }

    // MARK: - Sending

    private func send(_ segment: ByteBuffer, to watcher: Watcher, at revision: Int64) {
        watcher.hasSentEvents = true
        self.touch(watcher.stream)
        let sink = watcher.stream.sink
        if watcher.wantsFragments, segment.readableBytes > self.limits.fragmentBytes {
            let parts = Segment.split(segment, limit: self.limits.fragmentBytes)
            for (index, part) in parts.enumerated() {
                let isLast = index == parts.count - 1
                sink.send(head: self.heads.makeHead(watcher.id, revision, isFragment: !isLast), segment: part)
            }
            return
        }
        sink.send(head: self.heads.head(watcher.id, revision), segment: segment)
    }

    func sendProgress(watchID: Int64, on stream: WatchStream) {
        self.touch(stream)
        stream.sink.send(head: self.heads.head(watchID, self.liveRevision), segment: ByteBuffer())
    }

    func touch(_ stream: WatchStream) {
        guard !stream.isTouched else { return }
        stream.isTouched = true
        self.touchedStreams.append(stream)
    }

    func flushTouched() {
        let streams = self.touchedStreams
        self.touchedStreams.removeAll(keepingCapacity: true)
        for stream in streams {
            stream.isTouched = false
            stream.sink.flush()
        }
    }
}

extension Keyspace {
    /// Whether all records from `revision` on can be read.
    ///
    /// Those below the horizon stay in the history for a while, so that compaction does not cancel a watch
    /// that is only a moment behind (in etcd such a watch is never behind).
    fileprivate func holdsEverything(from revision: Int64) -> Bool {
        if revision >= self.compactedRevision { return true }
        let history = self.history
        return history.start < history.end && history[history.start].modRevision < revision
    }
}
