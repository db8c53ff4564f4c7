import Testing

@testable import Simulation

/// The checkers of calls find what they are for: recorded calls are mutated, and only then they complain.
@Suite struct CallCheckerTests {
    /// Calls of every kind, and what they did.
    private static func record() -> (operations: [Operation], history: History) {
        let script = Script()
        script.put("k/a")
        script.put("k/a")
        script.write(["k/b", "k/c"], deletes: ["k/a"])
        script.run()
        script.delete("k/b")
        _ = script.read()
        _ = script.read(revision: 3)
        return (script.world.recorder.operations, script.world.history)
    }

    private static func problems(_ operations: [Operation], _ history: History) -> [String] {
        Checkers.linearizable(operations, history) + Checkers.realTime(operations)
            + Checkers.settled(operations, history)
    }

    @Test func callsWithoutFaultPass() {
        let (operations, history) = Self.record()
        #expect(operations.count == 6)
        #expect(operations.allSatisfy { $0.revision != nil })
        #expect(Self.problems(operations, history).isEmpty)
    }

    @Test(
        "finds a mutated call",
        arguments: [
            ("linearizable", 1, .done(.put(previous: nil), revision: 3)),
            ("linearizable", 0, .done(.put(previous: nil), revision: 3)),
            ("linearizable", 2, .done(.guarded(succeeded: false, found: []), revision: 4)),
            ("settled", 3, .done(.deleted([], count: 0), revision: 5)),
            ("linearizable", 3, .done(.deleted([], count: 1), revision: 5)),
            ("linearizable", 4, .done(.range([], count: 0, more: false), revision: 5)),
            ("linearizable", 5, .done(.range([], count: 1, more: true), revision: 5)),
            ("real time", 4, .done(.range([], count: 0, more: false), revision: 4)),
            ("settled", 0, .refused(code: 2, message: "no")),
            ("settled", 2, .done(.guarded(succeeded: true, found: []), revision: 9)),
            ("settled", 3, .refused(code: 2, message: "no")),
        ] as [(String, Int, Operation.Outcome)]
    )
    func finds(checker: String, number: Int, outcome: Operation.Outcome) {
        var (operations, history) = Self.record()
        operations[number].outcome = outcome
        let problems = Self.problems(operations, history)
        #expect(problems.contains { $0.hasPrefix(checker + ": ") }, "\(problems)")
    }

    @Test func findsAWriteThatNobodyAskedFor() {
        let (operations, history) = Self.record()
        let problems = Checkers.settled(Array(operations.dropFirst()), history)
        #expect(problems.count == 1)
    }

    @Test func findsARevisionThatIsGivenOutTwice() {
        let script = Script()
        script.put("k/a")
        #expect(Checkers.revisionsIssuedOnce(script.world.history).isEmpty)
        script.world.history.repeatLast()
        #expect(Checkers.revisionsIssuedOnce(script.world.history).count == 1)
    }

    @Test func findsAWriteThatAPowerCutTook() {
        let script = Script()
        script.put("k/a")
        let operations = script.world.recorder.operations
        let history = script.world.history
        #expect(Checkers.durable(operations, history, .strict).isEmpty)
        history.lose([0], life: 1)
        #expect(Checkers.durable(operations, history, .strict).count == 1)
        #expect(Checkers.durable(operations, history, .relaxed).isEmpty)
    }

    @Test func findsRightsThatAreIgnored() {
        let script = Script { $0.managesUsers = true }
        let world = script.world
        for user in ["root", "alice"] { script.outcome { world.addUser(user, by: script.line, then: $0) } }
        script.outcome { world.grantRole("root", to: "root", by: script.line, then: $0) }
        script.outcome { world.addRole("alice", by: script.line, then: $0) }
        script.outcome { world.allowReading(KeySpan(prefix: "k/"), role: "alice", by: script.line, then: $0) }
        script.outcome { world.enableAuth(by: script.line, then: $0) }
        let alice = world.line("alice", .user("alice"))
        script.outcome { world.range(KeySpan(prefix: "k/"), by: alice, then: $0) }
        script.outcome { world.grantRole("alice", to: "alice", by: script.line, then: $0) }
        script.outcome { world.range(KeySpan(prefix: "k/"), by: alice, then: $0) }
        let calls = world.recorder.operations.filter { $0.client == "alice" }
        #expect(calls.map(\.outcome).map { if case .done = $0 { true } else { false } } == [false, true])
        #expect(Checkers.authorized(calls, of: "alice", world.history).isEmpty)
        var swapped = calls
        swapped[0].outcome = calls[1].outcome
        swapped[1].outcome = calls[0].outcome
        #expect(Checkers.authorized(swapped, of: "alice", world.history).count == 2)

        var watch = WatchTrace(name: "alice", span: KeySpan(prefix: "k/"))
        script.outcome { world.revokeRole("alice", from: "alice", by: script.line, then: $0) }
        script.put("k/a")
        watch.items = [
            .events(world.history.events(of: 0), revision: script.revision, isFragment: false, horizon: 0)
        ]
        let count = world.history.commits.count
        #expect(Checkers.withdrawn(watch, told: [count], of: "alice", world.history).count == 1)
        script.outcome { world.grantRole("alice", to: "alice", by: script.line, then: $0) }
        #expect(Checkers.withdrawn(watch, told: [count], of: "alice", world.history).count == 1)
        #expect(Checkers.withdrawn(watch, told: [count + 1], of: "alice", world.history).isEmpty)
    }
}
