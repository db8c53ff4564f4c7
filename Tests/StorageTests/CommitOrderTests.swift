import MVCC
import Persistence
import Testing

@testable import Storage

@Suite struct CommitOrderTests {
    @Test func aBatchIsLoggedBeforeItIsReadableAndReadableBeforeItIsAnswered() {
        let driver = CommitDriver()
        driver.log.onAppend = { batch in
            #expect(batch.records.count == 2)
            #expect(driver.revision == 1, "the batch is readable before it is logged")
            #expect(driver.answers.isEmpty, "the batch is answered before it is logged")
        }
        let queued = driver.queue(.put("a"))
        let report = driver.loop.step([queued.queued, driver.queue(.put("b")).queued], now: driver.now)
        #expect(driver.revision == 3)
        #expect(driver.answers.isEmpty, "answers leave after the step, when the batch is readable")
        #expect(report.hasNewSnapshot)
        #expect(report.recordCount == 2)
        #expect(report.completions.map(\.result.revision) == [2, 3])
    }

    @Test func answersComeInTheOrderOfTheProposals() {
        let driver = CommitDriver()
        let answers = driver.step(
            .put("a"),
            .delete("none"),
            .leases,
            .put("b"),
            .compact(9),
            .keepAlive(lease: 5)
        )
        #expect(driver.answerOrder == Array(0..<6))
        #expect(answers.map(\.revision) == [2, 2, 2, 3, nil, 3])
        #expect(answers[4].error == .futureRevision(head: 3))
    }

    @Test func proposalsOfOneBatchSeeEachOther() {
        let driver = CommitDriver()
        let answers = driver.step(
            .grant(5, seconds: 60),
            .put("a", lease: 5),
            .revoke(lease: 5),
            .put("b", lease: 5)
        )
        #expect(answers.map(\.revision) == [1, 2, 3, nil])
        #expect(answers[3].error == .leaseNotFound)
        #expect(driver.keyspace.text("a") == nil)
        #expect(driver.log.entries.count == 2, "one reservation and one batch")
    }

    @Test func aSnapshotThatWasTakenDoesNotChange() {
        let driver = CommitDriver()
        driver.step(.put("a", "old"))
        let snapshot = driver.keyspace
        driver.step(.put("a", "new"), .put("b"))
        #expect(snapshot.text("a") == "old")
        #expect(snapshot.text("b") == nil)
        #expect(snapshot.revision == 2)
    }

    @Test func aBatchThatChangesNothingIsNeitherLoggedNorAnnounced() {
        let driver = CommitDriver()
        driver.step(.grant(5, seconds: 60))
        let before = driver.log.entries.count
        let answers = driver.step(
            .keepAlive(lease: 5),
            .leases,
            .timeToLive(lease: 5, withKeys: true),
            .delete("none")
        )
        #expect(answers.allSatisfy { $0.error == nil && $0 != nil })
        #expect(driver.log.entries.count == before)
        #expect(!driver.report.hasNewSnapshot)
        #expect(driver.report.recordCount == 0)
    }

    @Test func aTransactionIsOneRevisionOfTheLog() throws {
        let driver = CommitDriver()
        let transaction = Transaction(success: [.put("a"), .put("b"), .delete("c")])
        let answer = driver.step(.put("c"), .transaction(transaction))[1]
        #expect(answer.revision == 3)
        guard case .append(let batch) = try #require(driver.log.entries.last) else {
            Issue.record("the last entry is not a batch")
            return
        }
        #expect(batch.records.map(\.modRevision) == [2, 3, 3, 3])
        #expect(batch.records.map(\.sub) == [0, 0, 1, 2])
        #expect(batch.headRevision == 3)
    }

    @Test func documentsAreStoredBesideTheKeySpace() {
        let driver = CommitDriver()
        let answers = driver.step(
            .setDocument(name: "d", bytes: [1]),
            .setDocument(name: "d", bytes: [2, 3]),
            .setDocument(name: "e", bytes: [4])
        )
        #expect(answers.map(\.revision) == [1, 1, 1])
        #expect(driver.log.stored.documents == ["d": [2, 3], "e": [4]])
        driver.step(.setDocument(name: "e", bytes: nil))
        #expect(driver.log.stored.documents == ["d": [2, 3]])
        #expect(driver.revision == 1)
    }

    @Test func defragmentationReachesTheLogAndReportsItsSize() {
        let driver = CommitDriver()
        driver.step(.put("a"))
        let answer = driver.step(.defragment)[0]
        #expect(answer.revision == 2)
        #expect(driver.log.calls[.defragment] == 1)
        #expect(driver.loop.logSize.current == (100, 90))
        driver.log.fail(.defragment, with: FaultyLog.broken)
        let refused = driver.step(.defragment)[0]
        #expect(refused.error == .unavailable(reason: "\(FaultyLog.broken)"))
    }

    @Test func closingAnswersWhatWaitsAndClosesTheLog() {
        let driver = CommitDriver { $0.batchLimit = 1 }
        driver.step(.put("a"), .put("b"), .put("c"))
        #expect(driver.answers.count == 1)
        #expect(driver.close() == nil)
        #expect(driver.log.isClosed)
        #expect((1...2).map { driver.answers[$0].error } == [.stopped, .stopped])
        #expect(driver.keyspace.text("b") == nil)
    }

    @Test func aLogThatCannotBeClosedIsReported() {
        let driver = CommitDriver()
        driver.log.fail(.close, with: FaultyLog.broken)
        #expect(driver.close() == FaultyLog.broken)
    }
}
