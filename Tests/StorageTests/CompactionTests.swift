import MVCC
import Persistence
import Testing

@testable import Storage

@Suite struct CompactionTests {
    @Test func aCompactionIsAnsweredAtOnceAndAPhysicalOneWhenTheGarbageIsGone() {
        let driver = CommitDriver { $0.trimLimit = 3 }
        driver.step((0..<10).map { .put("a", "\($0)") })
        let answers = driver.step(.compact(5), .compact(through: 11, isPhysical: true))
        #expect(answers.map(\.revision) == [11, nil])
        #expect(answers[1].error == nil)
        #expect(driver.keyspace.compactedRevision == 11, "old revisions are refused at once")
        var steps = 0
        while driver.answers[11] == nil, steps < 100 {
            #expect(driver.loop.nextDeadline == .zero)
            driver.step()
            steps += 1
        }
        #expect(steps == 3)
        #expect(driver.answers[11].revision == 11)
        #expect(driver.log.stored.recordsInOrder.map(\.modRevision) == [11])
        #expect(driver.keyspace.recordCount == 1, "the published key space lets go of the garbage too")
        #expect(driver.loop.nextDeadline == nil)
    }

    @Test func aPhysicalCompactionThatIsRefusedIsAnsweredAtOnce() {
        let driver = CommitDriver()
        #expect(driver.step(.compact(through: 9, isPhysical: true))[0].error == .futureRevision(head: 1))
    }

    @Test func aPhysicalCompactionWaitsUntilTheLogHasDeletedTheGarbage() {
        let driver = CommitDriver()
        driver.step(.put("a"), .put("a"), .put("a"))
        driver.log.fail(.delete, with: FaultyLog.broken)
        #expect(driver.step(.compact(through: 4, isPhysical: true)).count == 1)
        #expect(driver.report.logFailure == FaultyLog.broken)
        #expect(driver.answers[3] == nil)
        #expect(driver.loop.nextDeadline == driver.now + .seconds(1))
        driver.now += .seconds(1)
        driver.step()
        #expect(driver.answers[3].revision == 4)
        #expect(driver.log.stored.recordsInOrder.map(\.modRevision) == [4])
    }

    @Test func stoppingAnswersAPhysicalCompactionThatIsNotDone() {
        let driver = CommitDriver { $0.trimLimit = 1 }
        driver.step(.put("a"), .put("a"), .put("a"))
        driver.step(.compact(through: 4, isPhysical: true))
        #expect(driver.answers[3] == nil)
        #expect(driver.close() == nil)
        #expect(driver.answers[3].error == .stopped)
    }

    @Test func aKeyDoesNotComeBackToLifeAfterADeletionFailedOnce() {
        let driver = CommitDriver()
        driver.step(.put("a", "first"), .put("a", "second"))
        driver.log.fail(.delete, with: FaultyLog.broken)
        driver.step(.compact(3))
        driver.step(.delete("a"), .put("b"))
        driver.step(.compact(5))
        driver.now += .seconds(1)
        driver.settle()
        // Had the tombstone been deleted and the first record not, the restart would find a key.
        let restarted = CommitDriver(recovering: driver.log)
        #expect(restarted.keyspace.text("a") == nil)
        #expect(restarted.keyspace.description == driver.keyspace.description)
        #expect(driver.log.stored.recordsInOrder.map(\.modRevision) == [5])
    }

    @Test func aStartOnAFullDiskFinishesTheCompactionLater() {
        let driver = CommitDriver { $0.trimLimit = 1 }
        driver.step(.put("a"), .put("a"), .put("b"), .put("b"))
        driver.step(.compact(5))
        #expect(driver.log.stored.recordsInOrder.map(\.modRevision) == [3, 4, 5])
        driver.log.outage = FaultyLog.full
        let restarted = CommitDriver(recovering: driver.log)
        #expect(restarted.keyspace.text("b") == "v")
        restarted.step()
        #expect(restarted.report.logFailure == FaultyLog.full)
        restarted.log.outage = nil
        restarted.now += .seconds(1)
        restarted.settle()
        #expect(restarted.log.stored.recordsInOrder.map(\.modRevision) == [3, 5])
    }

    @Test func automaticCompactionKeepsTheIntervalAndTheLeastHistory() {
        let driver = CommitDriver {
            $0.compactionInterval = .seconds(100)
            $0.historyRevisions = 5
        }
        // One revision every second.
        for _ in 0..<400 {
            driver.step(.put("a"))
            driver.settle()
            driver.now += .seconds(1)
        }
        let horizon = driver.keyspace.compactedRevision
        let age = driver.revision - horizon
        #expect((100...140).contains(age), "the horizon is \(age) seconds old")
        #expect(driver.keyspace.recordCount <= Int(age) + 1)
    }
}

/// History is bounded in bytes as well as in age.
@Suite struct HistorySizeTests {
    private func makeDriver(limit: Int, interval: Duration = .seconds(300)) -> CommitDriver {
        CommitDriver {
            $0.compactionInterval = interval
            $0.historyRevisions = 5
            $0.historyByteLimit = limit
        }
    }

    @Test func fastOverwritingDoesNotGrowHistoryWithoutBound() {
        let driver = self.makeDriver(limit: 5_000)
        var largest = 0
        for number in 0..<1_000 {
            driver.step(.put("a", "\(number)"))
            largest = max(largest, driver.keyspace.historyByteCount)
        }
        driver.settle()
        #expect(largest > 5_000 && largest < 6_000, "the bound is passed by no more than a step")
        #expect(driver.keyspace.compactedRevision > 900)
        #expect(driver.keyspace.text("a") == "999")
        #expect(driver.log.stored.recordsInOrder.count == driver.keyspace.recordCount)
        #expect(driver.keyspace.brokenInvariant == nil)
    }

    @Test func theLeastNumberOfRevisionsStays() {
        let driver = self.makeDriver(limit: 1)
        for number in 0..<100 { driver.step(.put("a", "\(number)")) }
        driver.settle()
        #expect(driver.keyspace.compactedRevision <= driver.revision - 5)
        #expect(driver.keyspace.recordCount >= 5)
    }

    @Test func withoutABoundOrWithoutAutomaticCompactionEverythingStays() {
        for driver in [self.makeDriver(limit: 0), self.makeDriver(limit: 1, interval: .zero)] {
            for number in 0..<100 { driver.step(.put("a", "\(number)")) }
            driver.settle()
            #expect(driver.keyspace.compactedRevision == -1)
            #expect(driver.keyspace.recordCount == 100)
        }
    }
}

@Suite struct AutomaticCompactionTests {
    /// A call and what it returns.
    struct Sample: Sendable {
        let seconds: Int
        let head: Int64
        let compacted: Int64
        let expected: Int64?
    }

    @Test(
        "compacts at the newest sample that is old enough",
        arguments: [
            // Interval 10 s, so samples every 2 s.
            (
                kept: 0,
                samples: [
                    Sample(seconds: 0, head: 5, compacted: -1, expected: nil),
                    Sample(seconds: 1, head: 6, compacted: -1, expected: nil),
                    Sample(seconds: 2, head: 7, compacted: -1, expected: nil),
                    Sample(seconds: 9, head: 20, compacted: -1, expected: nil),
                    Sample(seconds: 11, head: 30, compacted: -1, expected: 5),
                    Sample(seconds: 13, head: 31, compacted: 5, expected: 7),
                    Sample(seconds: 30, head: 31, compacted: 7, expected: 31),
                    Sample(seconds: 60, head: 31, compacted: 31, expected: nil),
                ]
            ),
            // Nobody writes: nothing to compact twice.
            (
                kept: 0,
                samples: [
                    Sample(seconds: 0, head: 1, compacted: -1, expected: nil),
                    Sample(seconds: 10, head: 1, compacted: -1, expected: 1),
                    Sample(seconds: 20, head: 1, compacted: 1, expected: nil),
                ]
            ),
            // The least history.
            (
                kept: 10,
                samples: [
                    Sample(seconds: 0, head: 5, compacted: -1, expected: nil),
                    Sample(seconds: 10, head: 9, compacted: -1, expected: nil),
                    Sample(seconds: 20, head: 16, compacted: -1, expected: 6),
                    Sample(seconds: 30, head: 17, compacted: 6, expected: 7),
                ]
            ),
            // Somebody else compacted further.
            (
                kept: 0,
                samples: [
                    Sample(seconds: 0, head: 5, compacted: -1, expected: nil),
                    Sample(seconds: 10, head: 9, compacted: 8, expected: nil),
                ]
            ),
        ] as [(kept: Int64, samples: [Sample])]
    )
    func compacts(kept: Int64, samples: [Sample]) {
        var compaction = AutomaticCompaction(interval: .seconds(10), keptRevisions: kept, now: .zero)
        for sample in samples {
            let revision = compaction.revisionToCompact(
                head: sample.head,
                compacted: sample.compacted,
                now: .seconds(sample.seconds)
            )
            #expect(revision == sample.expected, "at \(sample.seconds) s")
        }
    }

    @Test func goingByRevisionLeavesThatManyAtEachIntervalHoweverYoung() {
        var compaction = AutomaticCompaction(
            interval: .seconds(300),
            keptRevisions: 100,
            goesByRevision: true,
            now: .seconds(7)
        )
        #expect(compaction.deadline == .seconds(307))
        #expect(compaction.revisionToCompact(head: 500, compacted: -1, now: .seconds(306)) == nil)
        #expect(compaction.revisionToCompact(head: 500, compacted: -1, now: .seconds(307)) == 400)
        #expect(compaction.deadline == .seconds(607))
        #expect(compaction.revisionToCompact(head: 500, compacted: 400, now: .seconds(607)) == nil)
        #expect(compaction.revisionToCompact(head: 501, compacted: 400, now: .seconds(907)) == 401)
    }

    @Test func isOffWithoutAnInterval() {
        var compaction = AutomaticCompaction(interval: .zero, keptRevisions: 0, now: .zero)
        #expect(compaction.deadline == nil)
        #expect(compaction.revisionToCompact(head: 100, compacted: -1, now: .seconds(1_000_000)) == nil)
    }

    @Test func asksToBeCalledFiveTimesPerInterval() {
        var compaction = AutomaticCompaction(interval: .seconds(10), keptRevisions: 0, now: .seconds(7))
        #expect(compaction.deadline == .seconds(7))
        _ = compaction.revisionToCompact(head: 1, compacted: -1, now: .seconds(7))
        #expect(compaction.deadline == .seconds(9))
    }
}
