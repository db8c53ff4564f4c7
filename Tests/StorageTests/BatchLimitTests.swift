import MVCC
import Persistence
import Testing

@testable import Storage

@Suite struct BatchLimitTests {
    @Test func noBatchHasMoreProposalsThanTheLimitAndNoneIsLostOrReordered() {
        let driver = CommitDriver { $0.batchLimit = 3 }
        driver.step((0..<8).map { .put("k\($0)") })
        #expect(driver.answers.count == 3)
        #expect(driver.loop.nextDeadline == .zero)
        #expect(driver.loop.room == 0)
        // What arrives meanwhile queues up behind.
        driver.step(.put("k8"))
        while driver.loop.hasDeferred { driver.step() }
        #expect(driver.answerOrder == Array(0..<9))
        #expect((0..<9).map { driver.answers[$0].revision } == (2...10).map { $0 })
        #expect(Self.batchSizes(of: driver.log) == [3, 3, 3])
        #expect(driver.loop.room == 3)
    }

    @Test func aBatchEndsWhenItsNewRecordsReachTheByteLimit() {
        let driver = CommitDriver { $0.batchByteLimit = 3_000 }
        driver.step((0..<7).map { .put("k\($0)", String(repeating: "x", count: 1_000)) })
        while driver.loop.hasDeferred { driver.step() }
        #expect(Self.batchSizes(of: driver.log) == [3, 3, 1])
        #expect(driver.answerOrder == Array(0..<7))
    }

    @Test func aProposalOverTheByteLimitIsABatchOfItsOwn() {
        let driver = CommitDriver { $0.batchByteLimit = 10 }
        driver.step(.put("a", String(repeating: "x", count: 100)), .put("b"))
        driver.step()
        #expect(Self.batchSizes(of: driver.log) == [1, 1])
        #expect(driver.answers.count == 2)
    }

    @Test func revisionsAreReservedInAscendingBlocksAheadOfTheirUse() {
        let driver = CommitDriver { $0.revisionBlock = 4 }
        for _ in 0..<20 { driver.step(.put("a"), .put("b")) }
        var ceilings: [Int64] = []
        for case .reserve(let ceiling) in driver.log.entries { ceilings.append(ceiling) }
        #expect(ceilings == [7, 13, 19, 25, 31, 37, 43], "each is a block above the revision that needed it")
    }

    @Test func aReservationIsKeptWhenTheBatchAfterItIsRefused() {
        let driver = CommitDriver { $0.revisionBlock = 10 }
        driver.log.fail(.append, with: FaultyLog.broken)
        driver.step(.put("a"))
        driver.step(.put("a"))
        #expect(driver.log.calls[.reserve] == 1)
    }

    @Test func aRestartGoesOnInTheReservedBlock() {
        let driver = CommitDriver { $0.revisionBlock = 10 }
        driver.step(.put("a"))
        let restarted = CommitDriver(recovering: driver.log) { $0.revisionBlock = 10 }
        for _ in 0..<10 { restarted.step(.put("a")) }
        #expect(restarted.log.calls[.reserve] == 1)
        restarted.step(.put("a"))
        #expect(restarted.log.calls[.reserve] == 2)
    }

    private static func batchSizes(of log: FaultyLog) -> [Int] {
        log.entries.compactMap { entry in
            guard case .append(let batch) = entry else { return nil }
            return batch.records.count
        }
    }
}
