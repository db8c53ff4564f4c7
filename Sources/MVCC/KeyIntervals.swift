import NIOCore

/// A set of keys as disjoint intervals in ascending order.
///
/// A transaction can name tens of thousands of ranges in nested branches; asking each range about each key
/// would let one request of legal size occupy a thread for minutes.
struct KeyIntervals {
    private struct Interval {
        var start: ByteBuffer
        /// The first key after the interval, or `nil` when it has no end.
        var end: ByteBuffer?

        /// Whether the interval reaches to `key` or beyond, so that an interval that starts there continues
        /// it.
        func reaches(_ key: ByteBuffer) -> Bool {
            guard let end = self.end else { return true }
            return !Bytes.areInOrder(end, key)
        }
    }

    private var intervals: [Interval]

    /// Creates the set of all keys of `ranges`.
    init(_ ranges: [KeyRange] = []) {
        self.intervals = []
        let sorted = ranges.filter { !$0.isEmpty }.sorted { Bytes.areInOrder($0.start, $1.start) }
        for range in sorted { self.append(Interval(start: range.start, end: range.exclusiveEnd)) }
    }

    /// Whether `key` is in the set, in O(log *n*).
    func contains(_ key: ByteBuffer) -> Bool {
        var low = 0
        var high = self.intervals.count
        while low < high {
            let middle = (low + high) / 2
            if Bytes.areInOrder(key, self.intervals[middle].start) { high = middle } else { low = middle + 1 }
        }
        guard low > 0 else { return false }
        guard let end = self.intervals[low - 1].end else { return true }
        return Bytes.areInOrder(key, end)
    }

    /// Adds all keys of `other`, in O(*n* + *m*).
    mutating func formUnion(_ other: KeyIntervals) {
        guard !other.intervals.isEmpty else { return }
        var left = self.intervals[...]
        var right = other.intervals[...]
        self.intervals = []
        self.intervals.reserveCapacity(left.count + right.count)
        while let a = left.first, let b = right.first {
            if Bytes.areInOrder(b.start, a.start) {
                self.append(b)
                right.removeFirst()
            } else {
                self.append(a)
                left.removeFirst()
            }
        }
        for interval in left { self.append(interval) }
        for interval in right { self.append(interval) }
    }

    /// Adds an interval that starts at or after the start of the last one.
    private mutating func append(_ next: Interval) {
        guard let last = self.intervals.last, last.reaches(next.start) else {
            self.intervals.append(next)
            return
        }
        guard let lastEnd = last.end else { return }
        if let nextEnd = next.end, !Bytes.areInOrder(lastEnd, nextEnd) { return }
        self.intervals[self.intervals.count - 1].end = next.end
    }
}

extension KeyRange {
    /// The first key after the range, or `nil` when it has no end.
    fileprivate var exclusiveEnd: ByteBuffer? {
        switch self.end {
        case .unbounded: return nil
        case .before(let end): return end
        case .single:
            var next = self.start
            next.writeInteger(UInt8(0))
            return next
        }
    }
}
