import MVCC
import NIOCore
import Testing

@testable import Storage

@Suite struct CommittedWorkTests {
    private static func put(_ key: String) -> Put {
        Put(key: ByteBuffer(string: key), value: ByteBuffer(string: "v"))
    }

    @Test func operationsAreCountedAsTheyWereDone() {
        let driver = CommitDriver()
        driver.step(.put("a"), .put("b"))
        #expect(driver.report.work.puts == 2)
        #expect(driver.report.work.putBytes == 4)
        #expect(driver.report.work.transactions == 0)

        let nested = Transaction(compares: [], success: [.put(Self.put("d"))], failure: [])
        let transaction = Transaction(
            compares: [],
            success: [.put(Self.put("c")), .transaction(nested)],
            failure: [.put(Self.put("x")), .put(Self.put("y")), .put(Self.put("z"))]
        )
        driver.step(.transaction(transaction))
        #expect(driver.report.work.puts == 2)
        #expect(driver.report.work.transactions == 1)
        driver.step()
        #expect(driver.report.work == CommittedWork())
    }

    @Test func whatLeasesDoIsCountedAndTheirKeysOneByOne() {
        let driver = CommitDriver()
        driver.step(.grant(1, seconds: 10), .grant(2, seconds: 10))
        driver.step(.put("a", lease: 1), .put("b", lease: 1), .put("c", lease: 2))
        driver.step(.keepAlive(lease: 1), .keepAlive(lease: 9))
        #expect(driver.report.work.renewedLeases == 1)
        driver.step(.revoke(lease: 1))
        #expect(driver.report.work.revokedLeases == 1)
        #expect(driver.report.work.deletes == 2)
        driver.now += .seconds(10)
        driver.step()
        #expect(driver.report.work.expiredLeases == 1)
        #expect(driver.report.work.deletes == 1)
    }

    @Test func whatTheLogRefusedWasNotDone() {
        let driver = CommitDriver()
        driver.log.fail(.append, with: FaultyLog.broken)
        driver.step(.put("a"))
        #expect(driver.report.work == CommittedWork())
    }
}
