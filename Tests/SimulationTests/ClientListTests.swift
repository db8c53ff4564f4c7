import AccessControl
import DataPlane
import RPC
import Testing

@testable import Simulation

/// What an operator is told of connections, on a whole server.
@Suite struct ClientListTests {
    private func clients(_ script: Script) -> [ClientConnection] { script.world.process?.clients ?? [] }

    private func closed(_ script: Script) -> [ClosedClient] { script.world.process?.recentlyClosed ?? [] }

    @Test func aConnectionIsListedWithWhoItIsAndItsWatches() throws {
        let script = Script()
        let watch = script.watch()
        script.put("a")
        let listed = self.clients(script)
        #expect(listed.map(\.id) == [1, 2])
        let client = try #require(listed.first)
        #expect(client.certificate?.commonName == "watcher 0")
        #expect(client.identity == .administrator(name: "root"))
        #expect(client.transport == .http2 && client.isEncrypted)
        #expect(client.openStreams == 1 && client.watches == 1)
        #expect(client.receivedBytes > 0 && client.sentBytes > 0)
        #expect(client.lag == 0 && client.catchingUp == 0)
        #expect(listed[1].watches == 0 && listed[1].openStreams == 0)
        #expect(watch.lines == ["put a@2"])
    }

    @Test func aClientThatDoesNotReadIsSeenToFallBehind() throws {
        let script = Script { $0.server.dataPlane.watchLimits.segmentRevisions = 1 }
        let watch = script.watch()
        watch.stall()
        for _ in 0..<60 { script.put("a", String(repeating: "x", count: 200)) }
        let behind = try #require(self.clients(script).first)
        #expect(behind.catchingUp == 1)
        #expect((1...60).contains(behind.lag), "\(behind.lag)")
        watch.resume()
        let after = try #require(self.clients(script).first)
        #expect(after.catchingUp == 0 && after.lag == 0)
        #expect(watch.problems.isEmpty)
    }

    @Test func aWatchOfTheFutureIsNotBehind() throws {
        let script = Script()
        _ = script.watch(from: 1_000)
        script.put("a")
        let client = try #require(self.clients(script).first)
        #expect(client.watches == 1 && client.lag == 0 && client.catchingUp == 0)
    }

    @Test func aConnectionThatIsCutIsGoneAtOnceWithTheReason() throws {
        let script = Script()
        _ = script.watch()
        let wire = try #require(script.world.wires.first)
        wire.connection.close(graceful: false)
        #expect(self.clients(script).isEmpty)
        #expect(self.closed(script).map(\.reason) == [.cut])
        #expect(self.closed(script).first?.client.certificate?.commonName == "watcher 0")
    }

    @Test func aClientThatLeavesIsKeptAmongTheClosedOnes() throws {
        let script = Script()
        _ = script.watch()
        try #require(script.world.wires.first).closeByClient()
        script.run()
        #expect(self.clients(script).isEmpty)
        let closed = try #require(self.closed(script).first)
        #expect(closed.reason == .clientLeft)
        #expect(closed.client.id == 1 && closed.client.watches == 0)
    }

    @Test func aServerThatStopsSaysSo() throws {
        let script = Script()
        _ = script.watch()
        let process = try #require(script.world.process)
        for wire in process.wires { wire.connection.close(graceful: true) }
        script.run()
        #expect(process.recentlyClosed.map(\.reason) == [.shutdown])
    }

    @Test func aSilentClientIsUnresponsive() throws {
        let script = Script()
        let watch = script.watch()
        watch.vanish()
        for _ in 0..<60 {
            script.world.pass(.seconds(2))
            script.world.moveEverything()
        }
        #expect(self.closed(script).map(\.reason) == [.unresponsive])
    }

    @Test func onlyTheLast256ClosedConnectionsAreKept() {
        let script = Script()
        for number in 1...260 {
            let line = script.world.line("client \(number)", .administrator)
            line.ready?.close()
            script.run()
        }
        let closed = self.closed(script)
        #expect(closed.map(\.client.id) == (5...260).reversed())
    }

    @Test func pagesFollowEachOtherWithoutGapsInAnyOrderOfComingAndGoing() throws {
        let script = Script { $0.server.loopCount = 1 }
        let lines = (0..<40).map { script.world.line("client \($0)", .administrator) }
        for line in lines { _ = line.ready }
        for number in [3, 0, 39, 20, 21, 22] { lines[number].ready?.close() }
        script.run()
        let all = self.clients(script)
        #expect(all.count == 34)
        var after: UInt64 = 0
        var paged: [ClientConnection] = []
        while let page = script.world.process?.clientPage(after: after, limit: 7), !page.clients.isEmpty {
            paged += page.clients
            #expect(page.remaining == all.count - paged.count)
            after = paged.last?.id ?? after
        }
        #expect(paged == all)
    }
}
