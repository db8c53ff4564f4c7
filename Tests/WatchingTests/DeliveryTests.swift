import MVCC
import NIOCore
import Storage
import Testing
import Watching

@Suite struct DeliveryTests {
    @Test func eachRangeKindGetsItsKeys() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let single = try stream.watch(.key("b"))
        let half = try stream.watch(.keys("a", "c"))
        let open = try stream.watch(.from("b"))
        let all = try stream.watch(.everything)
        let prefix = try stream.watch(KeyRange(prefix: "b"))
        driver.write(.put("a"), .put("b"), .put("bb"), .put("c"))
        #expect(single.lines == ["put b@3"])
        #expect(half.lines == ["put a@2", "put b@3", "put bb@4"])
        #expect(open.lines == ["put b@3", "put bb@4", "put c@5"])
        #expect(all.lines.count == 4)
        #expect(prefix.lines == ["put b@3", "put bb@4"])
    }

    @Test func filtersDropEventsAndAResponseWithoutEventsIsNotSent() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let deletes = try stream.watch { $0.filtersPuts = true }
        let puts = try stream.watch { $0.filtersDeletes = true }
        let nothing = try stream.watch {
            $0.filtersPuts = true
            $0.filtersDeletes = true
        }
        driver.write(.put("a"))
        driver.write(.delete("a"))
        #expect(deletes.lines == ["delete a@3"])
        #expect(deletes.responseRevisions == [3])
        #expect(puts.lines == ["put a@2"])
        #expect(nothing.items.isEmpty)
    }

    @Test func previousValuesComeWithAllEventsButCreations() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let with = try stream.watch { $0.wantsPrevious = true }
        let without = try stream.watch()
        driver.write(.put("a", "1"), .put("a", "2"), .delete("a"), .put("a", "3"))
        #expect(with.events.map(\.previous?.value) == [nil, "1", "2", nil])
        #expect(with.events.map(\.previous?.modRevision) == [nil, 2, 3, nil])
        #expect(without.events.allSatisfy { $0.previous == nil })
    }

    @Test func aPreviousValueThatIsCompactedAwayIsLeftOut() throws {
        let driver = WatchDriver()
        driver.commit(.put("a", "1"), .put("a", "2"), .put("a", "3"), .compact(3))
        driver.trim()
        let stream = driver.makeStream()
        let log = try stream.watch(from: 3) { $0.wantsPrevious = true }
        driver.wake()
        #expect(log.lines == ["put a@3", "put a@4"])
        #expect(log.events.map(\.previous?.value) == [nil, "2"])
    }

    @Test func watchersWithEqualInterestsAreSentTheSameEvents() throws {
        let driver = WatchDriver()
        let streams = (0..<5).map { _ in driver.makeStream() }
        for stream in streams { for _ in 0..<4 { try stream.watch(.key("a")) } }
        driver.write(.put("a"), .put("b"), .put("a"))
        let lines = streams.flatMap { $0.logs.map(\.lines) }
        #expect(lines == Array(repeating: ["put a@2", "put a@4"], count: 20))
    }

    @Test func aTurnFlushesEachTouchedStreamOnceAndNoOther() throws {
        let driver = WatchDriver()
        let busy = driver.makeStream()
        let quiet = driver.makeStream()
        for key in ["a", "b", "a"] { try busy.watch(.key(key)) }
        try quiet.watch(.key("z"))
        driver.commit(.put("a"), .put("b"), .put("a"))
        driver.registry.storeDidCommit()
        #expect(busy.sink.responseCount == 3)
        #expect(busy.sink.flushCount == 1)
        #expect(quiet.sink.flushCount == 0)
        driver.turn()
        #expect(busy.sink.flushCount == 1)
    }

    @Test func whatWasCommittedIsReadOnceHoweverOftenTheLoopIsWoken() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let log = try stream.watch()
        driver.commit(.put("a"))
        driver.commit(.put("b"))
        for _ in 0..<3 { driver.wake() }
        #expect(log.lines == ["put a@2", "put b@3"])
        #expect(driver.registry.liveRevision == 3)
    }

    @Test func theHeaderNamesTheRevisionUpToWhichEverythingWasSent() throws {
        let driver = WatchDriver { $0.segmentRevisions = 2 }
        let stream = driver.makeStream()
        let log = try stream.watch(.key("a"))
        driver.write(.put("a"), .put("b"), .put("b"), .put("a"), .put("b"))
        // Windows of at most two revisions.
        #expect(log.lines == ["put a@2", "put a@5"])
        #expect(log.responseRevisions == [3, 5])
    }

    @Test func aRegistryWithoutWatchersFollowsTheHead() throws {
        let driver = WatchDriver { $0.segmentsPerTurn = 1 }
        driver.commit(.put("a"), .put("b"))
        driver.registry.storeDidCommit()
        #expect(driver.registry.liveRevision == 3)
        let stream = driver.makeStream()
        let log = try stream.watch()
        stream.cancel(log.id)
        driver.write(.put("c"), .compact(4))
        #expect(driver.registry.liveRevision == 4)
        let next = try stream.watch()
        driver.write(.put("d"))
        #expect(next.lines == ["put d@5"])
    }

    // MARK: - Catching up

    @Test func aPastStartIsReplayedInLaterTurnsAndThenLive() throws {
        let driver = WatchDriver()
        driver.write(.put("a"), .put("b"), .put("a"))
        let stream = driver.makeStream()
        let log = try stream.watch(.key("a"), from: 2)
        #expect(log.items.isEmpty, "its creation has to be announced first")
        driver.turn()
        #expect(log.lines == ["put a@2", "put a@4"])
        #expect(log.responseRevisions == [4], "the rest of the history had nothing more")
        driver.write(.put("a"))
        #expect(log.lines.last == "put a@5")
    }

    @Test func catchingUpIsCutIntoPiecesBetweenRevisions() throws {
        let driver = WatchDriver { $0.segmentRevisions = 2 }
        for number in 0..<7 { driver.commit(.put("a", "\(number)")) }
        let stream = driver.makeStream()
        let log = try stream.watch(from: 2)
        driver.turn()
        #expect(log.responseRevisions == [3, 5, 7, 8])
        #expect(log.events.map(\.modRevision) == Array(2...8))
    }

    @Test func watchersThatCatchUpFromTheSamePlaceAreSentTheSame() throws {
        let driver = WatchDriver()
        driver.commit(.put("a"), .put("b"))
        let streams = (0..<3).map { _ in driver.makeStream() }
        let logs = try streams.map { try $0.watch(.key("b"), from: 1) }
        let late = try streams[0].watch(.key("b"), from: 3)
        driver.wake()
        #expect((logs + [late]).map(\.lines) == Array(repeating: ["put b@3"], count: 4))
    }

    @Test func nobodyStarvesBehindWatchersWithMuchToRead() throws {
        let driver = WatchDriver {
            $0.segmentsPerTurn = 2
            $0.segmentRevisions = 1
        }
        for number in 0..<50 { driver.commit(.put("a", "\(number)")) }
        let greedy = driver.makeStream()
        let modest = driver.makeStream()
        for _ in 0..<2 { try greedy.watch(from: 2) }
        let log = try modest.watch(from: 51)
        var sentBefore = 0
        modest.sink.onSend = { sentBefore = greedy.sink.responseCount }
        driver.turn()
        #expect(log.lines == ["put a@51"])
        #expect(sentBefore <= 2, "\(sentBefore) responses of others came first")
        #expect(greedy.logs.map(\.events.count) == [50, 50])
    }

    @Test func aTurnOfTheLivePathIsBoundedAndTheRestComesInTheNext() throws {
        let driver = WatchDriver {
            $0.segmentsPerTurn = 3
            $0.segmentRevisions = 1
        }
        let stream = driver.makeStream()
        let log = try stream.watch()
        for number in 0..<10 { driver.commit(.put("a", "\(number)")) }
        driver.registry.storeDidCommit()
        #expect(log.events.count == 3)
        #expect(driver.registry.liveRevision == 4)
        driver.turn()
        #expect(log.events.map(\.modRevision) == Array(2...11))
    }

    @Test func aWatchFromNowOnABusyLoopBeginsAfterTheHead() throws {
        let driver = WatchDriver {
            $0.segmentsPerTurn = 1
            $0.segmentRevisions = 1
        }
        let stream = driver.makeStream()
        let old = try stream.watch()
        for number in 0..<10 { driver.commit(.put("a", "\(number)")) }
        driver.registry.storeDidCommit()
        let log = try stream.watch { $0.wantsProgress = true }
        #expect(log.createdRevision == 11, "everything before was committed before it")
        driver.registry.sendProgressNotifications()
        #expect(log.progress.isEmpty, "nothing may be named that is before its creation")
        driver.turn()
        #expect(log.items.isEmpty)
        driver.write(.put("b"))
        #expect(log.lines == ["put b@12"])
        #expect(old.events.count == 11)
    }

    // MARK: - Fragments

    @Test func largeResponsesAreSplitOnlyForClientsThatAskedForIt() throws {
        let driver = WatchDriver { $0.fragmentBytes = 300 }
        let stream = driver.makeStream()
        let split = try stream.watch { $0.wantsFragments = true }
        let whole = try stream.watch()
        let value = String(repeating: "x", count: 100)
        driver.write(.transaction(Transaction(success: (0..<7).map { .put("k\($0)", value) })))
        let parts = split.items.compactMap { item -> (Int, Bool)? in
            guard case .events(let events, 2, let isFragment, _) = item else { return nil }
            return (events.count, isFragment)
        }
        #expect(parts.map(\.0) == [2, 2, 2, 1])
        #expect(parts.map(\.1) == [true, true, true, false])
        #expect(split.events == whole.events)
        #expect(whole.responseRevisions == [2])
        driver.write(.put("small"))
        #expect(split.items.count == 5)
        #expect(stream.sink.violations.isEmpty)
    }

    @Test func fragmentsOfACatchUpAreNotInterrupted() throws {
        let driver = WatchDriver { $0.fragmentBytes = 100 }
        for number in 0..<20 { driver.commit(.put("k\(number)")) }
        let stream = driver.makeStream()
        let logs = try (0..<3).map { _ in try stream.watch(from: 2) { $0.wantsFragments = true } }
        driver.turn()
        #expect(logs.allSatisfy { $0.events.count == 20 && $0.items.count > 3 })
        #expect(stream.sink.violations.isEmpty)
    }
}
