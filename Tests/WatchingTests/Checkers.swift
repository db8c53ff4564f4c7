import Watching

/// etcd's guarantees about one watcher, by their names, checked against the history.
enum Checkers {
    /// Describes everything that is wrong with what a watcher was told; `isSettled` says that it had
    /// time to be sent everything.
    static func problems(of log: WatcherLog, in driver: WatchDriver, isSettled: Bool = false) -> [String] {
        let expected = driver.expected(log)
        var problems = self.order(log) + self.atomicity(log) + self.content(log, expected)
        problems += self.bookmarks(log, expected) + self.ends(log)
        let isComplete = isSettled && !log.isCancelled && log.compactions.isEmpty
        if isComplete, log.events.count != expected.count {
            problems.append("reliable: \(log.events.count) of \(expected.count) events in the end")
        }
        return problems.map { "watcher \(log.id) from \(log.start): \($0)" }
    }

    /// Ordered and unique.
    private static func order(_ log: WatcherLog) -> [String] {
        var problems: [String] = []
        let events = log.events
        for (one, next) in zip(events, events.dropFirst()) where one.modRevision > next.modRevision {
            problems.append("ordered: \(next) after \(one)")
        }
        let places = events.map { "\($0.key)@\($0.modRevision)" }
        if Set(places).count != places.count { problems.append("unique: an event came twice") }
        let revisions = log.responseRevisions
        if revisions != revisions.sorted() { problems.append("ordered: the headers' revisions go back") }
        return problems
    }

    /// Atomic: a revision is not split between responses, unless they are fragments of one.
    private static func atomicity(_ log: WatcherLog) -> [String] {
        var problems: [String] = []
        var last: Int64 = 0
        var isInsideFragments = false
        for case .events(let events, let revision, let isFragment, _) in log.items {
            if !isInsideFragments, let first = events.first, first.modRevision <= last {
                problems.append("atomic: \(first.modRevision) is split")
            }
            if let newest = events.last {
                last = newest.modRevision
                if newest.modRevision > revision { problems.append("a header is older than its events") }
            }
            isInsideFragments = isFragment
            if isFragment, !log.request.wantsFragments { problems.append("fragments were not asked for") }
        }
        if isInsideFragments { problems.append("the last fragment is missing") }
        return problems
    }

    /// Reliable (no gap), filtered, create flag and previous value.
    private static func content(_ log: WatcherLog, _ expected: [SentEvent]) -> [String] {
        var problems: [String] = []
        let events = log.events
        let wanted = expected.prefix(events.count).map(\.withoutPrevious)
        if events.map(\.withoutPrevious) != Array(wanted) {
            let index = zip(events, wanted).prefix { $0.withoutPrevious == $1 }.count
            problems.append("reliable or filtered: event \(index) is not the wanted one")
            return problems
        }
        var position = 0
        for case .events(let events, _, _, let horizon) in log.items {
            for event in events {
                let truth = expected[position]
                position += 1
                if !event.isDelete, (event.createRevision == event.modRevision) != (truth.previous == nil) {
                    problems.append("create flag: \(event)")
                }
                let mayBeAbsent = !log.request.wantsPrevious || event.modRevision - 1 < horizon
                let isRight =
                    event.previous == nil
                    ? truth.previous == nil || mayBeAbsent : event.previous == truth.previous
                if !isRight { problems.append("previous value: \(event)") }
                if event.previous != nil, !log.request.wantsPrevious {
                    problems.append("previous value: not asked for")
                }
            }
        }
        return problems
    }

    /// Resumable and bookmarkable: what is named by a header or a notification was all sent before.
    private static func bookmarks(_ log: WatcherLog, _ expected: [SentEvent]) -> [String] {
        var problems: [String] = []
        var sent = 0
        for item in log.items {
            switch item {
            case .events(let events, let revision, let isFragment, _):
                sent += events.count
                let due = self.count(expected, through: revision)
                if !isFragment, sent != due {
                    problems.append("resumable: \(sent) of \(due) events at \(revision)")
                }
            case .progress(let revision):
                let due = self.count(expected, through: revision)
                if sent != due { problems.append("bookmarkable: \(sent) of \(due) events at \(revision)") }
                if revision < min(log.start, log.request.startRevision == 0 ? log.createdRevision : .max) {
                    problems.append("bookmarkable: \(revision) is before the start")
                }
            case .compacted: break
            }
        }
        return problems
    }

    /// The number of events up to `revision`.
    private static func count(_ events: [SentEvent], through revision: Int64) -> Int {
        var low = 0
        var high = events.count
        while low < high {
            let middle = (low + high) / 2
            if events[middle].modRevision <= revision { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// A watcher is cancelled by compaction once, only when it was behind, and is told nothing afterwards.
    private static func ends(_ log: WatcherLog) -> [String] {
        var problems: [String] = []
        var reached = log.start - 1
        for (index, item) in log.items.enumerated() {
            switch item {
            case .events(_, let revision, _, _): reached = max(reached, revision)
            case .progress(let revision): reached = max(reached, revision)
            case .compacted(let horizon):
                if index != log.items.count - 1 { problems.append("told something after its end") }
                if reached + 1 >= horizon {
                    problems.append("compacted at \(horizon) but had everything to \(reached)")
                }
            }
        }
        // Somebody else may have written while it was created.
        if log.request.startRevision == 0, log.createdRevision < log.headAtCreation {
            problems.append("created at \(log.createdRevision), before the head \(log.headAtCreation)")
        }
        return problems
    }
}
