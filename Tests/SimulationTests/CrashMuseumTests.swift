import Testing

@testable import Simulation

/// etcd's past bugs about crashes, by the numbers of its issues, on a whole server.
@Suite struct CrashMuseumTests {
    /// etcd issue 13766: a crash under load left a revision that did not fit what was stored.
    @Test("issue 13766: revision and contents fit after a crash", arguments: SimulatedLog.CrashPoint.allCases)
    func issue13766(point: SimulatedLog.CrashPoint) {
        let script = Script {
            $0.server.store.batchLimit = 4
            $0.server.store.revisionBlock = 5
        }
        for number in 0..<10 { script.put("k/\(number % 3)") }
        script.compact(5, isPhysical: false)
        script.world.process?.log.crashPoint = point
        for number in 0..<10 {
            script.world.put("k/\(number)", "crash \(number)", by: script.line)
        }
        script.world.compact(9, by: script.line)
        script.world.defragment(by: script.line)
        script.run()
        #expect(script.world.process?.log.hasCrashed == true)
        script.restart()
        #expect(script.revision == script.world.history.newestRevision)
        for number in 0..<3 { script.put("k/\(number)") }
        #expect(script.problems.isEmpty)
    }

    /// etcd issue 14370: a write was answered before it was on the disk, and lost by a crash.
    @Test(
        "issue 14370: what was answered is there after a crash",
        arguments: [SimulatedLog.CrashPoint.beforeAppending, .afterAppending]
    )
    func issue14370(point: SimulatedLog.CrashPoint) {
        let script = Script()
        script.put("a", "answered")
        script.world.process?.log.crashPoint = point
        #expect(script.put("b", "cut off") == .unknown, "a write that may not be there is not answered")
        script.restart()
        let expected = ["a=answered@2"] + (point == .afterAppending ? ["b=cut off@3"] : [])
        #expect(script.list() == expected)
        #expect(script.put("c").revision == (point == .afterAppending ? 4 : 3))
        #expect(script.world.recorder.problems.isEmpty)
    }

    /// The same with a power cut: with `strict` nothing that was answered is lost.
    @Test func issue14370WithAPowerCutToo() {
        let script = Script { $0.server.durability = .strict }
        script.put("a", "answered")
        script.restart(cutsPower: true)
        #expect(script.list() == ["a=answered@2"])
        #expect(script.put("b").revision == 3)
    }

    /// With `relaxed` a power cut may take what was answered, but never makes a revision mean two things.
    @Test func afterAPowerCutNoRevisionIsGivenOutAgain() {
        let script = Script { $0.server.store.revisionBlock = 10 }
        script.put("a")
        let watch = script.watch()
        for _ in 0..<5 { script.put("a") }
        let told = watch.trace.events.last?.modRevision ?? 0
        // The seed of a script makes the cut take all that was not synced.
        while script.world.history.commits.allSatisfy({ $0.lostBy == nil }) {
            script.restart(cutsPower: true)
            if script.world.history.commits.allSatisfy({ $0.lostBy == nil }) { script.put("a") }
        }
        let resumed = script.watch(from: told + 1)
        #expect(resumed.compactions == [script.revision], "whoever resumes is told to list again")
        #expect(script.put("a").revision ?? 0 > told)
        #expect(Checkers.revisionsIssuedOnce(script.world.history).isEmpty)
        #expect(Checkers.oneCluster(script.world.recorder.identities).isEmpty)
    }

    /// etcd issue 14571: users were not loaded by a restart, so that one member checked other rights.
    @Test func issue14571UsersCountAfterACrash() {
        let script = Script { $0.managesUsers = true }
        script.world.settings.writers = 0
        script.world.populate()
        script.world.rest()
        script.put("k/a")
        let alice = script.world.line("alice", .user("alice"))
        let mallory = script.world.line("mallory", .user("mallory"))
        let span = KeySpan(prefix: "k/")
        for _ in 0..<3 {
            let allowed = script.outcome { script.world.range(span, by: alice, then: $0) }
            #expect(allowed.revision == script.revision)
            let refused = script.outcome { script.world.range(span, by: mallory, then: $0) }
            #expect(refused.revision == nil)
            script.restart()
        }
    }

    /// etcd issue 14685: a crash while defragmenting left an older revision.
    @Test func issue14685ACrashWhileDefragmentingLosesNothing() {
        let script = Script()
        for _ in 0..<3 { script.put("a", "x") }
        script.world.process?.log.crashPoint = .defragmenting
        let outcome = script.outcome { script.world.defragment(by: script.line, then: $0) }
        #expect(outcome == .unknown)
        script.restart()
        #expect(script.list() == ["a=x@4"])
        #expect(script.put("a").revision == 5)
    }

    /// etcd issue 17780: the revision decreased when a crash came in the middle of a compaction.
    @Test(
        "issue 17780: the revision does not decrease",
        arguments: [SimulatedLog.CrashPoint.beforeDeleting, .afterDeleting],
        [false, true]
    )
    func issue17780(point: SimulatedLog.CrashPoint, cutsPower: Bool) {
        let script = Script { $0.server.store.trimLimit = 1 }
        for _ in 0..<3 { script.put("a") }
        script.delete("a")
        let revision = script.revision
        script.world.process?.log.crashPoint = point
        script.compact(revision)
        #expect(script.world.process?.log.hasCrashed == true)
        script.restart(cutsPower: cutsPower)
        #expect(script.revision >= revision)
        #expect(script.list().isEmpty || cutsPower)
        #expect(script.put("b").revision ?? 0 > revision)
        #expect(Checkers.revisionsIssuedOnce(script.world.history).isEmpty)
    }
}
