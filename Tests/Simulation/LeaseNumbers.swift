import Synchronization

/// The identifiers that the store chooses for leases: they count up, so that runs repeat.
final class LeaseNumbers: Sendable {
    private let last: Atomic<Int64>

    init(after last: Int64) {
        self.last = Atomic(last)
    }

    func next() -> Int64 { self.last.add(1, ordering: .relaxed).newValue }
}
