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
        let world = World.random(seed: UInt64(seed))
        world.run(steps: Seeds.steps)
        world.settle()
        let problems = world.problems
        guard !problems.isEmpty else { return }
        for problem in problems.prefix(5) { Issue.record("seed \(seed): \(problem)") }
        if Seeds.isVerbose { for line in world.story { print(line) } }
        Issue.record("seed \(seed) has \(problems.count) problems; again: make simulate SEED=\(seed)")
    }
}

extension SimulationTests {
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
        print(total)
        #expect(total.commits > 1_000)
    }
}
