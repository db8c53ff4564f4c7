import ArgumentParser

/// How many callers there are and what they do in all.
struct CallOptions: ParsableArguments {
    @Option(help: "How many connections there are.")
    var connections = 16

    @Option(help: "How many callers there are on them.")
    var callers = 128

    @Option(help: "How many calls are made and measured.")
    var operations = 100_000

    @Option(help: "How many calls are made before, and not measured.")
    var warmUp = 5_000

    /// Makes the calls and writes the report.
    func run(_ call: Caller.Call, named work: String, sequential: Bool, common: CommonOptions) async throws {
        let plan = CallerTeam.Plan(
            call: call,
            keys: common.names,
            keyCount: common.keys,
            valueSize: common.valueSize,
            filler: common.filler,
            isSequential: sequential,
            teams: common.threads
        )
        let options = self
        let crew = try await Crew(common) { CallerTeam(pool: $0, plan: plan, index: $1) }
        let count = crew.count
        try await crew.all { team in
            team.open(
                connections: share(of: options.connections, team.index, of: count),
                callers: share(of: options.callers, team.index, of: count)
            )
        }
        if self.warmUp > 0 {
            try await crew.all { $0.run(share(of: options.warmUp, $0.index, of: count)) }
        }
        var report = Report(work: work)
        let watch = try Stopwatch(server: common.server)
        let results = try await crew.all { $0.run(share(of: options.operations, $0.index, of: count)) }
        try watch.stop(into: &report, operations: self.operations)

        var latencies = Histogram()
        for result in results { latencies.merge(result.latencies) }
        guard latencies.total == self.operations else {
            throw LoadError.wrongAnswer("\(latencies.total) calls were answered")
        }
        if case .put = call { try Self.checkRevisions(results.flatMap(\.revisions), count: self.operations) }
        report.setLatencies(latencies)
        try report.write()
    }

    /// Checks that each put has a revision of its own.
    private static func checkRevisions(_ revisions: [Int64], count: Int) throws {
        let sorted = revisions.sorted()
        guard sorted.count == count, !zip(sorted, sorted.dropFirst()).contains(where: { $0 == $1 }) else {
            throw LoadError.wrongAnswer("two puts have one revision")
        }
    }
}

struct RangeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "range",
        abstract: "Reads single keys, chosen at random."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var calls: CallOptions

    func run() async throws {
        try await self.calls.run(.range, named: "range", sequential: false, common: self.common)
    }
}

struct PutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put",
        abstract: "Writes keys, chosen at random or one after the other."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var calls: CallOptions

    @Flag(help: "Write the keys one after the other.")
    var sequential = false

    func run() async throws {
        try await self.calls.run(.put, named: "put", sequential: self.sequential, common: self.common)
    }
}
