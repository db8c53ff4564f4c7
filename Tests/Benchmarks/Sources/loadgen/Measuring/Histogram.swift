/// Counts durations in buckets that are at most 1.6 % wide, from one nanosecond to hours.
struct Histogram: Sendable {
    private static let bits = 6
    private var counts = [Int](repeating: 0, count: 48 << Self.bits)
    private(set) var total = 0
    private(set) var maximum: UInt64 = 0

    /// Counts one duration in nanoseconds.
    mutating func record(_ nanoseconds: UInt64) {
        self.counts[Self.bucket(of: nanoseconds)] += 1
        self.total += 1
        self.maximum = max(self.maximum, nanoseconds)
    }

    mutating func merge(_ other: Histogram) {
        for index in other.counts.indices { self.counts[index] += other.counts[index] }
        self.total += other.total
        self.maximum = max(self.maximum, other.maximum)
    }

    /// Returns the duration in nanoseconds that `fraction` of the recorded ones do not exceed.
    func quantile(_ fraction: Double) -> UInt64 {
        let wanted = Int((Double(self.total) * fraction).rounded(.up))
        var seen = 0
        for index in self.counts.indices {
            seen += self.counts[index]
            if seen >= wanted, seen > 0 { return min(Self.upperBound(of: index), self.maximum) }
        }
        return self.maximum
    }

    private static func bucket(of value: UInt64) -> Int {
        let exponent = max(0, 63 - value.leadingZeroBitCount - Self.bits)
        let index = (exponent << Self.bits) + Int(value >> UInt64(exponent))
        return min(index, (48 << Self.bits) - 1)
    }

    private static func upperBound(of index: Int) -> UInt64 {
        guard index >= 2 << Self.bits else { return UInt64(index) }
        let exponent = (index >> Self.bits) - 1
        let mantissa = UInt64(index - (exponent << Self.bits))
        return ((mantissa + 1) << UInt64(exponent)) - 1
    }
}
