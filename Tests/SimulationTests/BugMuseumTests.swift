import Testing

@testable import Simulation

/// etcd's past bugs about watches, by the numbers of its issues, on a whole server.
///
/// The list is that of etcd's robustness tests, with a few more that its users found. Bugs about crashes are
/// in ``CrashMuseumTests``.
@Suite struct BugMuseumTests {
    /// etcd issue 15220: a progress notification overtook events that were queued elsewhere.
    @Test func issue15220ProgressIsInStepWithTheStream() {
        let script = Script { $0.server.dataPlane.watchLimits.segmentRevisions = 1 }
        let watch = script.watch()
        watch.stall()
        for number in 0..<60 { script.put("a", String(repeating: "x", count: 100) + "\(number)") }
        watch.requestProgress()
        #expect(watch.progress.isEmpty, "events are still to come")
        watch.resume()
        #expect(watch.progress == [script.revision])
        #expect(watch.trace.items.last == .progress(revision: script.revision))
        #expect(watch.problems.isEmpty)
    }

    /// etcd issue 17507: a stream without events yet was never told of progress.
    @Test func issue17507ProgressIsToldBeforeTheFirstEvent() {
        let watch = Script().watch()
        watch.requestProgress()
        #expect(watch.progress == [1])
    }

    /// etcd issue 15271: after a partition a watch went back to revisions that it had been sent.
    @Test func issue15271AWatchNeverGoesBackInTime() {
        let script = Script()
        script.world.settings.agents = 1
        script.world.settings.observers = 0
        script.world.settings.writers = 0
        script.world.populate()
        script.world.rest()
        for round in 0..<10 {
            for number in 0..<5 { script.put(World.key(number)) }
            for wire in script.world.wires where round % 2 == 0 { wire.vanish() }
            for number in 0..<5 { script.put(World.key(number)) }
            script.world.rest()
        }
        script.world.settle()
        #expect(script.problems.isEmpty)
        let told = script.world.recorder.watches.flatMap(\.events).map(\.modRevision)
        #expect(!told.isEmpty && Set(told).count == told.count, "nothing is told twice, on any connection")
        #expect(told == told.sorted())
    }

    /// etcd issue 17247: a transaction's buffer was used again before its events were sent, so that events
    /// came twice.
    @Test func issue17247EveryEventOfSeveralTransactionsInOneCommitIsSentOnce() {
        let script = Script()
        let watch = script.watch()
        script.write(["a", "b"])
        script.write(["a"], deletes: ["b"])
        script.write(["b", "c"], deletes: ["a"])
        script.run()
        #expect(
            watch.lines == [
                "put a@2", "put b@2", "put a@3", "delete b@3", "put b@4", "put c@4", "delete a@4",
            ]
        )
        #expect(watch.trace.items.count == 1, "one commit is one response, and no revision is split")
        #expect(script.world.history.commits.count == 1)
    }

    /// etcd issue 17529: events were lost when a stream starved and its watches were moved between groups.
    @Test func issue17529AStarvedStreamLosesNothing() {
        let script = Script {
            $0.server.dataPlane.watchLimits.segmentRevisions = 3
            $0.server.dataPlane.watchLimits.segmentsPerTurn = 2
        }
        let watches = ["a", "b", "a"].map { script.watch(KeySpan($0)) }
        for round in 0..<40 {
            for (number, watch) in watches.enumerated() {
                if (round + number) % 7 == 0 { watch.resume() } else { watch.stall() }
            }
            script.put("a", String(repeating: "x", count: 300) + "\(round)")
            script.put("b", String(repeating: "x", count: 300) + "\(round)")
        }
        for watch in watches { watch.resume() }
        #expect(watches.map(\.lines.count) == [40, 40, 40])
        #expect(watches.flatMap(\.problems).isEmpty)
    }

    /// etcd issue 18089: an event was dropped when the key space was compacted at a delete.
    @Test func issue18089ACompactionAtADeleteDropsNoEvent() {
        let script = Script()
        script.put("a")
        script.delete("a")
        script.put("a")
        script.compact(3)
        let watch = script.watch(from: 3)
        #expect(watch.lines == ["delete a@3", "put a@4"])
        #expect(watch.problems.isEmpty)
        #expect(script.watch(from: 2).compactions == [3], "the put before the delete is gone")
    }

    /// etcd issue 19179: the delete was missing when a watch started at the compaction revision.
    @Test func issue19179AWatchFromTheCompactionRevisionIsSentADeleteExactlyThere() {
        let script = Script()
        script.put("a")
        script.delete("a")
        script.compact(3)
        #expect(script.watch(from: 3).lines == ["delete a@3"])
        #expect(script.watch(from: 2).compactions == [3])
    }

    /// etcd issue 20221: a watch of a future revision was sent older events, or progress before it began.
    @Test func issue20221AWatchOfAFutureRevisionIsToldNothingBefore() {
        let script = Script { $0.server.dataPlane.progressInterval = .seconds(1) }
        let watch = script.watch(from: 5) { $0.wantsProgress = true }
        for _ in 0..<3 {
            script.put("a")
            script.world.pass(.seconds(2))
            watch.requestProgress()
        }
        #expect(script.revision == 4)
        #expect(watch.trace.items.isEmpty)
        script.put("a")
        script.put("a")
        #expect(watch.lines == ["put a@5", "put a@6"])
    }

    /// The same while its client reads nothing: it must not fall back to what it never wanted.
    @Test func issue20221AStalledWatchOfAFutureRevisionBeginsThere() {
        let script = Script()
        let watch = script.watch(from: 5)
        watch.stall()
        for _ in 0..<6 { script.put("a", String(repeating: "x", count: 2_000)) }
        watch.resume()
        #expect(watch.lines == ["put a@5", "put a@6", "put a@7"])
    }

    /// etcd issue 18667: a transaction that read a compacted revision stopped one member and not others.
    @Test func issue18667ATransactionThatReadsACompactedRevisionDoesNothing() {
        let script = Script()
        for _ in 0..<3 { script.put("a") }
        script.compact(4)
        let before = script.list()
        let outcome = script.outcome { script.world.writeAndRead("a", at: 2, by: script.line, then: $0) }
        guard case .refused(code: 11, let message) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(message == "etcdserver: mvcc: required revision has been compacted")
        #expect(script.list() == before)
        script.restart()
        #expect(script.list() == before, "nor after a restart")
    }

    /// Events reached a client before the announcement of the watch that they belong to.
    @Test func nothingIsSentBeforeTheAnnouncement() {
        let script = Script()
        for _ in 0..<5 { script.put("a") }
        let watches = (0..<4).map { script.watch(from: $0) }
        // The recorder reports whatever is told to a watch that is not open.
        #expect(script.world.recorder.problems.isEmpty)
        #expect(watches.map(\.lines.count) == [0, 5, 5, 4])
    }

    /// Cilium lists, then watches from the revision after the list.
    @Test func aWatchFromTheRevisionAfterTheListMissesNothing() {
        let script = Script()
        script.put("a")
        guard let listed = script.read().revision else {
            Issue.record("no list")
            return
        }
        script.put("b")
        let watch = script.watch(from: listed + 1)
        script.put("c")
        #expect(watch.lines == ["put b@3", "put c@4"])
    }
}
