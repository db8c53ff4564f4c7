import ChangeBus
import Documents
import MicroHTTP
import NIOCore
package import Persistence
import Synchronization

/// Streams the events table to any number of listeners.
///
/// A listener is a cursor, never a queue: what was committed wakes the feed, the feed wakes the listeners,
/// and each reads on from its cursor: from memory when it follows closely, else page by page from the file.
/// Any thread.
package final class EventFeed: Sendable {
    /// The most listeners.
    static let listenerLimit = 2_000
    /// How many events a listener takes at a time.
    static let pageSize = 256
    /// A quiet listener gets a bookmark so often, in nanoseconds.
    static let bookmarkInterval: Int64 = 15_000_000_000
    /// How long the feed rests after waking everyone: what is committed meanwhile goes out together.
    private static let rest = Duration.milliseconds(20)

    let store: AdminStore
    let now: @Sendable () -> Int64
    private let sleep: @Sendable (Duration) async -> Void
    private let state = Mutex(State())
    /// Marked by commits.
    private let commits = DirtySet<Int>(limit: 4)
    /// The listeners that are too far behind for what is in memory.
    private let laggards = DirtySet<Int>(limit: EventFeed.listenerLimit)

    private struct State {
        var listeners: [Int: EventListener] = [:]
        var nextID = 0
        /// The newest texts, so that listeners at the same place share the work.
        var texts: [EventText] = []
    }

    /// Creates a feed of a store; `sleep` ends early when the task is cancelled.
    package init(
        store: AdminStore,
        now: @escaping @Sendable () -> Int64,
        sleep: @escaping @Sendable (Duration) async -> Void
    ) {
        self.sleep = sleep
        self.store = store
        self.now = now
    }

    /// Says that something was committed.
    ///
    /// Any thread; never blocks.
    package func wake() { self.commits.mark(0) }

    /// Wakes listeners until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while await self.commits.next() != .names([]) {
                    self.wakeAll { _ in true }
                    await self.sleep(Self.rest)
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    await self.sleep(.seconds(1))
                    let time = self.now()
                    self.wakeAll { $0.isQuiet(at: time) }
                }
            }
            group.addTask {
                while case .names(let ids) = await self.laggards.next(), !ids.isEmpty {
                    for id in ids { await self.catchUp(id) }
                }
            }
        }
    }

    // MARK: - Listeners

    /// Opens a stream.
    ///
    /// - Throws: 503 when there are too many.
    func open(_ request: EventRequest) throws(Problem) -> ResponseStream {
        let listener = self.state.withLock { state -> EventListener? in
            guard state.listeners.count < Self.listenerLimit else { return nil }
            state.nextID += 1
            let listener = EventListener(id: state.nextID, request, self)
            state.listeners[listener.id] = listener
            return listener
        }
        guard let listener else {
            var problem = Problem(.notAvailable, "there are already \(Self.listenerLimit) event streams")
            problem.retryAfterSeconds = 10
            throw problem
        }
        return ResponseStream(
            waker: listener.waker,
            next: { _ in listener.next() },
            ended: { _ in self.state.withLock { $0.listeners[listener.id] = nil } }
        )
    }

    /// Asks for a page from the file.
    func fallBehind(_ id: Int) { self.laggards.mark(id) }

    /// The text of the events after a row, shared between listeners with the same wishes.
    func text(after cursor: Int64, _ events: [AdminEvent], _ request: EventRequest) -> [UInt8] {
        guard request.isUnfiltered, let last = events.last?.id else { return request.text(events) }
        let shared = self.state.withLock { state in
            state.texts.first { $0.after == cursor && $0.last == last && $0.format == request.format }
        }
        if let shared { return shared.bytes }
        let text = EventText(after: cursor, last: last, format: request.format, bytes: request.text(events))
        self.state.withLock { state in
            if state.texts.count >= 8 { state.texts.removeFirst() }
            state.texts.append(text)
        }
        return text.bytes
    }

    private func wakeAll(where isMeant: (EventListener) -> Bool) {
        let listeners = self.state.withLock { Array($0.listeners.values) }
        for listener in listeners where isMeant(listener) { listener.waker.wake() }
    }

    private func catchUp(_ id: Int) async {
        guard let listener = self.state.withLock({ $0.listeners[id] }) else { return }
        let page = try? await self.store.events(after: listener.cursor, limit: Self.pageSize)
        listener.accept(page)
    }
}

/// Encoded events.
private struct EventText: Sendable {
    let after: Int64
    let last: Int64
    let format: EventFormat
    let bytes: [UInt8]
}

/// One client of the feed.
final class EventListener: Sendable {
    private struct State {
        var cursor: Int64
        /// A page from the file; `nil` inside when it could not be read.
        var page: AdminStore.EventPage??
        /// When something was last sent, in nanoseconds since 1970.
        var lastSent: Int64
        var isOver = false
    }

    let id: Int
    let waker = StreamWaker()
    private let request: EventRequest
    private let feed: EventFeed
    private let state: Mutex<State>

    init(id: Int, _ request: EventRequest, _ feed: EventFeed) {
        self.id = id
        self.request = request
        self.feed = feed
        self.state = Mutex(State(cursor: request.since, lastSent: feed.now()))
    }

    /// The last row that was sent or left out.
    var cursor: Int64 { self.state.withLock { $0.cursor } }

    /// Whether it is time for a bookmark.
    func isQuiet(at time: Int64) -> Bool {
        self.state.withLock { time - $0.lastSent >= EventFeed.bookmarkInterval }
    }

    /// Takes a page that was read for this listener.
    func accept(_ page: AdminStore.EventPage?) {
        self.state.withLock { $0.page = .some(page) }
        self.waker.wake()
    }

    /// The next bytes.
    ///
    /// One call at a time, on the HTTP server's thread; does not block.
    func next() -> ResponseStream.Step {
        while true {
            let (cursor, page, isOver) = self.state.withLock { state in
                defer { state.page = nil }
                return (state.cursor, state.page, state.isOver)
            }
            if isOver { return .end }
            if !self.request.follows, cursor >= self.request.newest { return .end }
            let events: [AdminEvent]
            switch page {
            case .some(.some(.events(let read))): events = read
            case .some(.some(.expired)): return self.end(self.request.expired())
            case .some(.none): return .failure
            case .none:
                guard let recent = self.feed.store.recentEvents(after: cursor, limit: EventFeed.pageSize)
                else {
                    self.feed.fallBehind(self.id)
                    return .later
                }
                events = recent
            }
            guard let last = events.last?.id else { return self.bookmark(cursor) }
            let text = self.feed.text(after: cursor, events, self.request)
            self.state.withLock { $0.cursor = last }
            if !text.isEmpty { return self.send(text) }
        }
    }

    private func bookmark(_ cursor: Int64) -> ResponseStream.Step {
        guard self.request.follows, self.isQuiet(at: self.feed.now()) else { return .later }
        return self.send(self.request.bookmark(cursor))
    }

    private func send(_ bytes: [UInt8]) -> ResponseStream.Step {
        let time = self.feed.now()
        self.state.withLock { $0.lastSent = time }
        return .bytes(ByteBuffer(bytes: bytes))
    }

    private func end(_ bytes: [UInt8]) -> ResponseStream.Step {
        self.state.withLock { $0.isOver = true }
        return .bytes(ByteBuffer(bytes: bytes))
    }
}
