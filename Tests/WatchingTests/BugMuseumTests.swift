import MVCC
import NIOCore
import Storage
import Testing
import Watching

/// etcd's past bugs about watches, each as a test.
@Suite struct BugMuseumTests {
    /// etcd issue 15220: a progress response overtook events that were queued elsewhere.
    @Test func progressIsInStepWithTheStream() throws {
        let driver = WatchDriver { $0.segmentRevisions = 1 }
        let stream = driver.makeStream()
        let log = try stream.watch()
        stream.sink.capacity = 1
        for number in 0..<5 { driver.commit(.put("a", "\(number)")) }
        driver.wake()
        stream.stream.requestProgress()
        #expect(log.progress.isEmpty, "events 3 to 6 are still to come")
        while log.events.count < 5 {
            #expect(log.progress.isEmpty)
            stream.resume(capacity: 1)
        }
        stream.resume()
        #expect(log.progress == [6])
        #expect(Checkers.problems(of: log, in: driver).isEmpty)
    }

    /// etcd issue 17507: a stream without events yet was never told of progress.
    @Test func progressIsToldBeforeTheFirstEvent() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let log = try stream.watch()
        stream.stream.requestProgress()
        #expect(log.progress == [1])
    }

    /// A watch that was resumed went back to revisions that it had been sent.
    @Test func aWatchNeverGoesBackInTime() throws {
        let driver = WatchDriver { $0.segmentRevisions = 2 }
        let stream = driver.makeStream()
        let log = try stream.watch()
        for round in 0..<10 {
            stream.sink.capacity = round % 3
            for number in 0..<5 { driver.commit(.put("a", "\(number)")) }
            driver.wake()
            stream.resume(capacity: round % 2)
        }
        stream.resume()
        #expect(log.events.map(\.modRevision) == Array(2...51))
        #expect(log.responseRevisions == log.responseRevisions.sorted())
    }

    /// A transaction's buffer was used again before its events were sent, so that events came twice.
    @Test func everyEventOfSeveralTransactionsInOneCommitIsSentOnce() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let log = try stream.watch()
        driver.write(
            .transaction(Transaction(success: [.put("a"), .put("b")])),
            .transaction(Transaction(success: [.put("a"), .delete("b")])),
            .transaction(Transaction(success: [.delete("a"), .put("b"), .put("c")]))
        )
        #expect(
            log.lines == [
                "put a@2", "put b@2", "put a@3", "delete b@3", "delete a@4", "put b@4", "put c@4",
            ]
        )
        #expect(log.responseRevisions == [4], "no revision is split, and one commit is one response")
    }

    /// Events were lost when a stream starved and its watchers were moved between groups.
    @Test func aStarvedStreamLosesNothing() throws {
        let driver = WatchDriver { $0.segmentRevisions = 3 }
        let stream = driver.makeStream()
        let logs = try ["a", "b", "a"].map { try stream.watch(.key($0)) }
        for round in 0..<40 {
            stream.sink.capacity = round % 7 == 0 ? 1 : 0
            driver.write(.put("a", "\(round)"), .put("b", "\(round)"))
        }
        stream.resume()
        #expect(logs.allSatisfy { Checkers.problems(of: $0, in: driver, isSettled: true).isEmpty })
        #expect(logs.map(\.events.count) == [40, 40, 40])
    }

    /// An event was dropped when the key space was compacted at a delete.
    @Test func aCompactionAtADeleteDropsNoEvent() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let log = try stream.watch()
        stream.stall()
        driver.commit(.put("a"), .delete("a"), .put("a"))
        driver.commit(.compact(3))
        driver.trim()
        let late = try driver.makeStream().watch(from: 3)
        driver.wake()
        #expect(late.lines == ["delete a@3", "put a@4"])
        stream.resume()
        #expect(log.compactions == [3], "the put before the delete is gone")
    }

    /// The delete was missing when a watch started at the compaction revision.
    @Test func aWatchFromTheCompactionRevisionIsSentADeleteExactlyThere() throws {
        let driver = WatchDriver()
        driver.write(.put("a"), .delete("a"))
        driver.commit(.compact(3))
        driver.trim()
        let stream = driver.makeStream()
        let at = try stream.watch(from: 3)
        let before = try stream.watch(from: 2)
        driver.wake()
        #expect(at.lines == ["delete a@3"])
        #expect(before.events.isEmpty)
        #expect(before.compactions == [3])
    }

    /// etcd issue 20221: a watch of a future revision was sent older events, or progress before it began.
    @Test func aWatchOfAFutureRevisionIsToldNothingBefore() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let log = try stream.watch(from: 5) { $0.wantsProgress = true }
        for number in 0..<3 {
            driver.write(.put("a", "\(number)"))
            driver.registry.sendProgressNotifications()
            stream.stream.requestProgress()
        }
        #expect(driver.revision == 4)
        #expect(log.items.isEmpty)
        driver.write(.put("a"), .put("a"))
        #expect(log.lines == ["put a@5", "put a@6"])
    }

    /// The same while its stream takes nothing: it must not fall back to what it never wanted.
    @Test func aStalledWatchOfAFutureRevisionBeginsThere() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let log = try stream.watch(from: 5)
        stream.stall()
        for number in 0..<6 { driver.commit(.put("a", "\(number)")) }
        driver.wake()
        stream.resume()
        #expect(log.lines == ["put a@5", "put a@6", "put a@7"])
    }

    /// Events reached a client before the announcement of the watch that they belong to.
    @Test func nothingIsSentWhileAWatchIsCreated() throws {
        let driver = WatchDriver()
        driver.commit(.put("a"))
        let stream = driver.makeStream()
        for start in [0, 1, 2, 3] as [Int64] {
            let created = try stream.stream.create(
                WatchRequest(range: .everything, startRevision: start),
                requestedID: 0
            )
            #expect(created.revision == 2)
        }
        #expect(stream.sink.responseCount == 0)
        stream.stream.close()
    }

    /// Cilium lists, then watches from the revision after the list.
    @Test func aWatchFromTheRevisionAfterTheHeadMissesNothing() throws {
        let driver = WatchDriver()
        driver.write(.put("a"))
        let listed = driver.revision
        driver.commit(.put("b"))
        let stream = driver.makeStream()
        let log = try stream.watch(from: listed + 1)
        driver.commit(.put("c"))
        driver.wake()
        #expect(log.lines == ["put b@3", "put c@4"])
    }
}
