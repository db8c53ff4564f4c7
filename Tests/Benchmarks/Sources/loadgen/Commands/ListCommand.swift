import ArgumentParser

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lets many clients read all keys at once, page by page."
    )

    @OptionGroup var common: CommonOptions

    @Option(help: "How many clients there are.")
    var clients = 50

    @Option(help: "How many keys are in a page.")
    var pageSize = 256

    @Option(help: "How often each client lists.")
    var rounds = 1

    func run() async throws {
        let command = self
        let plan = ListTeam.Plan(
            keys: self.common.names,
            keyCount: self.common.keys,
            valueSize: self.common.valueSize,
            pageSize: self.pageSize,
            rounds: self.rounds
        )
        let crew = try await Crew(self.common) { ListTeam(pool: $0, plan: plan, index: $1) }
        let count = crew.count
        try await crew.all { $0.open(clients: share(of: command.clients, $0.index, of: count)) }

        var report = Report(work: "list")
        let watch = try Stopwatch(server: self.common.server)
        var latencies = Histogram()
        for result in try await crew.all({ $0.run() }) { latencies.merge(result.latencies) }
        try watch.stop(into: &report, operations: latencies.total)
        let pages = (self.common.keys + self.pageSize - 1) / self.pageSize
        guard latencies.total == pages * self.clients * self.rounds else {
            throw LoadError.wrongAnswer("\(latencies.total) pages were read")
        }
        report.setLatencies(latencies)
        try report.write()
    }
}
