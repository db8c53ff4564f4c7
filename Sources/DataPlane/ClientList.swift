/// The open connections of one event loop, by number.
///
/// Bound to that loop. A simulation asks it without a server.
package final class ClientList {
    private var sessions: [EtcdSession] = []

    /// The number of connections.
    package var count: Int { self.sessions.count }

    func add(_ session: EtcdSession) {
        self.sessions.insert(session, at: self.position(of: session.id))
    }

    func remove(_ session: EtcdSession) {
        let position = self.position(of: session.id)
        guard position < self.sessions.count, self.sessions[position] === session else { return }
        self.sessions.remove(at: position)
    }

    /// Returns one connection.
    package func client(_ id: UInt64) -> ClientConnection? {
        let position = self.position(of: id)
        guard position < self.sessions.count, self.sessions[position].id == id else { return nil }
        return self.sessions[position].client
    }

    /// Returns the first `limit` connections whose numbers are above `id`, and how many there are beyond
    /// them.
    package func page(after id: UInt64, limit: Int) -> ClientPage {
        let rest = self.sessions[self.position(of: id &+ 1)...]
        let clients = rest.prefix(limit).map(\.client)
        return ClientPage(clients: clients, remaining: rest.count - clients.count)
    }

    /// Returns the numbers of the connections whose certificates satisfy `isIncluded`.
    func ids(where isIncluded: (ClientCertificate) -> Bool) -> [UInt64] {
        self.sessions.filter { $0.certificate.map(isIncluded) ?? false }.map(\.id)
    }

    /// Returns where the connection of this number is, or would be.
    private func position(of id: UInt64) -> Int {
        var (low, high) = (0, self.sessions.count)
        while low < high {
            let middle = (low + high) / 2
            if self.sessions[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// A part of the list of open connections.
package struct ClientPage: Hashable, Sendable {
    /// Open connections, by number.
    package let clients: [ClientConnection]
    /// How many there are beyond them.
    package let remaining: Int
}
