/// One watch of one stream.
///
/// Bound to its registry's event loop.
package final class Watcher {
    /// The identifier, unique in its stream.
    package let id: Int64
    /// The first revision that may be named as delivered: the start, or the head when that was "now".
    private let firstBookmark: Int64
    /// Counts the watchers of the registry: the order in which they came.
    let serial: Int
    unowned let stream: WatchStream
    let group: WatchGroup
    let wantsProgress: Bool
    let wantsFragments: Bool
    var machine: WatcherMachine
    /// Where it is in ``WatchGroup/watchers``.
    fileprivate(set) var groupIndex = 0
    /// Whether it waits in the registry's catch-up queue.
    var isQueued = false
    /// Whether events were sent since the last progress notification was due.
    var hasSentEvents = false
    /// Whether it was removed; such a watcher may still be in a queue.
    var isRemoved = false

    /// Creates a watcher at a loop whose next revision is `liveCursor`, when the store's newest is `head`.
    init(
        id: Int64,
        serial: Int,
        request: WatchRequest,
        stream: WatchStream,
        group: WatchGroup,
        liveCursor: Int64,
        head: Int64
    ) {
        self.id = id
        self.serial = serial
        self.stream = stream
        self.group = group
        self.wantsProgress = request.wantsProgress
        self.wantsFragments = request.wantsFragments
        // "After now" is after the head, even when the loop has not read that far yet.
        self.firstBookmark = request.startRevision == 0 ? head : request.startRevision
        let start = request.startRevision == 0 ? head + 1 : request.startRevision
        self.machine = WatcherMachine(start: start, liveCursor: liveCursor)
    }

    /// Whether it was given everything that its loop has read.
    package var isLive: Bool { self.machine.isLive }

    /// Whether it may be told that nothing happened up to `revision`: it has everything, and its start is not
    /// in the future (etcd issue 20221).
    func canBeBookmarked(at revision: Int64) -> Bool {
        self.machine.isLive && self.firstBookmark <= revision
    }
}

/// The watchers of one loop that are sent the same bytes.
final class WatchGroup {
    let interest: WatchInterest
    private(set) var watchers: [Watcher] = []
    /// Positions in the history of the events of the current window.
    var pending: [Int] = []

    init(_ interest: WatchInterest) {
        self.interest = interest
    }

    func add(_ watcher: Watcher) {
        watcher.groupIndex = self.watchers.count
        self.watchers.append(watcher)
    }

    /// O(1): the last watcher takes the place of the removed one.
    func remove(_ watcher: Watcher) {
        let last = self.watchers.removeLast()
        guard last !== watcher else { return }
        self.watchers[watcher.groupIndex] = last
        last.groupIndex = watcher.groupIndex
    }
}
