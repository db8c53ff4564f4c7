import AccessControl
import MVCC
import NIOCore

/// Pages through the keys that somebody may read, at one revision.
///
/// Pure; over an immutable key space, so it holds up no writer.
struct KeyBrowser: Sendable {
    /// Where to go on.
    struct Position: Hashable, Sendable {
        /// The first key that may be next.
        var start: [UInt8]
        /// How many keys from there on were shown already.
        var skipped = 0
    }

    /// A part of what there is.
    struct Page: Sendable {
        let records: [Record]
        /// How many keys come after it.
        let remaining: Int
        /// Where it goes on; `nil` at the end.
        let next: Position?
    }

    /// The longest key that a position repeats; of a longer one it has the beginning, and counts.
    static let longestStart = 1_024

    let keyspace: Keyspace
    /// The keys that are shown: ranges in order, without overlaps.
    let ranges: [KeyRange]

    /// Creates a browser of the keys that begin with `prefix`, as far as they may be read.
    init(_ keyspace: Keyspace, prefix: String, readable permissions: PermissionTable) {
        self.keyspace = keyspace
        let wanted = KeyRange(prefix: prefix)
        let start = Array(wanted.start.readableBytesView)
        var end: [UInt8]?
        if case .before(let bytes) = wanted.end { end = Array(bytes.readableBytesView) }
        self.ranges = permissions.readableIntervals.compactMap { interval in
            Self.range(
                from: Self.later(start, interval.lower),
                to: Self.earlier(end, interval.upper)
            )
        }
    }

    /// Returns up to `limit` keys with their values, but no more than fill `byteLimit` (and at least one).
    ///
    /// - Throws: ``StoreError/compacted(at:)`` when the revision can no longer be read,
    ///   ``StoreError/futureRevision(head:)`` when there is none such yet.
    func page(
        from position: Position?,
        limit: Int,
        byteLimit: Int,
        at revision: Int64
    ) throws(StoreError) -> Page {
        try self.keyspace.checkReadable(revision)
        var skipped = position?.skipped ?? 0
        var records: [Record] = []
        var total = 0
        for range in self.ranges {
            let rest = position == nil ? range : position.flatMap { Self.range(range, from: $0.start) }
            guard let rest else { continue }
            var query = RangeQuery(rest)
            query.revision = revision
            query.limit = Int64(max(1, limit + skipped - records.count))
            query.countOnly = records.count >= limit
            let found = try self.keyspace.range(query)
            total += found.count
            guard !query.countOnly else { continue }
            records += found.records.dropFirst(skipped).prefix(limit - records.count)
            skipped = max(0, skipped - found.count)
        }
        total -= position?.skipped ?? 0
        records = Self.cut(records, to: byteLimit)
        let remaining = total - records.count
        return Page(
            records: records,
            remaining: remaining,
            next: remaining > 0 ? records.last.map { self.position(after: $0, at: revision) } : nil
        )
    }

    private func position(after record: Record, at revision: Int64) -> Position {
        let key = Array(record.key.readableBytesView)
        guard key.count > Self.longestStart else { return Position(start: key + [0]) }
        let start = Array(key.prefix(Self.longestStart))
        let shown = KeyRange(key: ByteBuffer(bytes: start), rangeEnd: ByteBuffer(bytes: key + [0]))
        return Position(start: start, skipped: self.keyspace.count(shown, at: revision))
    }

    private static func cut(_ records: [Record], to byteLimit: Int) -> [Record] {
        var bytes = 0
        let count = records.prefix { record in
            bytes += record.keyByteCount + record.valueByteCount
            return bytes <= byteLimit
        }.count
        return Array(records.prefix(max(1, count)))
    }

    // MARK: - Ranges

    private static func range(from start: [UInt8], to end: [UInt8]?) -> KeyRange? {
        guard let end else {
            return KeyRange(key: ByteBuffer(bytes: start), rangeEnd: ByteBuffer(bytes: [0]))
        }
        guard start.lexicographicallyPrecedes(end) else { return nil }
        return KeyRange(key: ByteBuffer(bytes: start), rangeEnd: ByteBuffer(bytes: end))
    }

    private static func range(_ range: KeyRange, from start: [UInt8]) -> KeyRange? {
        let first = self.later(Array(range.start.readableBytesView), start)
        switch range.end {
        case .single, .unbounded: return self.range(from: first, to: nil)
        case .before(let end): return self.range(from: first, to: Array(end.readableBytesView))
        }
    }

    private static func later(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        a.lexicographicallyPrecedes(b) ? b : a
    }

    private static func earlier(_ a: [UInt8]?, _ b: [UInt8]?) -> [UInt8]? {
        guard let a, let b else { return a ?? b }
        return a.lexicographicallyPrecedes(b) ? a : b
    }
}
