import MVCC
import NIOCore

/// Finds the watch groups whose range holds a key.
///
/// Single keys are in a dictionary. Ranges are in an array ordered by their start, read as an implicit
/// balanced tree whose nodes know the greatest end below them, so that a look-up costs O(log *n* + *k*). The
/// tree is rebuilt at the first look-up after a change: watches come in bursts, events come after.
struct RangeIndex {
    private var singles: [ByteBuffer: [WatchGroup]] = [:]
    private var ranges: [WatchGroup] = []
    /// For the implicit node at each position, the greatest range end in its subtree.
    private var greatestEnds: [KeyRange.End] = []
    private var needsRebuild = false

    mutating func insert(_ group: WatchGroup) {
        let range = group.interest.range
        guard case .single = range.end else {
            self.ranges.append(group)
            self.needsRebuild = true
            return
        }
        self.singles[range.start, default: []].append(group)
    }

    mutating func remove(_ group: WatchGroup) {
        let range = group.interest.range
        guard case .single = range.end else {
            self.ranges.removeAll { $0 === group }
            self.needsRebuild = true
            return
        }
        self.singles[range.start]?.removeAll { $0 === group }
        if self.singles[range.start]?.isEmpty == true { self.singles[range.start] = nil }
    }

    /// Calls `body` for each group whose range holds the record's key.
    mutating func forEachGroup(holding record: Record, _ body: (WatchGroup) -> Void) {
        if !self.singles.isEmpty, let groups = self.singles[record.key] {
            for group in groups { body(group) }
        }
        guard !self.ranges.isEmpty else { return }
        if self.needsRebuild { self.rebuild() }
        self.search(0..<self.ranges.count, record, body)
    }

    private func search(_ span: Range<Int>, _ record: Record, _ body: (WatchGroup) -> Void) {
        guard !span.isEmpty else { return }
        let middle = (span.lowerBound + span.upperBound) / 2
        // Nothing below ends after the key.
        guard self.greatestEnds[middle].isAfter(keyOf: record) else { return }
        self.search(span.lowerBound..<middle, record, body)
        let range = self.ranges[middle].interest.range
        guard range.startsAtOrBefore(keyOf: record) else { return }
        if range.contains(keyOf: record) { body(self.ranges[middle]) }
        self.search(middle + 1..<span.upperBound, record, body)
    }

    private mutating func rebuild() {
        self.ranges.sort { Bytes.areInOrder($0.interest.range.start, $1.interest.range.start) }
        self.greatestEnds = self.ranges.map(\.interest.range.end)
        _ = self.fillGreatestEnds(0..<self.ranges.count)
        self.needsRebuild = false
    }

    private mutating func fillGreatestEnds(_ span: Range<Int>) -> KeyRange.End? {
        guard !span.isEmpty else { return nil }
        let middle = (span.lowerBound + span.upperBound) / 2
        var greatest = self.greatestEnds[middle]
        for part in [span.lowerBound..<middle, middle + 1..<span.upperBound] {
            if let end = self.fillGreatestEnds(part) { greatest = greatest.later(end) }
        }
        self.greatestEnds[middle] = greatest
        return greatest
    }
}

extension KeyRange {
    fileprivate func startsAtOrBefore(keyOf record: Record) -> Bool {
        record.withUnsafeKey { key in
            self.start.withUnsafeReadableBytes { Bytes.compare($0, key) <= 0 }
        }
    }
}

extension KeyRange.End {
    fileprivate func isAfter(keyOf record: Record) -> Bool {
        guard case .before(let end) = self else { return true }
        return record.withUnsafeKey { key in
            end.withUnsafeReadableBytes { Bytes.compare(key, $0) < 0 }
        }
    }

    fileprivate func later(_ other: KeyRange.End) -> KeyRange.End {
        guard case .before(let mine) = self, case .before(let theirs) = other else { return .unbounded }
        return Bytes.areInOrder(mine, theirs) ? other : self
    }
}
