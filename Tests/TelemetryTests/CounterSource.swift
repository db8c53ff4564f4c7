import Synchronization

/// Counts how often it was asked.
final class CounterSource: Sendable {
    private let count = Atomic<Int>(0)

    func next() -> Double {
        Double(self.count.wrappingAdd(1, ordering: .relaxed).newValue)
    }
}
