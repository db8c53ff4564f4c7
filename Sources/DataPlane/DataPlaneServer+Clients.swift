import NIOCore
import RPC
import Watching

extension DataPlaneServer {
    /// How many connections a loop describes in one turn, so that nobody else waits long.
    private static let clientsPerTurn = 1_000

    /// Collects open connections, by number.
    ///
    /// Each loop is asked once for every thousand. Probes of ports without the API are left out.
    ///
    /// - Parameters:
    ///   - id: The number above which to begin.
    ///   - limit: The most to return.
    /// - Returns: The connections, and how many there are beyond them.
    package func clients(after id: UInt64, limit: Int) async -> ClientPage {
        var clients: [ClientConnection] = []
        var remaining = 0
        var last = id
        repeat {
            let wanted = min(limit - clients.count, Self.clientsPerTurn)
            let start = last
            let pages = await self.onEachLoop { $0.clients.page(after: start, limit: wanted) }
            let found = pages.flatMap(\.clients).sorted { $0.id < $1.id }
            remaining = pages.reduce(found.count) { $0 + $1.remaining }
            let taken = found.prefix(wanted)
            clients += taken
            remaining -= taken.count
            last = taken.last?.id ?? last
        } while remaining > 0 && clients.count < limit
        return ClientPage(clients: clients, remaining: remaining)
    }

    /// Returns all open connections, by number.
    package func clients() async -> [ClientConnection] {
        await self.clients(after: 0, limit: .max).clients
    }

    /// Returns how many watches there are.
    package func watchCount() async -> Int {
        await self.onEachLoop { $0.registry.watcherCount }.reduce(0, +)
    }

    /// Returns an open connection.
    package func client(_ id: UInt64) async -> ClientConnection? {
        await self.onEachLoop { $0.clients.client(id) }.compactMap { $0 }.first
    }

    /// The connections that were closed last, the latest first; at most 256.
    package var recentlyClosed: [ClosedClient] { self.closedClients.latest }

    /// Cuts a connection: tells its client to go (GOAWAY), sends nothing more, and closes it.
    ///
    /// When this returns, the connection is no longer among ``clients()`` but among ``recentlyClosed``.
    ///
    /// - Returns: Whether there was such a connection.
    package func disconnect(id: UInt64) async -> Bool {
        let isFound = self.cut(id, because: .cut)
        if isFound { await self.passOnEachLoop() }
        return isFound
    }

    /// Cuts the connections whose certificates `isRevoked`, at once.
    ///
    /// None is missed if who comes later is refused already.
    ///
    /// - Returns: How many there were.
    @discardableResult
    package func disconnect(
        where isRevoked: @escaping @Sendable (ClientCertificate) -> Bool
    ) async -> Int {
        let ids = await self.onEachLoop { $0.clients.ids(where: isRevoked) }.flatMap { $0 }
        let count = ids.count { self.cut($0, because: .revoked) }
        if count > 0 { await self.passOnEachLoop() }
        return count
    }

    /// Returns when each loop has done what it was told before.
    private func passOnEachLoop() async {
        _ = await self.onEachLoop { _ in true }
    }

    /// Asks the loops, all at the same time; one that has ended has no connections.
    private func onEachLoop<Answer: Sendable>(
        _ body: @escaping @Sendable (LoopServices) -> Answer
    ) async -> [Answer] {
        let futures = self.loops.map { loop in loop.eventLoop.submit { body(loop.services.value) } }
        var answers: [Answer] = []
        // Losing the error is right: the only one is that the loop has ended.
        for future in futures { if let answer = try? await future.get() { answers.append(answer) } }
        return answers
    }
}

/// An event loop and what its connections share.
struct ServedLoop: Sendable {
    let eventLoop: any EventLoop
    let services: NIOLoopBound<LoopServices>
}
