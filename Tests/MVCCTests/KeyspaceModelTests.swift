import MVCC
import Testing

@Suite struct KeyspaceModelTests {
    /// A random run, which its seed reproduces.
    struct Run: CustomStringConvertible {
        var seed: UInt64
        var keyCount: Int
        var stepCount: Int

        var description: String { "seed \(self.seed), \(self.keyCount) keys" }
    }

    @Test(
        arguments: (0..<30).map { Run(seed: $0, keyCount: 14, stepCount: 120) }
            + (100..<115).map { Run(seed: $0, keyCount: 39, stepCount: 150) }
            + (200..<204).map { Run(seed: $0, keyCount: 155, stepCount: 250) }
    )
    func answersAsTheModelDoes(run: Run) {
        var generator = ActionGenerator(seed: run.seed, keyCount: run.keyCount)
        // Worlds that fork from each other share nodes and buffers; each must stay right by itself.
        var worlds = [World()]
        var snapshots: [(step: Int, world: World)] = []
        for step in 0..<run.stepCount {
            let index = generator.random.below(worlds.count)
            let action = generator.action(at: worlds[index].model)
            do throws(Mismatch) {
                try worlds[index].perform(action)
                try worlds[index].check(&generator)
                if generator.random.chance(5) {
                    try worlds[index].trimFully(limit: 1 + generator.random.below(9))
                }
            } catch {
                Issue.record("\(run), step \(step), after \(action): \(error)")
                return
            }
            if generator.random.chance(5) { snapshots.append((step, worlds[index])) }
            if generator.random.chance(3) {
                if worlds.count == 3 { worlds.remove(at: generator.random.below(3)) }
                worlds.append(worlds[min(index, worlds.count - 1)])
            }
        }
        for (step, world) in snapshots + worlds.map({ (run.stepCount, $0) }) {
            do throws(Mismatch) {
                try world.checkEverything()
                var last = world
                try last.trimFully(limit: 7)
                try last.perform(.restart)
            } catch {
                Issue.record("\(run), snapshot of step \(step): \(error)")
            }
        }
    }
}
