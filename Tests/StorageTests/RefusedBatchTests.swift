import MVCC
import Persistence
import Testing

@testable import Storage

@Suite struct RefusedBatchTests {
    private static let broken = StoreError.unavailable(reason: "\(FaultyLog.broken)")

    @Test(arguments: [FaultyLog.Call.append, .reserve])
    func aRefusedBatchLeavesNoTrace(_ call: FaultyLog.Call) {
        let driver = CommitDriver { $0.revisionBlock = 1 }
        driver.step(.put("a", "old"), .grant(5, seconds: 60))
        driver.step(.put("x"), .put("y"))
        let before = driver.keyspace.description
        let entries = driver.log.entries.count
        driver.log.fail(call, with: FaultyLog.broken)
        let answers = driver.step(
            .put("a", "new"),
            .put("b"),
            .put("c"),
            .delete("a"),
            .grant(6, seconds: 60),
            .revoke(lease: 5),
            .setAlarm(.corrupt, isRaised: true),
            .compact(2),
            .compact(through: 3, isPhysical: true),
            .setDocument(name: "d", bytes: [1])
        )
        #expect(answers.map(\.error) == Array(repeating: Self.broken, count: answers.count))
        #expect(driver.report.logFailure == FaultyLog.broken)
        #expect(!driver.report.hasNewSnapshot)
        #expect(driver.keyspace.description == before)
        #expect(driver.loop.keyspace.description == before)
        #expect(driver.alarms.isEmpty && driver.loop.alarms.isEmpty)
        #expect(
            driver.log.entries.count == entries + (call == .append ? 1 : 0),
            "at most the reservation was taken"
        )
    }

    @Test func whatNeedsNoLogSucceedsInARefusedBatch() {
        let driver = CommitDriver()
        driver.step(.grant(5, seconds: 60))
        driver.now += .seconds(30)
        driver.log.fail(.append, with: FaultyLog.broken)
        let answers = driver.step(
            .put("a"),
            .keepAlive(lease: 5),
            .timeToLive(lease: 5, withKeys: true),
            .leases,
            .delete("none"),
            .keepAlive(lease: 404)
        )
        #expect(answers[0].error == Self.broken)
        #expect(answers[1].lease?.id == 5)
        #expect(answers[2].status?.remaining == .seconds(60), "the keep-alive before it counts")
        #expect(answers[3].revision == 1)
        #expect(answers[4].revision == 1)
        #expect(answers[5] != nil && answers[5].error == nil && answers[5].lease == nil)
        #expect(driver.answerOrder.suffix(6) == [1, 2, 3, 4, 5, 6])
        #expect(driver.loop.nextDeadline == driver.now + .seconds(60), "the keep-alive moved the deadline")
    }

    @Test func noAnswerOfARefusedBatchRestsOnChangesThatNeverHappened() {
        let driver = CommitDriver()
        driver.step(.grant(5, seconds: 60))
        driver.log.fail(.append, with: FaultyLog.broken)
        let answers = driver.step(
            .revoke(lease: 5),
            .put("a", lease: 5),
            .grant(6, seconds: 60),
            .grant(6, seconds: 60),
            .leases,
            .timeToLive(lease: 6, withKeys: false),
            .put("b", lease: 404)
        )
        // In the dropped copy the second would have met no lease, and the fourth one that exists.
        #expect(answers.prefix(4).map(\.error) == Array(repeating: Self.broken, count: 4))
        guard case .success(.leases([5], revision: 1)) = answers[4] else {
            Issue.record("the leases are \(String(describing: answers[4]))")
            return
        }
        #expect(answers[5].error == nil && answers[5].status == nil)
        #expect(answers[6].error == .leaseNotFound, "this one was wrong whatever the log says")
    }

    @Test func theSameProposalsSucceedWhenTheyAreTriedAgain() {
        let driver = CommitDriver()
        driver.log.fail(.reserve, with: FaultyLog.broken)
        driver.log.fail(.append, with: FaultyLog.broken)
        #expect(driver.step(.put("a"))[0].error == Self.broken)
        #expect(driver.step(.put("a"))[0].error == Self.broken)
        #expect(driver.step(.put("a"))[0].revision == 2, "no revision was used up")
        #expect(driver.report.logFailure == nil)
        #expect(driver.keyspace.text("a") == "v")
    }

    @Test func aDefragmentationInARefusedBatchKeepsItsOwnOutcome() {
        let driver = CommitDriver()
        driver.log.fail(.append, with: FaultyLog.broken)
        driver.log.fail(.defragment, after: 1, with: FaultyLog.full)
        let answers = driver.step(.put("a"), .defragment, .defragment)
        #expect(answers.map(\.error) == [Self.broken, nil, .noSpace])
        #expect(driver.log.calls[.defragment] == 2)
    }

    @Test func whatDidNotFitIntoARefusedBatchIsTriedInTheNext() {
        let driver = CommitDriver { $0.batchLimit = 2 }
        driver.log.fail(.append, with: FaultyLog.broken)
        driver.step(.put("a"), .put("b"), .put("c"))
        #expect((0..<3).map { driver.answers[$0].error } == [Self.broken, Self.broken, nil])
        #expect(driver.loop.nextDeadline == .zero)
        driver.step()
        #expect(driver.answers[2].revision == 2)
    }

    @Test func ownWorkLeavesAFailingLogAloneForASecond() {
        let driver = CommitDriver()
        driver.step(.grant(5, seconds: 10), .put("a", lease: 5))
        driver.log.outage = FaultyLog.broken
        driver.now += .seconds(10)
        driver.step()
        let calls = driver.log.calls
        #expect(driver.report.logFailure == FaultyLog.broken)
        #expect(
            driver.loop.nextDeadline == driver.now + .seconds(1),
            "an expired lease must not make the thread spin"
        )
        driver.now += .milliseconds(999)
        driver.step(.leases)
        #expect(driver.log.calls == calls)
        driver.log.outage = nil
        driver.now += .milliseconds(1)
        driver.step()
        #expect(driver.keyspace.text("a") == nil)
        #expect(driver.keyspace.leases.count == 0)
        #expect(driver.loop.nextDeadline == nil)
    }
}

@Suite struct NoSpaceTests {
    @Test func aFullDiskRaisesTheAlarmThatStopsWritesUntilItIsDisarmed() {
        let driver = CommitDriver()
        driver.step(.put("a"), .put("b"), .grant(5, seconds: 60))
        driver.log.fail(.append, with: FaultyLog.full)
        #expect(driver.step(.put("c"))[0].error == .noSpace)
        #expect(driver.alarms == [.noSpace])
        #expect(driver.report.hasNewSnapshot, "whoever reads alarms is told")

        let refused = driver.step(
            .put("c"),
            .transaction(Transaction(success: [.put("c")])),
            .grant(6, seconds: 60)
        )
        #expect(refused.map(\.error) == [.noSpace, .noSpace, .noSpace])
        let allowed = driver.step(
            .delete("a"),
            .transaction(Transaction(success: [.delete("b")])),
            .compact(3),
            .keepAlive(lease: 5),
            .revoke(lease: 5),
            .defragment
        )
        #expect(allowed.map(\.error) == Array(repeating: nil, count: 6))
        #expect(driver.keyspace.keyCount == 0)

        #expect(driver.step(.setAlarm(.noSpace, isRaised: false))[0].changedAlarm == true)
        #expect(driver.alarms.isEmpty)
        #expect(driver.step(.put("c"))[0].error == nil)
    }

    @Test func deletesFailWhileTheDiskTakesNothingAtAll() {
        let driver = CommitDriver()
        driver.step(.put("a"))
        driver.log.outage = FaultyLog.full
        #expect(driver.step(.delete("a"))[0].error == .noSpace)
        #expect(driver.step(.setAlarm(.noSpace, isRaised: false))[0].error == .noSpace)
        #expect(driver.alarms == [.noSpace])
        #expect(driver.keyspace.text("a") == "v")
    }

    @Test func theQuotaRaisesTheAlarmAndTheAlarmSurvivesARestart() {
        let driver = CommitDriver { $0.quotaBytes = 2_000 }
        #expect(driver.step(.put("a", "small"))[0].error == nil)
        let answers = driver.step(
            .put("b", String(repeating: "x", count: 2_000)),
            .put("c", "small"),
            .delete("a")
        )
        #expect(answers.map(\.error) == [.noSpace, .noSpace, nil])
        #expect(driver.alarms == [.noSpace])
        #expect(driver.log.stored.documents[WorkingBatch.alarmDocument] == [Alarm.noSpace.rawValue])

        let restarted = CommitDriver(recovering: driver.log)
        #expect(restarted.alarms == [.noSpace])
        #expect(restarted.step(.put("d"))[0].error == .noSpace)
        #expect(restarted.step(.setAlarm(.noSpace, isRaised: false))[0].changedAlarm == true)
        #expect(restarted.step(.setAlarm(.noSpace, isRaised: false))[0].changedAlarm == false)
        #expect(restarted.step(.put("d"))[0].error == nil)
        #expect(CommitDriver(recovering: restarted.log).alarms.isEmpty)
    }

    @Test func theQuotaCountsTheMoreExpensiveBranchOfATransaction() {
        let driver = CommitDriver { $0.quotaBytes = 1_000 }
        let nested = Transaction(failure: [.put("k", String(repeating: "x", count: 1_000))])
        let answer = driver.step(.transaction(Transaction(success: [.put("a"), .transaction(nested)])))[0]
        #expect(answer.error == .noSpace)
        #expect(driver.revision == 1)
    }

    @Test func theRecordLimitCountsAsFull() {
        let driver = CommitDriver { $0.recordLimit = 2 }
        #expect(driver.step(.put("a"), .put("a"), .put("a")).map(\.error) == [nil, nil, .noSpace])
    }

    @Test func withoutAQuotaNothingIsCounted() {
        let driver = CommitDriver { $0.quotaBytes = 0 }
        #expect(driver.step(.put("a", String(repeating: "x", count: 100_000)))[0].error == nil)
    }

    @Test func corruptDataStopsAllWrites() {
        let driver = CommitDriver()
        driver.step(.put("a"), .setAlarm(.corrupt, isRaised: true))
        let before = driver.keyspace.description
        let answers = driver.step(.put("a"), .delete("a"), .transaction(Transaction(success: [.delete("a")])))
        #expect(answers.allSatisfy { $0.error != nil && $0.error != .noSpace })
        #expect(driver.keyspace.description == before)
        #expect(driver.step(.setAlarm(.corrupt, isRaised: false), .delete("a")).map(\.error) == [nil, nil])
    }
}
