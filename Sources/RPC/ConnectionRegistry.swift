import NIOCore
import Synchronization

/// The open connections of one listener.
///
/// Any thread; locked only when a connection opens, is identified or closes.
final class ConnectionRegistry: Sendable {
    /// One connection's entry.
    struct Registration: Sendable {
        let id: UInt64
        let remoteAddress: SocketAddress?
        let registry: ConnectionRegistry

        /// Says who is at the other end.
        func identify(_ peer: RPCPeer) {
            self.registry.state.withLock { $0.entries[self.id]?.peer = peer }
        }
    }

    private struct Entry {
        var channel: any Channel
        var peer: RPCPeer?
    }

    private struct State {
        var entries: [UInt64: Entry] = [:]
        var lastID: UInt64 = 0
        var isClosed = false
        var emptied: EventLoopPromise<Void>?
    }

    private let state = Mutex(State())

    var count: Int { self.state.withLock { $0.entries.count } }

    /// The peers of all connections that have a session, by age.
    var peers: [RPCPeer] {
        let peers = self.state.withLock { $0.entries.values.compactMap(\.peer) }
        return peers.sorted { $0.connectionID < $1.connectionID }
    }

    /// Adds a channel, unless there are `limit` already or the listener is stopping.
    func register(_ channel: any Channel, limit: Int) -> Registration? {
        let id = self.state.withLock { state -> UInt64? in
            guard !state.isClosed, state.entries.count < limit else { return nil }
            state.lastID += 1
            state.entries[state.lastID] = Entry(channel: channel)
            return state.lastID
        }
        guard let id else { return nil }
        return Registration(id: id, remoteAddress: channel.remoteAddress, registry: self)
    }

    func remove(_ id: UInt64) {
        let emptied = self.state.withLock { state -> EventLoopPromise<Void>? in
            state.entries[id] = nil
            return state.entries.isEmpty ? state.emptied.take() : nil
        }
        emptied?.succeed()
    }

    /// Admits no more; `promise` succeeds when no connection is left.
    func close(whenEmpty promise: EventLoopPromise<Void>) {
        let isEmpty = self.state.withLock { state -> Bool in
            state.isClosed = true
            guard !state.entries.isEmpty else { return true }
            state.emptied = promise
            return false
        }
        if isEmpty { promise.succeed() }
    }

    /// Returns the channels of the connections whose peers satisfy `isIncluded`, by age.
    ///
    /// - Parameter isIncluded: Called with `nil` for a connection that has no session yet.
    /// - Returns: The channels, oldest first.
    func channels(where isIncluded: (RPCPeer?) -> Bool) -> [any Channel] {
        let entries = self.state.withLock { $0.entries }
        return entries.filter { isIncluded($0.value.peer) }.sorted { $0.key < $1.key }.map(\.value.channel)
    }
}
