/// Where one watcher stands in the log.
///
/// Pure; it knows no sockets.
///
///     catchingUp(next) ──reached the live cursor──► live
///           ▲                                        │
///           └────────── stream not writable ─────────┘
///
/// `next` is the first revision that was not delivered. A live watcher has none of its own: it stands at its
/// loop's live cursor, or waits for a first revision in the future.
struct WatcherMachine: ~Copyable {
    private enum State: ~Copyable {
        case live(from: Int64)
        case catchingUp(next: Int64)
    }

    /// What a live watcher does with a segment.
    enum DeliverAction: Equatable {
        /// Send all of it.
        case send
        /// Send only what is at or after this revision: the watch starts inside the segment.
        case sendFrom(Int64)
        /// Nothing: it begins later, or is catching up.
        case skip
        /// Remember the place and read the log later.
        case startCatchUp
    }

    private var state: State

    /// Creates a watcher that wants everything from `start` on, at a loop whose next revision is
    /// `liveCursor`.
    init(start: Int64, liveCursor: Int64) {
        self.state = start >= liveCursor ? .live(from: start) : .catchingUp(next: start)
    }

    private init(_ state: consuming State) { self.state = state }

    /// Whether the watcher has been given everything up to the live cursor.
    var isLive: Bool {
        switch self.state {
        case .live: true
        case .catchingUp: false
        }
    }

    /// The first revision that it has yet to see; for a live watcher, the first that it wants.
    var next: Int64 {
        switch self.state {
        case .live(let from): from
        case .catchingUp(let next): next
        }
    }

    /// Decides what to do with events of the revisions from `first` through `last`.
    mutating func deliver(from first: Int64, through last: Int64, isWritable: Bool) -> DeliverAction {
        switch consume self.state {
        case .live(let from):
            guard from <= last else {
                self = .init(.live(from: from))
                return .skip
            }
            guard isWritable else {
                self = .init(.catchingUp(next: max(from, first)))
                return .startCatchUp
            }
            self = .init(.live(from: from))
            return from <= first ? .send : .sendFrom(from)
        case .catchingUp(let next):
            self = .init(.catchingUp(next: next))
            return .skip
        }
    }

    /// Notes that everything before `next` was delivered; returns whether the watcher is live now.
    mutating func caughtUp(to next: Int64, liveCursor: Int64) -> Bool {
        guard next < liveCursor else {
            self = .init(.live(from: next))
            return true
        }
        self = .init(.catchingUp(next: next))
        return false
    }
}
