import CoreMetrics
import Synchronization

/// An integer that is counted: one relaxed atomic addition.
final class CounterCell: CounterHandler, Sendable {
    private let total = Atomic<Int64>(0)

    var current: Int64 { self.total.load(ordering: .relaxed) }

    func increment(by amount: Int64) {
        self.total.wrappingAdd(amount, ordering: .relaxed)
    }

    func reset() {
        self.total.store(0, ordering: .relaxed)
    }
}

/// A number with a fraction that is set or counted.
final class ValueCell: MeterHandler, RecorderHandler, FloatingPointCounterHandler, Sendable {
    private let value = AtomicDouble()

    var current: Double { self.value.current }

    func set(_ value: Int64) { self.value.set(Double(value)) }
    func set(_ value: Double) { self.value.set(value) }
    func record(_ value: Int64) { self.value.set(Double(value)) }
    func record(_ value: Double) { self.value.set(value) }
    func increment(by amount: Double) { self.value.add(amount) }
    func decrement(by amount: Double) { self.value.add(-amount) }
    func reset() { self.value.set(0) }
}

/// A distribution over fixed buckets.
///
/// A reader sees a total that is the sum of the buckets it read; the sum of the values may be an instant
/// ahead.
final class HistogramCell: TimerHandler, RecorderHandler, Sendable {
    let buckets: HistogramBuckets
    private let counts: [CounterCell]
    private let sum = AtomicDouble()

    init(buckets: HistogramBuckets) {
        self.buckets = buckets
        // One more for what is above the last bound.
        self.counts = (0...buckets.upperBounds.count).map { _ in CounterCell() }
    }

    /// The count of each bucket on its own, the last of which has no upper bound, and the sum of all values.
    var current: (counts: [Int64], sum: Double) {
        (self.counts.map(\.current), self.sum.current)
    }

    func recordNanoseconds(_ duration: Int64) { self.observe(Double(duration) / 1_000_000_000) }
    func record(_ value: Int64) { self.observe(Double(value)) }
    func record(_ value: Double) { self.observe(value) }

    private func observe(_ value: Double) {
        // Twenty comparisons at most: shorter than the bookkeeping of a binary search.
        let bounds = self.buckets.upperBounds
        var index = 0
        while index < bounds.count, !(value <= bounds[index]) { index += 1 }
        self.counts[index].increment(by: 1)
        self.sum.add(value)
    }
}

/// A number with a fraction that threads change without a lock.
private final class AtomicDouble: Sendable {
    private let bits = Atomic<UInt64>(0)

    var current: Double { Double(bitPattern: self.bits.load(ordering: .relaxed)) }

    func set(_ value: Double) {
        self.bits.store(value.bitPattern, ordering: .relaxed)
    }

    func add(_ amount: Double) {
        var before = self.bits.load(ordering: .relaxed)
        while true {
            let after = (Double(bitPattern: before) + amount).bitPattern
            let (isExchanged, original) = self.bits.weakCompareExchange(
                expected: before,
                desired: after,
                ordering: .relaxed
            )
            if isExchanged { return }
            before = original
        }
    }
}
