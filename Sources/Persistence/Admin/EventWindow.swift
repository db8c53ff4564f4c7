/// The newest events, in memory, so that those who follow closely need no database.
struct EventWindow: Sendable {
    /// The most events that are kept; streams that are further behind read the file.
    static let limit = 4_096

    private var events: [AdminEvent] = []
    /// The row before the first one that is kept.
    private var start: Int64

    /// Creates a window that knows nothing up to the row `id`.
    init(after id: Int64) {
        self.start = id
    }

    /// Adds events; drops the oldest.
    mutating func append(_ events: [AdminEvent]) {
        self.events += events
        // Half at once, so that dropping costs little per event.
        guard self.events.count > Self.limit else { return }
        let dropped = self.events.count - Self.limit / 2
        self.start = self.events[dropped - 1].id
        self.events.removeFirst(dropped)
    }

    /// The events after the row `id`; `nil` when some of them are no longer kept here.
    func events(after id: Int64, limit: Int) -> [AdminEvent]? {
        guard id >= self.start else { return nil }
        // Rows have no gaps.
        let index = Int(min(id - self.start, Int64(self.events.count)))
        return Array(self.events[index...].prefix(limit))
    }
}
