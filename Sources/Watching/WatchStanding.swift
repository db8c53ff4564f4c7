/// How far some watchers are.
package struct WatchStanding: Hashable, Sendable {
    /// How many there are.
    package private(set) var watches = 0
    /// How many of them still read what they missed.
    package private(set) var catchingUp = 0
    /// By how many revisions the slowest is behind the store's newest.
    package private(set) var lag: Int64 = 0

    /// Creates the standing of no watcher.
    package init() {}

    /// Adds the watchers of another stream.
    package mutating func add(_ other: WatchStanding) {
        self.watches += other.watches
        self.catchingUp += other.catchingUp
        self.lag = max(self.lag, other.lag)
    }

    /// Adds a watcher of a loop that has read up to `liveRevision`.
    mutating func add(_ watcher: Watcher, at head: Int64, liveRevision: Int64) {
        self.watches += 1
        if !watcher.isLive { self.catchingUp += 1 }
        // One that is live stands where its loop does, or waits for a revision of the future.
        let delivered = watcher.machine.next - 1
        self.lag = max(self.lag, head - (watcher.isLive ? max(delivered, liveRevision) : delivered))
    }
}
