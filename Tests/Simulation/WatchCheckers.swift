/// etcd's guarantees by their names, checked on what was recorded.
///
/// Each function describes everything that breaks its guarantee and returns nothing when it holds. Those of
/// this file are about one watch; `history` is every event that its server ever committed, in order, with
/// what each replaced.
package enum Checkers {
    /// What all checkers of watches say.
    package static func problems(of watch: WatchTrace, _ history: [SentEvent]) -> [String] {
        let wanted = watch.wanted(of: history)
        var problems = self.ordered(watch) + self.unique(watch) + self.atomic(watch)
        problems += self.reliable(watch, wanted) + self.filtered(watch) + self.previousValue(watch, wanted)
        problems += self.createFlag(watch, wanted) + self.resumable(watch, wanted)
        problems += self.bookmarkable(watch, wanted) + self.ended(watch)
        return problems.map { "\(watch.name) from \(watch.start): \($0)" }
    }

    /// Events come in the order of their revisions, and so do the headers.
    package static func ordered(_ watch: WatchTrace) -> [String] {
        var problems: [String] = []
        let events = watch.events
        for (one, next) in zip(events, events.dropFirst()) where one.modRevision > next.modRevision {
            problems.append("ordered: \(next) after \(one)")
        }
        var last = watch.createdRevision ?? 0
        if watch.startRevision != 0 { last = 0 }
        for case .events(_, let revision, _, _) in watch.items {
            if revision < last {
                problems.append("ordered: the header goes back from \(last) to \(revision)")
            }
            last = revision
        }
        return problems
    }

    /// No event comes twice.
    package static func unique(_ watch: WatchTrace) -> [String] {
        var seen: Set<String> = []
        return watch.events.compactMap { event in
            let isNew = seen.insert("\(event.key)@\(event.modRevision)").inserted
            return isNew ? nil : "unique: \(event) came twice"
        }
    }

    /// A revision is not split between responses, unless they are fragments of one.
    package static func atomic(_ watch: WatchTrace) -> [String] {
        var problems: [String] = []
        var last: Int64 = 0
        var isInsideFragments = false
        for item in watch.items {
            guard case .events(let events, let revision, let isFragment, _) = item else {
                if isInsideFragments, case .progress = item {
                    problems.append("atomic: progress in a fragment")
                }
                continue
            }
            if !isInsideFragments, let first = events.first, first.modRevision <= last {
                problems.append("atomic: \(first.modRevision) is split")
            }
            if let newest = events.last {
                last = max(last, newest.modRevision)
                if newest.modRevision > revision {
                    problems.append("atomic: the header \(revision) is older than \(newest)")
                }
            }
            isInsideFragments = isFragment
            if isFragment, !watch.wantsFragments { problems.append("atomic: fragments were not asked for") }
        }
        if isInsideFragments, watch.isSettled { problems.append("atomic: the last fragment is missing") }
        return problems
    }

    /// Nothing that is wanted is left out before something that came, and nothing at all in the end.
    package static func reliable(_ watch: WatchTrace, _ wanted: [SentEvent]) -> [String] {
        let events = watch.events
        let expected = wanted.prefix(events.count)
        for (index, event) in events.enumerated() {
            guard index < expected.count else { return ["reliable: \(event) never happened"] }
            if event.withoutPrevious != expected[index].withoutPrevious {
                return ["reliable: \(event) came instead of \(expected[index])"]
            }
        }
        guard watch.isSettled, !watch.hasEnded, events.count != wanted.count else { return [] }
        return ["reliable: \(events.count) of \(wanted.count) events in the end"]
    }

    /// Nothing comes that was not asked for.
    package static func filtered(_ watch: WatchTrace) -> [String] {
        watch.events.compactMap { event in
            if !watch.span.contains(event.key) { return "filtered: \(event) is out of range" }
            if event.isDelete ? watch.filtersDeletes : watch.filtersPuts {
                return "filtered: \(event) is of the wrong kind"
            }
            if event.modRevision < watch.start { return "filtered: \(event) is before the start" }
            return nil
        }
    }

    /// What an event says that it replaced is what was there; it is left out only if it was compacted.
    package static func previousValue(_ watch: WatchTrace, _ wanted: [SentEvent]) -> [String] {
        var problems: [String] = []
        var position = 0
        for case .events(let events, _, _, let horizon) in watch.items {
            for event in events {
                guard position < wanted.count else { return problems }
                let truth = wanted[position].previous
                position += 1
                guard let previous = event.previous else {
                    if truth != nil, watch.wantsPrevious, event.modRevision - 1 >= horizon {
                        problems.append("previous value: \(event) has none")
                    }
                    continue
                }
                if !watch.wantsPrevious { problems.append("previous value: \(event) was not asked for it") }
                if previous != truth { problems.append("previous value: \(event) has another") }
            }
        }
        return problems
    }

    /// A put says that it created its key exactly when the key was not there.
    package static func createFlag(_ watch: WatchTrace, _ wanted: [SentEvent]) -> [String] {
        zip(watch.events, wanted).compactMap { event, truth in
            guard !event.isDelete else { return nil }
            let isCreate = event.createRevision == event.modRevision
            return isCreate == (truth.previous == nil) ? nil : "create flag: \(event)"
        }
    }

    /// Whoever resumes after the revision of a header misses nothing.
    package static func resumable(_ watch: WatchTrace, _ wanted: [SentEvent]) -> [String] {
        var problems: [String] = []
        var sent = 0
        for case .events(let events, let revision, let isFragment, _) in watch.items {
            sent += events.count
            let due = self.count(wanted, through: revision)
            if !isFragment, sent != due {
                problems.append("resumable: \(sent) of \(due) events at \(revision)")
            }
        }
        // With a start of its own a watch may be announced with the revision that its loop has read to.
        if watch.startRevision == 0, let created = watch.createdRevision, created < watch.knownRevision {
            problems.append("resumable: created at \(created), and \(watch.knownRevision) was known")
        }
        return problems
    }

    /// Progress is told only when everything up to there was sent, and only of what was asked for.
    package static func bookmarkable(_ watch: WatchTrace, _ wanted: [SentEvent]) -> [String] {
        var problems: [String] = []
        var sent = 0
        var last: Int64 = 0
        for item in watch.items {
            switch item {
            case .events(let events, _, _, _):
                sent += events.count
                if let first = events.first, first.modRevision <= last {
                    problems.append("bookmarkable: \(first) after progress to \(last)")
                }
            case .progress(let revision):
                let due = self.count(wanted, through: revision)
                if sent != due { problems.append("bookmarkable: \(sent) of \(due) events at \(revision)") }
                if revision < last { problems.append("bookmarkable: \(revision) after \(last)") }
                let first = watch.startRevision == 0 ? watch.createdRevision ?? 0 : watch.startRevision
                if revision < first { problems.append("bookmarkable: \(revision) is before the start") }
                last = max(last, revision)
            case .compacted, .cancelled: break
            }
        }
        return problems
    }

    /// A watch is ended by compaction only when it was behind, and is told nothing afterwards.
    package static func ended(_ watch: WatchTrace) -> [String] {
        var problems: [String] = []
        var reached = watch.start - 1
        for (index, item) in watch.items.enumerated() {
            switch item {
            case .events(_, let revision, _, _): reached = max(reached, revision)
            case .progress(let revision): reached = max(reached, revision)
            case .compacted(let horizon):
                if reached + 1 >= horizon {
                    problems.append("ended: compacted at \(horizon) with everything to \(reached)")
                }
                fallthrough
            case .cancelled:
                if index != watch.items.count - 1 { problems.append("ended: told something afterwards") }
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
}
