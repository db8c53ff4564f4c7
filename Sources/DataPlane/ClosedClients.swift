import Synchronization

/// The connections that were closed last.
///
/// Any thread; locked when a connection closes.
final class ClosedClients: Sendable {
    /// How many are kept.
    static let limit = 256

    private let closed = Mutex<[ClosedClient]>([])

    /// Adds one, and forgets the oldest if there are too many.
    func add(_ client: ClosedClient) {
        self.closed.withLock { closed in
            if closed.count == Self.limit { closed.removeFirst() }
            closed.append(client)
        }
    }

    /// Those that are kept, the latest first.
    var latest: [ClosedClient] {
        self.closed.withLock { $0 }.reversed()
    }
}
