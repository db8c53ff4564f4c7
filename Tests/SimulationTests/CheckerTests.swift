import Testing

@testable import Simulation

/// Each checker finds what it is for: a trace without fault is mutated, and only then it complains.
@Suite struct CheckerTests {
    /// A watch that was told everything of a real server: four responses with two events in two of them.
    private static func record() -> (watch: WatchTrace, history: [SentEvent]) {
        let script = Script()
        let watch = script.watch(KeySpan(prefix: "k/")) {
            $0.wantsPrevious = true
            $0.filtersDeletes = false
        }
        for keys in [["k/a", "k/b"], ["k/a"], ["k/a", "k/c"]] {
            script.write(keys)
            script.run()
        }
        script.delete("k/b")
        watch.requestProgress()
        var trace = watch.trace
        trace.isSettled = true
        return (trace, script.world.history.events(of: 0))
    }

    @Test func aTraceWithoutFaultPasses() {
        let (watch, history) = Self.record()
        #expect(watch.items.count == 5)
        #expect(Checkers.problems(of: watch, history).isEmpty)
    }

    @Test(
        "finds a mutated watch",
        arguments: [
            Mutation("ordered") { $0.swapAt(0, 1) },
            Mutation("unique") { $0.insert($0[1], at: 1) },
            Mutation("atomic") { items in
                items.editEvents(0) { [$0[0]] }
                items.insert(items[0], at: 1)
            },
            Mutation("atomic") { $0.editEvents(0, isFragment: true) { $0 } },
            Mutation("reliable") { $0.remove(at: 1) },
            Mutation("reliable") { $0.editEvents(2) { [$0[0]] } },
            Mutation("reliable") { $0.removeLast(2) },
            Mutation("filtered") { items in items.editEvents(1) { $0.map { $0.with { $0.key = "other" } } } },
            Mutation("filtered") { items in items.editEvents(0) { $0.map { $0.with { $0.modRevision = 1 } } }
            },
            Mutation("previous value") { items in
                items.editEvents(1) { $0.map { $0.with { $0.previous?.value = "old" } } }
            },
            Mutation("previous value") { items in items.editEvents(1) { $0.map(\.withoutPrevious) } },
            Mutation("create flag") { items in
                items.editEvents(0) { $0.map { $0.with { $0.createRevision = 1 } } }
            },
            Mutation("create flag") { items in
                items.editEvents(1) { $0.map { $0.with { $0.createRevision = $0.modRevision } } }
            },
            Mutation("resumable") { $0.remove(at: 2) },
            Mutation("bookmarkable") { $0.swapAt(3, 4) },
            Mutation("bookmarkable") { $0.append(.progress(revision: 2)) },
            Mutation("ended") { $0.insert(.cancelled(reason: ""), at: 3) },
            Mutation("ended") { $0.append(.compacted(horizon: 3)) },
        ]
    )
    func finds(mutation: Mutation) {
        var (watch, history) = Self.record()
        mutation.change(&watch.items)
        let problems = Checkers.problems(of: watch, history)
        #expect(problems.contains { $0.contains(": \(mutation.checker): ") }, "\(problems)")
    }

    @Test func findsAKindOfEventThatWasNotWanted() {
        var (watch, history) = Self.record()
        watch.filtersDeletes = true
        #expect(Checkers.filtered(watch).count == 1)
        watch.filtersDeletes = false
        watch.filtersPuts = true
        #expect(Checkers.filtered(watch).count == 5)
        history.removeAll()
        #expect(!Checkers.reliable(watch, history).isEmpty)
    }

    @Test func findsAWatchThatBeginsBeforeWhatWasKnown() {
        var (watch, history) = Self.record()
        watch.knownRevision = 100
        #expect(Checkers.resumable(watch, watch.wanted(of: history)).count == 1)
    }

    @Test func findsWhatAnAgentShouldNotHave() {
        let store = ["a": "1", "b": "2"]
        #expect(Checkers.inStep(store, store, name: "agent").isEmpty)
        #expect(Checkers.inStep(["a": "1"], store, name: "agent").count == 1)
        #expect(Checkers.inStep(["a": "1", "b": "2", "c": "3"], store, name: "agent").count == 1)
        #expect(Checkers.inStep(["a": "1", "b": "1"], store, name: "agent").count == 1)
    }

    @Test func findsASecondCluster() {
        #expect(Checkers.oneCluster([[11, 22]]).isEmpty)
        #expect(Checkers.oneCluster([[11, 22], [0, 0]]).count == 1)
    }

    @Test func findsALeaseThatEndedEarly() {
        let expiry = Expiry(lease: 1, time: .seconds(9), renewed: .seconds(2), timeToLive: .seconds(8))
        #expect(Checkers.leases([expiry]).count == 1)
        var right = expiry
        right.time = .seconds(10)
        #expect(Checkers.leases([right]).isEmpty)
    }
}

/// A change of a trace, and the checker that must notice it.
struct Mutation: Sendable, CustomTestStringConvertible {
    let checker: String
    let change: @Sendable (inout [WatchTrace.Item]) -> Void

    init(_ checker: String, _ change: @escaping @Sendable (inout [WatchTrace.Item]) -> Void) {
        self.checker = checker
        self.change = change
    }

    var testDescription: String { self.checker }
}

extension [WatchTrace.Item] {
    /// Changes the events of a response.
    fileprivate mutating func editEvents(
        _ index: Int,
        isFragment: Bool? = nil,
        _ change: ([SentEvent]) -> [SentEvent]
    ) {
        guard case .events(let events, let revision, let wasFragment, let horizon) = self[index] else {
            return
        }
        self[index] = .events(
            change(events),
            revision: revision,
            isFragment: isFragment ?? wasFragment,
            horizon: horizon
        )
    }
}

extension SentEvent {
    fileprivate func with(_ change: (inout SentEvent) -> Void) -> SentEvent {
        var copy = self
        change(&copy)
        return copy
    }
}
