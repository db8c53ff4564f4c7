import MVCC

/// Decides when history is old enough to be compacted; pure, time is a parameter.
///
/// It samples the revision a few times per interval, and asks for compaction at the newest sample that is at
/// least one interval old, leaving a least number of revisions. Going by revision, it asks once per interval
/// for all but that number. So that fast overwriting does not cost memory without bound until then, it also
/// asks for the older half of a history that has become too large.
struct AutomaticCompaction: Sendable {
    private static let samplesPerInterval = 5

    private let interval: Duration
    private let keptRevisions: Int64
    private let goesByRevision: Bool
    private var samples: [(at: Duration, revision: Int64)] = []
    private var nextSample: Duration

    /// - Parameters:
    ///   - interval: How long history is kept; zero turns compaction off.
    ///   - keptRevisions: The least number of revisions that stay.
    ///   - goesByRevision: Whether the age of revisions does not count.
    ///   - now: The start, on the clock that later calls use.
    init(interval: Duration, keptRevisions: Int64, goesByRevision: Bool = false, now: Duration) {
        self.interval = interval
        self.keptRevisions = keptRevisions
        self.goesByRevision = goesByRevision
        self.nextSample = goesByRevision ? now + interval : now
    }

    /// When to call ``revisionToCompact(head:compacted:now:)`` next; `nil` when compaction is off.
    var deadline: Duration? { self.interval > .zero ? self.nextSample : nil }

    /// Returns the revision to compact through, if it is time for one.
    mutating func revisionToCompact(head: Int64, compacted: Int64, now: Duration) -> Int64? {
        guard self.interval > .zero, now >= self.nextSample else { return nil }
        guard !self.goesByRevision else {
            self.nextSample = now + self.interval
            let target = head - self.keptRevisions
            return target > compacted && target > 0 ? target : nil
        }
        self.nextSample = now + self.interval / Self.samplesPerInterval
        self.samples.append((now, head))
        let old = self.samples.prefix { $0.at + self.interval <= now }
        guard let newest = old.last else { return nil }
        self.samples.removeFirst(old.count)
        let target = min(newest.revision, head - self.keptRevisions)
        return target > compacted && target > 0 ? target : nil
    }

    /// Returns the revision to compact through because history has more than so many bytes (zero: never).
    ///
    /// The least number of revisions stays all the same. While garbage of the last compaction is left there
    /// is no other.
    func revisionToCompact(_ keyspace: Keyspace, historyByteLimit limit: Int) -> Int64? {
        guard self.interval > .zero, limit > 0, keyspace.historyByteCount > limit, !keyspace.needsTrimming
        else { return nil }
        let target = min(keyspace.middleOfHistory, keyspace.revision - self.keptRevisions)
        return target > keyspace.compactedRevision && target > 0 ? target : nil
    }
}
