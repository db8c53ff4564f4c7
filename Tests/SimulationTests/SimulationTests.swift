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
        Issue.record("seed \(seed) has \(problems.count) problems; again: make simulate SEED=\(seed)")
    }
}
