package import CoreMetrics
import Synchronization

/// What all Snapshot calls share, and how many there may be at once: each keeps a state of the key space in
/// memory.
package final class SnapshotSlots: Sendable {
    /// The most snapshots at once.
    let limit: Int
    /// Begins the digest of a snapshot.
    let makeDigest: @Sendable () throws -> any SnapshotDigest
    private let taken = Atomic(0)
    private let refused: Counter
    private let running: Meter

    /// Creates the slots, all of them free.
    ///
    /// `makeDigest` begins the SHA-256 digest that ends a snapshot.
    package init(
        limit: Int,
        makeDigest: @escaping @Sendable () throws -> any SnapshotDigest,
        factory: any MetricsFactory
    ) {
        self.limit = limit
        self.makeDigest = makeDigest
        self.refused = Counter(label: "isthmus_data_refused_snapshots_total", factory: factory)
        self.running = Meter(label: "isthmus_data_snapshots", factory: factory)
    }

    /// Takes a slot if one is free; it must be given back with ``giveBack()``.
    func take() -> Bool {
        guard self.taken.add(1, ordering: .relaxed).newValue <= self.limit else {
            self.taken.subtract(1, ordering: .relaxed)
            self.refused.increment()
            return false
        }
        self.running.increment()
        return true
    }

    /// Gives a slot back.
    func giveBack() {
        self.taken.subtract(1, ordering: .relaxed)
        self.running.decrement()
    }
}
