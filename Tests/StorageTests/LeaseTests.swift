import MVCC
import NIOCore
import Testing

@testable import Storage

@Suite struct LeaseTests {
    @Test func aLeaseIsNotRevokedBeforeItsDeadline() {
        let driver = CommitDriver()
        driver.step(.grant(5, seconds: 10), .put("a", lease: 5))
        #expect(driver.loop.nextDeadline == driver.now + .seconds(10))
        driver.now += .seconds(10) - .nanoseconds(1)
        driver.step()
        #expect(driver.keyspace.text("a") == "v")
        driver.now += .nanoseconds(1)
        driver.step()
        #expect(driver.keyspace.text("a") == nil)
        #expect(driver.report.hasNewSnapshot)
    }

    @Test func eachExpiredLeaseIsOneRevisionAndAnEmptyOneIsNone() {
        let driver = CommitDriver()
        driver.step(.grant(1, seconds: 10), .grant(2, seconds: 10), .grant(3, seconds: 10))
        driver.step(.put("b", lease: 1), .put("a", lease: 1), .put("c", lease: 2))
        driver.now += .seconds(10)
        driver.step()
        #expect(driver.revision == 6)
        #expect(driver.keyspace.keyCount == 0)
        #expect(driver.keyspace.leases.count == 0)
        guard case .append(let batch) = driver.log.entries.last else {
            Issue.record("the last entry is not a batch")
            return
        }
        #expect(batch.records.map { String(buffer: $0.key) } == ["a", "b", "c"], "in byte order")
        #expect(batch.records.map(\.modRevision) == [5, 5, 6])
        #expect(batch.leaseChanges == [.revoke(id: 1), .revoke(id: 2), .revoke(id: 3)])
    }

    @Test func aKeepAlivePostponesExpiryWithoutBeingLogged() {
        let driver = CommitDriver()
        driver.step(.grant(5, seconds: 10), .put("a", lease: 5))
        let entries = driver.log.entries.count
        for _ in 0..<5 {
            driver.now += .seconds(9)
            let answer = driver.step(.keepAlive(lease: 5))[0]
            #expect(answer.lease?.timeToLive == .seconds(10))
        }
        #expect(driver.log.entries.count == entries)
        #expect(driver.keyspace.text("a") == "v")
        driver.now += .seconds(10)
        #expect(
            driver.step(.keepAlive(lease: 5))[0].lease == nil,
            "expiry comes before the proposals of its step"
        )
        #expect(driver.keyspace.text("a") == nil)
    }

    @Test func atMostTheLimitOfLeasesExpiresInOneStep() {
        let driver = CommitDriver { $0.expiryLimit = 3 }
        driver.step((1...10).map { .grant($0, seconds: 5) })
        driver.now += .seconds(5)
        var counts: [Int] = []
        while let deadline = driver.loop.nextDeadline, deadline <= driver.now {
            driver.step()
            counts.append(driver.keyspace.leases.count)
        }
        #expect(counts == [7, 4, 1, 0])
    }

    @Test func theStoreChoosesIdentifiersThatAreFree() {
        let driver = CommitDriver(leaseIDs: [5, 5, 0, 6, 7])
        let answers = driver.step(.grant(0, seconds: 60), .grant(0, seconds: 60), .grant(0, seconds: 60))
        #expect(answers.map(\.lease?.id) == [5, 6, 7])
        #expect(driver.step(.grant(6, seconds: 60))[0].error == .leaseExists)
    }

    @Test func shortTimesToLiveAreRaisedAndLongOnesRefused() {
        let driver = CommitDriver { $0.minimumTimeToLive = .seconds(2) }
        let answers = driver.step(
            .grant(1, seconds: 1),
            .grant(2, seconds: -5),
            .grant(3, seconds: 9_000_000_000),
            .grant(4, seconds: 9_000_000_001)
        )
        #expect(answers.map(\.lease?.timeToLive) == [.seconds(2), .seconds(2), .seconds(9_000_000_000), nil])
        #expect(answers[3].error == .leaseTooLong)
        #expect(driver.log.stored.leases == [1: 2, 2: 2, 3: 9_000_000_000])
    }

    @Test func leasesAreLimited() {
        let driver = CommitDriver { $0.leaseLimit = 2 }
        let answers = driver.step(.grant(1, seconds: 60), .grant(2, seconds: 60), .grant(3, seconds: 60))
        #expect(answers.map(\.error) == [nil, nil, .tooManyLeases(limit: 2)])
    }

    @Test func aQuestionAfterALeaseTellsWhatIsLeftAndItsKeys() throws {
        let driver = CommitDriver()
        driver.step(
            .grant(5, seconds: 10),
            .put("b", lease: 5),
            .put("a", lease: 5),
            .put("c", lease: 5),
            .put("c")
        )
        driver.now += .milliseconds(3_500)
        let answers = driver.step(
            .timeToLive(lease: 5, withKeys: true),
            .timeToLive(lease: 5, withKeys: false),
            .timeToLive(lease: 404, withKeys: true)
        )
        let status = try #require(answers[0].status)
        #expect(status.remaining == .milliseconds(6_500))
        #expect(status.keys.map { String(buffer: $0) } == ["a", "b"])
        #expect(answers[1].status?.keys == [])
        #expect(answers[2].error == nil && answers[2].status == nil)
    }

    @Test func leasesAreListedInTheOrderOfTheirExpiry() {
        let driver = CommitDriver()
        driver.step(.grant(1, seconds: 30), .grant(2, seconds: 10), .grant(3, seconds: 20))
        guard case .success(.leases(let ids, _)) = driver.step(.leases)[0] else {
            Issue.record("leases are not listed")
            return
        }
        #expect(ids == [2, 3, 1])
    }

    @Test func aRestartGivesEveryLeaseItsFullTime() {
        let driver = CommitDriver()
        driver.step(.grant(5, seconds: 10), .put("a", lease: 5))
        let restarted = CommitDriver(recovering: driver.log, now: driver.now + .seconds(9))
        #expect(restarted.loop.nextDeadline == restarted.now + .seconds(10))
        restarted.now += .seconds(10)
        restarted.step()
        #expect(restarted.keyspace.text("a") == nil)
        #expect(restarted.log.stored.leases.isEmpty)
    }
}
