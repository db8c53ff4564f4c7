/// Keys from `lower` to below `upper`, or without an upper bound.
struct KeyInterval: Hashable, Sendable {
    var lower: [UInt8]
    /// `nil` for no upper bound.
    var upper: [UInt8]?

    /// Every key there is, and the empty one.
    static let everything = KeyInterval(lower: [], upper: nil)

    private init(lower: [UInt8], upper: [UInt8]?) {
        self.lower = lower
        self.upper = upper
    }

    /// Creates the interval of a permission, or returns `nil` when the permission is not valid.
    init?(_ permission: Permission) {
        guard !permission.key.isEmpty else { return nil }
        self.lower = permission.key
        switch permission.rangeEnd {
        // No string of bytes is between a key and the same key with a zero byte behind it.
        case []: self.upper = permission.key + [0]
        case [0]: self.upper = nil
        default:
            guard permission.key.lexicographicallyPrecedes(permission.rangeEnd) else { return nil }
            self.upper = permission.rangeEnd
        }
    }

    /// Takes in what `next` has more, and returns whether the two overlap or touch; `next` does not begin
    /// below.
    fileprivate mutating func absorb(_ next: KeyInterval) -> Bool {
        guard let upper = self.upper else { return true }
        guard !upper.lexicographicallyPrecedes(next.lower) else { return false }
        if let nextUpper = next.upper {
            if upper.lexicographicallyPrecedes(nextUpper) { self.upper = nextUpper }
        } else {
            self.upper = nil
        }
        return true
    }
}

/// A set of keys, as the fewest intervals: sorted, not empty, with a gap between each and the next.
struct KeyIntervals: Hashable, Sendable {
    let intervals: [KeyInterval]

    /// Merges intervals that overlap or touch.
    init(_ intervals: [KeyInterval]) {
        var merged: [KeyInterval] = []
        for next in intervals.sorted(by: { $0.lower.lexicographicallyPrecedes($1.lower) }) {
            if let last = merged.indices.last, merged[last].absorb(next) { continue }
            merged.append(next)
        }
        self.intervals = merged
    }

    var isEmpty: Bool { self.intervals.isEmpty }

    /// Whether the keys of a request are all in the set; see ``PermissionTable/allowsRead(key:rangeEnd:)``.
    func contains(key: Span<UInt8>, rangeEnd: Span<UInt8>) -> Bool {
        guard let index = self.lastIndex(startingAtOrBelow: key) else { return false }
        let interval = self.intervals[index]
        if let upper = interval.upper, !key.precedes(upper) { return false }
        if rangeEnd.isEmpty { return true }
        if rangeEnd.isOneZeroByte { return interval.upper == nil }
        // An end at or below the key names no keys. etcd then asks that the interval reaches below the end.
        if !key.precedes(rangeEnd) { return rangeEnd.follows(interval.lower) }
        guard let upper = interval.upper else { return true }
        return !rangeEnd.follows(upper)
    }

    /// Finds the only interval that can hold `key`, by bisection.
    private func lastIndex(startingAtOrBelow key: Span<UInt8>) -> Int? {
        var low = 0
        var high = self.intervals.count
        while low < high {
            let middle = (low + high) / 2
            if key.precedes(self.intervals[middle].lower) {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low == 0 ? nil : low - 1
    }
}

extension Span<UInt8> {
    /// Whether this is etcd's way to write "no upper bound".
    fileprivate var isOneZeroByte: Bool { self.count == 1 && self[0] == 0 }

    /// Whether these bytes are below `other` in the order of keys.
    fileprivate func precedes(_ other: [UInt8]) -> Bool { self.precedes(other.span) }

    /// Whether these bytes are above `other` in the order of keys.
    fileprivate func follows(_ other: [UInt8]) -> Bool { other.span.precedes(self) }

    /// Whether these bytes are below `other` in the order of keys.
    fileprivate func precedes(_ other: Span<UInt8>) -> Bool {
        for index in 0..<Swift.min(self.count, other.count) where self[index] != other[index] {
            return self[index] < other[index]
        }
        return self.count < other.count
    }
}
