import ArgumentParser

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Lets many watchers see each of a number of puts."
    )

    @OptionGroup var common: CommonOptions

    @Option(help: "How many connections the watchers have.")
    var connections = 100

    @Option(help: "How many watchers there are.")
    var watchers = 1_000

    @Option(help: "How many watch streams there are on each connection.")
    var streamsPerConnection = 1

    @Option(help: "How many puts are measured.")
    var puts = 1_000

    @Option(help: "How many puts are made before, and not measured.")
    var warmUp = 20

    @Option(help: "How many puts are made in a second; zero means one after the other without a pause.")
    var rate = 0

    @Option(help: "How many writers make them without a pause, each waiting for its own answers.")
    var writers = 1

    @Flag(help: "Make each put only when all watchers have seen the last one.")
    var lockstep = false

    @Option(help: "How many seconds everything stays as it is before the memory is read.")
    var settle = 0

    func validate() throws {
        guard (1...PutMark.writers).contains(self.writers), self.rate == 0 || self.writers == 1 else {
            throw ValidationError("there are 1 to \(PutMark.writers) writers, and one when there is a rate")
        }
    }

    func run() async throws {
        let command = self
        let names = self.common.names
        let plan = PacedWriter.Plan(
            keyCount: self.common.keys,
            valueSize: self.common.valueSize,
            filler: self.common.filler
        )
        let before = try self.common.server.memory().resident
        let crew = try await Crew(self.common) { WatchTeam(pool: $0, keys: names, index: $1) }
        let count = crew.count
        try await crew.all { team in
            team.open(
                connections: share(of: command.connections, team.index, of: count),
                streamsPerConnection: command.streamsPerConnection,
                watchers: share(of: command.watchers, team.index, of: count)
            )
        }
        try await crew.first { $0.openWriters(command.writers, plan) }
        _ = try await self.deliver(self.warmUp, crew)

        var report = Report(work: "watch")
        let watch = try Stopwatch(server: self.common.server)
        let latencies = try await self.deliver(self.puts, crew)
        try watch.stop(into: &report, operations: self.puts * self.watchers)
        guard latencies.total == self.puts * self.watchers else {
            throw LoadError.wrongAnswer("\(latencies.total) events were delivered")
        }
        if self.settle > 0 {
            try await Task.sleep(for: .seconds(self.settle))
            try report.setMemory(of: self.common.server)
        }
        report.setLatencies(latencies)
        report.notes["residentBeforeKiB"] = Double(before)
        report.notes["puts"] = Double(self.puts)
        try report.write()
    }

    private func deliver(_ puts: Int, _ crew: Crew<WatchTeam>) async throws -> Histogram {
        guard puts > 0 else { return Histogram() }
        var latencies = Histogram()
        let steps = self.lockstep ? puts : 1
        for _ in 0..<steps { latencies.merge(try await self.step(puts / steps, crew)) }
        return latencies
    }

    private func step(_ puts: Int, _ crew: Crew<WatchTeam>) async throws -> Histogram {
        let rate = self.rate
        try await crew.all { $0.expect(puts) }
        try await crew.first { $0.put(puts, rate: rate) }
        var latencies = Histogram()
        for part in try await crew.all({ $0.allDelivered() }) { latencies.merge(part) }
        return latencies
    }
}
