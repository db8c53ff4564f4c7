/// The keys from `start` to before `end`: etcd's ranges, on texts.
package struct KeySpan: Hashable, Sendable {
    /// The first key.
    package var start: String
    /// The end: empty for the one key, a zero character for no end.
    package var end: String

    /// All keys.
    package static let everything = KeySpan("\0", "\0")

    /// Creates a span.
    package init(_ start: String, _ end: String = "") {
        self.start = start
        self.end = end
    }

    /// Creates the span of all keys that begin with `prefix`, which must not end with the last ASCII
    /// character.
    package init(prefix: String) {
        var end = Array(prefix.utf8)
        if let last = end.popLast() { end.append(last + 1) }
        self.init(prefix, String(decoding: end, as: UTF8.self))
    }

    /// Whether a key is inside.
    package func contains(_ key: String) -> Bool {
        switch self.end {
        case "": key == self.start
        case "\0": !key.utf8.lexicographicallyPrecedes(self.start.utf8)
        default:
            !key.utf8.lexicographicallyPrecedes(self.start.utf8)
                && key.utf8.lexicographicallyPrecedes(self.end.utf8)
        }
    }
}

/// What one watch asked for and was told, in order: what the checkers look at.
package struct WatchTrace: Sendable {
    /// Something that a watch was told.
    package enum Item: Hashable, Sendable {
        /// A response with events; `horizon` is the store's when it was received, or earlier.
        case events([SentEvent], revision: Int64, isFragment: Bool, horizon: Int64)
        /// A response that says only how far the watch is.
        case progress(revision: Int64)
        /// The watch has ended because it was behind the horizon.
        case compacted(horizon: Int64)
        /// The watch has ended for another reason, or at the client's wish.
        case cancelled(reason: String)
    }

    /// Who watches, for people.
    package var name: String
    /// The keys that were asked for.
    package var span: KeySpan
    /// The revision that was asked for; zero means what comes after the creation.
    package var startRevision: Int64 = 0
    /// Whether puts were not wanted.
    package var filtersPuts = false
    /// Whether deletes were not wanted.
    package var filtersDeletes = false
    /// Whether replaced records were wanted.
    package var wantsPrevious = false
    /// Whether progress was wanted.
    package var wantsProgress = false
    /// Whether responses might be split.
    package var wantsFragments = false
    /// The process that was asked, counted from zero.
    package var life = 0
    /// The revision that the creation was announced with; `nil` while it was not.
    package var createdRevision: Int64?
    /// The newest revision that anybody had been told before the watch was asked for.
    package var knownRevision: Int64 = 0
    /// What was told.
    package var items: [Item] = []
    /// Whether it lived until everything was told.
    package var isSettled = false

    /// Creates the trace of a watch that was told nothing yet.
    package init(name: String, span: KeySpan) {
        self.name = name
        self.span = span
    }

    /// The first revision that it wants.
    package var start: Int64 {
        self.startRevision == 0 ? (self.createdRevision ?? .max - 1) + 1 : self.startRevision
    }

    /// All events.
    package var events: [SentEvent] {
        self.items.flatMap { item in
            guard case .events(let events, _, _, _) = item else { return [SentEvent]() }
            return events
        }
    }

    /// Whether it was told of its end.
    package var hasEnded: Bool {
        switch self.items.last {
        case .compacted, .cancelled: true
        case .events, .progress, nil: false
        }
    }

    /// What it wants of everything that happened.
    package func wanted(of history: [SentEvent]) -> [SentEvent] {
        // The keys are few and the events many.
        var isInside: [String: Bool] = [:]
        let start = self.start
        return history.filter { event in
            guard event.modRevision >= start else { return false }
            guard !(event.isDelete ? self.filtersDeletes : self.filtersPuts) else { return false }
            if let known = isInside[event.key] { return known }
            let contains = self.span.contains(event.key)
            isInside[event.key] = contains
            return contains
        }
    }
}
