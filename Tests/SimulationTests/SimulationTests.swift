import Testing

@testable import Simulation

extension Tag {
    @Tag static var simulation: Self
}

/// A whole server, its clients, its network, its disk and its clock in one thread.
@Suite(.tags(.simulation), .timeLimit(.minutes(30)))
struct SimulationTests {
    @Test("keeps every promise", arguments: Seeds.all)
    func keepsEveryPromise(seed: Int) {
        Seeds.announce(seed)
        let world = World.random(seed: UInt64(seed))
        world.run(steps: Seeds.steps)
        world.settle()
        let problems = world.problems
        if Seeds.isVerbose { for line in world.story { print(line) } }
        guard !problems.isEmpty else { return }
        for problem in problems.prefix(5) { Issue.record("seed \(seed): \(problem)") }
        Issue.record("seed \(seed) has \(problems.count) problems; again: make simulate SEED=\(seed)")
    }
}

extension SimulationTests {
    /// A log with a mistake in it is found, by the checker whose promise it breaks.
    @Test(
        "finds a flawed log",
        arguments: [(.reservesUnsynced, "issued once"), (.skipsBatches, "linearizable")]
            as [(SimulatedLog.Flaw, String)]
    )
    func findsAFlawedLog(flaw: SimulatedLog.Flaw, checker: String) {
        let isFound = (1...60).contains { seed in
            let world = World.random(seed: UInt64(seed))
            world.settings.flaw = flaw
            world.run(steps: Seeds.steps)
            world.settle()
            return world.problems.contains { $0.hasPrefix(checker) }
        }
        #expect(isFound)
    }

    @Test func theSameSeedIsTheSameRun() {
        let traces = (0..<2).map { _ in
            let world = World.random(seed: 99)
            world.run(steps: Seeds.steps)
            world.settle()
            return world.trace
        }
        #expect(traces[0] == traces[1])
        #expect(traces[0].count > 100)
    }

    /// The simulation is worth its time only while the interesting things happen in it.
    @Test func theInterestingThingsHappen() {
        var total = Census()
        for seed in 1...25 {
            let world = World.random(seed: UInt64(seed))
            world.run(steps: Seeds.steps)
            world.settle()
            total.add(world.count())
        }
        #expect(total.commits > 1_000)
        #expect(total.answered > 2_000)
        #expect(total.unknown > 100)
        #expect(total.refusedByLog > 5)
        #expect(total.outOfSpace > 5)
        #expect(total.events > 5_000)
        #expect(total.eventsWithPrevious > 500)
        #expect(total.fragments > 50)
        #expect(total.progress > 500)
        #expect(total.compactedWatches > 50)
        #expect(total.deniedWatches > 3)
        #expect(total.deniedReads > 20)
        #expect(total.expiredLeases > 30)
        #expect(total.lists > 100)
        #expect(total.resumes > 20)
        #expect(total.brokenConnections > 10)
        #expect(total.stalls > 10)
        #expect(total.rotations > 10)
        #expect(total.crashes > 20)
        #expect(total.crashesInSteps > 5)
        #expect(total.powerCuts > 10)
        #expect(total.lostCommits > 10)
        #expect(total.resumedAbove > 10)
        #expect(total.cleanStops > 5)
        #expect(total.concurrentSteps > 50)
        #expect(total.concurrentTurns > 50)
    }
}
