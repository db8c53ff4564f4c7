package import NIOCore

/// The keys that a request names, with etcd's conventions for `key` and `range_end`.
///
/// - `range_end` empty: the one key.
/// - `range_end` a single zero byte: every key from `key` on.
/// - otherwise: the keys from `key` up to, not including, `range_end`; none if `range_end` is not after
///   `key`.
package struct KeyRange: Hashable, Sendable {
    /// Where a range ends.
    package enum End: Hashable, Sendable {
        /// The range is its first key only.
        case single
        /// Every key from the first on.
        case unbounded
        /// Up to, not including, this key.
        case before(ByteBuffer)
    }

    /// The first key of the range; may be empty, which is before every key.
    package let start: ByteBuffer
    /// The end of the range.
    package let end: End

    /// Creates a range from a request's `key` and `range_end`.
    package init(key: ByteBuffer, rangeEnd: ByteBuffer) {
        self.start = key
        switch rangeEnd.readableBytes {
        case 0: self.end = .single
        case 1 where rangeEnd.readableBytesView.first == 0: self.end = .unbounded
        default: self.end = .before(rangeEnd)
        }
    }

    /// Creates the range of one key.
    package init(_ key: ByteBuffer) {
        self.start = key
        self.end = .single
    }

    /// Creates the range of all keys that begin with `prefix`.
    package init(prefix: String) {
        self.start = ByteBuffer(string: prefix)
        var successor = Array(prefix.utf8)
        while let last = successor.last, last == 0xff { successor.removeLast() }
        if let last = successor.popLast() {
            self.end = .before(ByteBuffer(bytes: successor + [last + 1]))
        } else {
            self.end = .unbounded
        }
    }

    /// Every key there can be.
    package static let everything = KeyRange(key: ByteBuffer(bytes: [0]), rangeEnd: ByteBuffer(bytes: [0]))

    /// Whether no key can be in the range.
    package var isEmpty: Bool {
        guard case .before(let end) = self.end else { return false }
        return !Bytes.areInOrder(self.start, end)
    }

    /// Whether `key` is in the range.
    package func contains(_ key: ByteBuffer) -> Bool {
        unsafe key.withUnsafeReadableBytes { unsafe self.contains(unsafe: $0) }
    }

    /// Whether the key of `record` is in the range.
    package func contains(keyOf record: Record) -> Bool {
        unsafe record.withUnsafeKey { unsafe self.contains(unsafe: $0) }
    }

    @inline(__always)
    func contains(unsafe key: UnsafeRawBufferPointer) -> Bool {
        let fromStart = unsafe self.start.withUnsafeReadableBytes { unsafe Bytes.compare(key, $0) }
        switch self.end {
        case .single: return fromStart == 0
        case .unbounded: return fromStart >= 0
        case .before(let end):
            guard fromStart >= 0 else { return false }
            return unsafe end.withUnsafeReadableBytes { unsafe Bytes.compare(key, $0) } < 0
        }
    }
}

/// Comparison of byte strings in etcd's key order.
package enum Bytes {
    /// Returns a negative number, zero or a positive number as `a` is before, equal to or after `b`.
    @inline(__always)
    package static func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        let common = min(a.count, b.count)
        if common > 0, let left = a.baseAddress, let right = b.baseAddress {
            let order = unsafe memoryCompare(left, right, common)
            if order != 0 { return order }
        }
        return a.count - b.count
    }

    /// Whether `a` is strictly before `b`.
    package static func areInOrder(_ a: ByteBuffer, _ b: ByteBuffer) -> Bool {
        unsafe a.withUnsafeReadableBytes { a in
            unsafe b.withUnsafeReadableBytes { b in unsafe self.compare(a, b) < 0 }
        }
    }
}
