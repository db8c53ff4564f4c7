import NIOCore
import Synchronization

/// The listener's open connections.
final class HealthConnections: Sendable {
    private struct State {
        var open: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
    }

    private let limit: Int
    private let refused: CounterCell
    private let state = Mutex(State())

    init(limit: Int, refused: CounterCell) {
        self.limit = limit
        self.refused = refused
    }

    var count: Int {
        self.state.withLock { $0.open.count }
    }

    /// Counts the connection until it closes, or refuses it.
    func admit(_ channel: any Channel) throws(HealthListenerError) {
        let id = ObjectIdentifier(channel)
        let isAdmitted = self.state.withLock { state in
            guard !state.isClosed, state.open.count < self.limit else { return false }
            state.open[id] = channel
            return true
        }
        guard isAdmitted else {
            self.refused.increment(by: 1)
            throw .tooManyConnections(limit: self.limit)
        }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { $0.open[id] = nil }
        }
    }

    /// Begins to close all connections and refuses new ones; returns those that are not closed yet.
    func closeAll() -> [any Channel] {
        let open = self.state.withLock { state in
            state.isClosed = true
            return Array(state.open.values)
        }
        for channel in open { channel.close(promise: nil) }
        return open
    }
}
