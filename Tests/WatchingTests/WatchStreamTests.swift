import MVCC
import NIOCore
import Testing
import Watching

@Suite struct WatchStreamTests {
    @Test func identifiersCountUpFromZeroAndSkipThoseInUse() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let ids = try [0, 2, 0, 0, -7, 0].map { try stream.watch(id: $0).id }
        #expect(ids == [0, 2, 1, 3, -7, 4])
        #expect(stream.stream.watcherCount == 6)
        #expect(try driver.makeStream().watch().id == 0, "each stream has its own identifiers")
    }

    @Test func whatCannotBeWatchedIsRefused() throws {
        let driver = WatchDriver { $0.watchesPerStream = 2 }
        let stream = driver.makeStream()
        try stream.watch(id: 5)
        #expect(throws: WatchStream.CreateError.duplicateID) { try stream.watch(id: 5) }
        #expect(throws: WatchStream.CreateError.emptyRange) { try stream.watch(.keys("b", "a")) }
        #expect(throws: WatchStream.CreateError.emptyRange) { try stream.watch(.keys("a", "a")) }
        #expect(throws: WatchStream.CreateError.negativeStart) { try stream.watch(from: -1) }
        try stream.watch()
        #expect(throws: WatchStream.CreateError.tooManyWatches(limit: 2)) { try stream.watch() }
        stream.cancel(5)
        #expect(try stream.watch(id: 5).id == 5, "a cancelled identifier may be used again")
    }

    @Test func aCancelledWatcherIsSentNothingAndAnUnknownOneIsNotAnswered() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let log = try stream.watch()
        driver.write(.put("a"))
        #expect(stream.cancel(log.id))
        #expect(!stream.cancel(log.id))
        #expect(!stream.cancel(404))
        driver.write(.put("b"))
        #expect(log.lines == ["put a@2"])
        #expect(stream.sink.violations.isEmpty)
    }

    @Test func aCancelWhileTheWatcherIsCatchingUpEndsIt() throws {
        let driver = WatchDriver()
        driver.commit(.put("a"))
        let stream = driver.makeStream()
        let log = try stream.watch(from: 2)
        #expect(stream.cancel(log.id))
        driver.wake()
        #expect(log.items.isEmpty)
        #expect(stream.sink.violations.isEmpty)
    }

    @Test func watchersOfForbiddenRangesAreRemovedInOrder() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        for key in ["a", "b", "a", "c", "a"] { try stream.watch(.key(key)) }
        let removed = stream.stream.cancel { $0.contains(ByteBuffer(string: "a")) }
        #expect(removed == [0, 2, 4])
        #expect(stream.stream.watcherCount == 2)
        driver.write(.put("a"), .put("b"))
        #expect(stream.logs.map(\.lines.count) == [0, 1, 0, 0, 0])
    }

    @Test func aClosedStreamIsSentNothing() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let other = driver.makeStream()
        try stream.watch()
        try stream.watch(from: 1)
        let kept = try other.watch()
        stream.stream.close()
        driver.write(.put("a"))
        #expect(stream.sink.responseCount == 0)
        #expect(stream.stream.watcherCount == 0)
        #expect(kept.lines == ["put a@2"])
    }

    @Test func aStreamThatClosesInTheMiddleOfATurnIsSentNothingMore() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        for _ in 0..<3 { try stream.watch() }
        stream.sink.onSend = { [unowned stream] in stream.stream.close() }
        driver.write(.put("a"))
        #expect(stream.sink.responseCount == 1)
    }

    // MARK: - Cancelled by compaction

    @Test func theClientsCancelOfACompactedWatcherIsAnsweredOnce() throws {
        let driver = WatchDriver()
        driver.commit(.put("a"), .put("a"), .compact(3))
        let stream = driver.makeStream()
        let log = try stream.watch(from: 2, id: 9)
        driver.wake()
        #expect(log.compactions == [3])
        #expect(stream.stream.watcherCount == 0)
        #expect(throws: WatchStream.CreateError.duplicateID) { try stream.watch(id: 9) }
        #expect(stream.cancel(9), "etcd answers this one")
        #expect(!stream.cancel(9))
        #expect(try stream.watch(id: 9).id == 9)
    }

    @Test func chosenIdentifiersSkipThoseOfCompactedWatchers() throws {
        let driver = WatchDriver()
        driver.commit(.put("a"), .put("a"), .compact(3))
        let stream = driver.makeStream()
        try stream.watch(from: 1, id: 1)
        driver.wake()
        #expect(try stream.watch().id == 0)
        #expect(try stream.watch().id == 2)
    }

    @Test func onlySoManyCompactedWatchersAreRemembered() throws {
        let driver = WatchDriver { $0.compactedWatchesPerStream = 3 }
        driver.commit(.put("a"), .put("a"), .compact(3))
        let stream = driver.makeStream()
        for id in 1...5 { try stream.watch(from: 1, id: Int64(id)) }
        driver.wake()
        #expect((1...5).map { stream.stream.cancel($0) } == [false, false, true, true, true])
    }
}
