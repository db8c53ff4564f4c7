import NIOCore
import Synchronization

/// The open connections of one listener.
///
/// Any thread; locked only when a connection opens, closes or is looked for.
final class ConnectionRegistry: Sendable {
    /// One connection's entry.
    struct Registration: Sendable {
        let id: UInt64
        let remoteAddress: SocketAddress?
    }

    private struct State {
        var channels: [UInt64: any Channel] = [:]
        var isClosed = false
        var emptied: EventLoopPromise<Void>?
    }

    private let state = Mutex(State())
    private let numbers: ConnectionNumbers

    init(numbers: ConnectionNumbers = ConnectionNumbers()) {
        self.numbers = numbers
    }

    var count: Int { self.state.withLock { $0.channels.count } }

    /// Adds a channel, unless there are `limit` already or the listener is stopping.
    func register(_ channel: any Channel, limit: Int) -> Registration? {
        let id = self.numbers.next()
        let isAdmitted = self.state.withLock { state -> Bool in
            guard !state.isClosed, state.channels.count < limit else { return false }
            state.channels[id] = channel
            return true
        }
        guard isAdmitted else { return nil }
        return Registration(id: id, remoteAddress: channel.remoteAddress)
    }

    func remove(_ id: UInt64) {
        let emptied = self.state.withLock { state -> EventLoopPromise<Void>? in
            state.channels[id] = nil
            return state.channels.isEmpty ? state.emptied.take() : nil
        }
        emptied?.succeed()
    }

    /// Admits no more; `promise` succeeds when no connection is left.
    func close(whenEmpty promise: EventLoopPromise<Void>) {
        let isEmpty = self.state.withLock { state -> Bool in
            state.isClosed = true
            guard !state.channels.isEmpty else { return true }
            state.emptied = promise
            return false
        }
        if isEmpty { promise.succeed() }
    }

    /// The channels of all connections, oldest first.
    var channels: [any Channel] {
        let channels = self.state.withLock { $0.channels }
        return channels.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Returns the channel of one connection, while it is open.
    func channel(_ id: UInt64) -> (any Channel)? {
        self.state.withLock { $0.channels[id] }
    }
}
