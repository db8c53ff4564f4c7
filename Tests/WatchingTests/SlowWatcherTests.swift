import MVCC
import NIOCore
import Storage
import Testing
import Watching

@Suite struct SlowWatcherTests {
    @Test func aStuckStreamIsSentNothingOfTenThousandEventsAndThenAllOfThem() throws {
        let driver = WatchDriver()
        let stuck = driver.makeStream()
        let quick = driver.makeStream()
        let log = try stuck.watch { $0.wantsProgress = true }
        let other = try quick.watch()
        stuck.stall()
        for batch in 0..<100 {
            driver.commit((0..<100).map { .put("k\($0)", "\(batch)") })
            driver.wake()
            stuck.stream.requestProgress()
            driver.registry.sendProgressNotifications()
        }
        #expect(stuck.sink.responseCount == 0, "nothing may pile up in a stream that takes nothing")
        #expect(other.events.count == 10_000, "nobody waits for it")
        stuck.resume()
        #expect(log.events == other.events)
        #expect(log.responseRevisions == Array(stride(from: Int64(1_001), through: 10_001, by: 1_000)))
        #expect(log.progress == [10_001], "one request is remembered, not a hundred")
        #expect(stuck.sink.violations.isEmpty)
    }

    @Test func aStreamThatStallsInTheMiddleOfATurnGoesOnWhereItStopped() throws {
        let driver = WatchDriver { $0.segmentRevisions = 1 }
        let stream = driver.makeStream()
        let log = try stream.watch()
        stream.sink.capacity = 2
        for number in 0..<6 { driver.commit(.put("a", "\(number)")) }
        driver.wake()
        #expect(log.events.map(\.modRevision) == [2, 3])
        stream.resume(capacity: 1)
        #expect(log.events.map(\.modRevision) == [2, 3, 4])
        driver.write(.put("b"))
        stream.resume()
        #expect(log.events.map(\.modRevision) == Array(2...8))
        #expect(stream.sink.violations.isEmpty)
    }

    @Test func aWatcherWithoutEventsIsNotBehindWhenItsStreamIsStuck() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let log = try stream.watch(.key("quiet"))
        stream.stall()
        for number in 0..<10 { driver.write(.put("busy", "\(number)")) }
        driver.commit(.compact(11))
        driver.trim()
        driver.wake()
        stream.resume()
        driver.write(.put("quiet"))
        #expect(log.compactions.isEmpty, "it missed nothing")
        #expect(log.lines == ["put quiet@12"])
    }

    @Test func aWatcherThatIsOvertakenByCompactionIsToldOnce() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let log = try stream.watch()
        stream.stall()
        driver.write(.put("a"), .put("a"), .put("a"))
        driver.commit(.compact(4))
        driver.trim()
        driver.wake()
        #expect(log.items.isEmpty)
        for _ in 0..<3 { stream.resume() }
        driver.write(.put("a"))
        #expect(log.compactions == [4])
        #expect(log.events.isEmpty)
        #expect(stream.sink.flushCount > 0)
        #expect(stream.sink.unflushedCount == 0)
        #expect(stream.sink.violations.isEmpty)
    }

    @Test func aWatcherThatStoppedAtTheHorizonLosesNothing() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let log = try stream.watch()
        stream.stall()
        driver.write(.put("a"), .delete("a"), .put("b"))
        driver.commit(.compact(2))
        driver.trim()
        stream.resume()
        #expect(log.lines == ["put a@2", "delete a@3", "put b@4"])
    }

    @Test func aStreamThatTakesMoreInsideAFlushGoesOn() throws {
        let driver = WatchDriver { $0.segmentRevisions = 1 }
        let stream = driver.makeStream()
        let log = try stream.watch()
        stream.sink.capacity = 1
        stream.sink.onFlush = { [unowned stream] in
            stream.sink.capacity = 1
            stream.stream.becameWritable()
        }
        for number in 0..<20 { driver.commit(.put("a", "\(number)")) }
        driver.wake()
        #expect(log.events.map(\.modRevision) == Array(2...21))
        #expect(stream.sink.violations.isEmpty)
    }

    // MARK: - A loop that slept through a compaction

    @Test func compactionDoesNotCancelAWatchWhoseEventsAreStillThere() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let log = try stream.watch { $0.wantsPrevious = true }
        driver.write(.put("a", "0"))
        // One batch: no loop can read the first two before they are compacted.
        driver.commit(.put("a", "1"), .put("a", "2"), .compact(4))
        driver.trim()
        driver.wake()
        #expect(log.lines == ["put a@2", "put a@3", "put a@4"])
        #expect(log.compactions.isEmpty)
    }

    @Test func aLoopThatSleptUntilItsEventsWereGoneTellsItsWatchersOnce() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let live = try stream.watch()
        let future = try stream.watch(from: 3_000)
        driver.commit((0..<1_500).map { .put("k", "\($0)") })
        driver.commit(.compact(1_400))
        driver.trim()
        driver.commit(.put("k"))
        driver.wake()
        #expect(live.compactions == [1_400])
        #expect(live.events.isEmpty)
        #expect(future.compactions.isEmpty, "what it wants is not gone")
        driver.commit((0..<1_600).map { .put("k", "\($0)") })
        driver.wake()
        #expect(future.events.first?.modRevision == 3_000)
        #expect(future.events.count == Int(driver.revision) - 2_999)
        #expect(stream.sink.violations.isEmpty)
    }

    @Test func aLoopThatSleptGoesOnAtTheHorizonItselfIfItReadAllBefore() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let log = try stream.watch()
        for number in 0..<1_200 { driver.commit(.put("k", "\(number)")) }
        driver.wake()
        driver.commit(.put("k"), .put("k"))
        driver.commit(.compact(1_202))
        driver.trim()
        driver.wake()
        #expect(log.compactions.isEmpty)
        #expect(log.events.count == 1_202)
    }

    @Test func watchersOfACompactedLoopAreToldInTheOrderInWhichTheyCame() throws {
        let driver = WatchDriver()
        let streams = (0..<4).map { _ in driver.makeStream() }
        let order = Order()
        for (number, stream) in streams.enumerated() {
            try stream.watch(.key("k"))
            try stream.watch(.key("other\(number)"))
            stream.sink.onFlush = { order.numbers.append(number) }
        }
        driver.commit((0..<1_500).map { .put("k", "\($0)") })
        driver.commit(.compact(1_501))
        driver.trim()
        driver.wake()
        #expect(order.numbers == [0, 1, 2, 3])
        #expect(streams.allSatisfy { $0.logs.allSatisfy { $0.compactions == [1_501] } })
    }

    @Test func aStreamThatEndsWhileItTakesWhatItMissedIsCountedOnce() throws {
        let meters = MeterSpy()
        let driver = WatchDriver(metrics: meters)
        driver.commit(.put("a"))
        let stream = driver.makeStream()
        let log = try stream.watch(from: 2)
        #expect(meters["isthmus_data_watchers_catching_up"] == 1)
        stream.sink.onSend = { stream.stream.close() }
        driver.turn()
        #expect(log.lines == ["put a@2"])
        #expect(meters["isthmus_data_watchers_catching_up"] == 0)
        #expect(meters["isthmus_data_watchers"] == 0)
    }
}

private final class Order {
    var numbers: [Int] = []
}
