import DataPlane
import MVCC
import Storage

extension World {
    /// Everything that breaks a promise in what was recorded; the world is at rest.
    var problems: [String] {
        let operations = self.recorder.operations
        var problems = self.recorder.problems
        problems += Checkers.linearizable(operations, self.history)
        problems += Checkers.realTime(operations)
        problems += Checkers.settled(operations, self.history)
        problems += Checkers.revisionsIssuedOnce(self.history)
        problems += Checkers.oneCluster(self.recorder.identities)
        problems += Checkers.durable(operations, self.history, self.settings.server.durability)
        problems += Checkers.leases(self.expiries)
        problems += self.watchProblems
        for user in self.settings.managesUsers ? ["alice", "bob"] : [] {
            problems += Checkers.authorized(operations, of: user, self.history)
        }
        for case let agent as Agent in self.clients {
            let store = self.history.state.filter { agent.span.contains($0.key) }.mapValues(\.value)
            problems += Checkers.inStep(agent.map, store, name: agent.line.name)
        }
        problems += self.leftovers
        return problems
    }

    private var watchProblems: [String] {
        var histories: [Int: [SentEvent]] = [:]
        var problems: [String] = []
        for (number, watch) in self.recorder.watches.enumerated() {
            let history = histories[watch.life] ?? self.history.events(of: watch.life)
            histories[watch.life] = history
            problems += Checkers.problems(of: watch, history)
            let told = self.recorder.commitsAtItems[number] ?? []
            for user in ["alice", "bob"] where watch.name == user {
                problems += Checkers.withdrawn(watch, told: told, of: user, self.history)
            }
        }
        return problems
    }

    /// What the list of clients says and is not so: it has who is connected, and nobody is behind any more.
    private var misreportedClients: [String] {
        guard let process else { return [] }
        let open = process.wires.filter(\.isOpenForServer).map { UInt64($0.number) }.sorted()
        let listed = process.clients
        var problems: [String] = []
        if listed.map(\.id) != open {
            problems.append("clients: \(listed.map(\.id)) are listed, \(open) connected")
        }
        // Nobody has told the server yet of those that are silently gone.
        let lost = Set(process.wires.filter(\.isBlackHole).map { UInt64($0.number) })
        for client in listed where !lost.contains(client.id) && (client.lag != 0 || client.catchingUp != 0) {
            problems.append("clients: \(client.id) is said to be \(client.lag) behind")
        }
        return problems
    }

    /// What the store still has and should not, or does not have and should.
    private var leftovers: [String] {
        guard let keyspace = self.process?.snapshot.keyspace else { return ["the server does not run"] }
        var problems: [String] = []
        for event in self.history.state.values.sorted(by: { $0.key < $1.key }) where event.lease != 0 {
            problems.append("leases: \(event) has outlived lease \(event.lease)")
        }
        let records = (try? keyspace.range(.init(.everything)).records) ?? []
        let stored = records.map { SentEvent($0) }
        let expected = self.history.state.values.sorted { $0.key < $1.key }.map(\.withoutPrevious)
        if stored != expected { problems.append("the store has \(stored), the log \(expected)") }
        return problems + self.misreportedClients
    }
}
