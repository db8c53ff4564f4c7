import MVCC
import Simulation
import Storage
import Testing
import Watching

@Suite struct ProgressTests {
    // MARK: - Asked for by the client

    @Test func aRequestIsAnsweredOnceForTheWholeStream() throws {
        let driver = WatchDriver()
        driver.write(.put("a"), .put("b"))
        let stream = driver.makeStream()
        let logs = try (0..<3).map { _ in try stream.watch() }
        stream.stream.requestProgress()
        #expect(stream.sink.progressCount == 1)
        #expect(logs.map(\.progress) == [[3], [3], [3]])
        #expect(stream.sink.unflushedCount == 0)
    }

    @Test func aRequestReadsWhatWasCommittedFirst() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let log = try stream.watch()
        driver.commit(.put("a"))
        stream.stream.requestProgress()
        #expect(log.lines == ["put a@2"], "events come before the progress that includes them")
        #expect(log.progress == [2])
        guard case .events = log.items[0] else {
            Issue.record("progress came before its events")
            return
        }
    }

    @Test func withoutWatchersNobodyIsTold() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        stream.stream.requestProgress()
        let log = try stream.watch()
        driver.write(.put("a"))
        #expect(stream.sink.progressCount == 0)
        #expect(log.progress.isEmpty, "a request without watchers is forgotten")
    }

    @Test func aRequestWaitsUntilAllWatchersOfTheStreamHaveEverything() throws {
        let driver = WatchDriver { $0.segmentRevisions = 1 }
        for number in 0..<5 { driver.commit(.put("a", "\(number)")) }
        let stream = driver.makeStream()
        try stream.watch()
        let behind = try stream.watch(from: 2)
        stream.stream.requestProgress()
        #expect(stream.sink.progressCount == 0)
        driver.turn()
        #expect(stream.sink.progressCount == 1)
        #expect(behind.events.count == 5)
        #expect(behind.progress == [6])
        guard case .progress = behind.items.last else {
            Issue.record("progress overtook events")
            return
        }
    }

    @Test func aCommitInTheMiddleOfATurnDoesNotMakeProgressGoBack() throws {
        let driver = WatchDriver()
        driver.commit(.put("a"))
        let live = driver.makeStream()
        try live.watch()
        let stream = driver.makeStream()
        let log = try stream.watch(from: 1)
        stream.stream.requestProgress()
        live.sink.onSend = { [unowned driver, unowned live] in
            live.sink.onSend = {}
            driver.commit(.put("c"))
        }
        driver.commit(.put("b"))
        driver.turn()
        #expect(log.lines == ["put a@2", "put b@3"], "the loop has not read the third yet")
        #expect(log.progress == [3])
        driver.wake()
        #expect(log.lines.last == "put c@4")
        #expect(Checkers.problems(of: log, in: driver, isSettled: true).isEmpty)
    }

    @Test func anotherStreamThatIsBehindDoesNotMatter() throws {
        let driver = WatchDriver()
        driver.write(.put("a"))
        let stuck = driver.makeStream()
        try stuck.watch(from: 1)
        stuck.stall()
        let stream = driver.makeStream()
        let log = try stream.watch()
        stream.stream.requestProgress()
        #expect(log.progress == [2])
    }

    @Test func requestsOfAStreamThatTakesNothingAreAnsweredOnceWhenItDoes() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let log = try stream.watch()
        stream.stall()
        for _ in 0..<100 { stream.stream.requestProgress() }
        #expect(stream.sink.responseCount == 0)
        stream.resume()
        #expect(log.progress == [1])
        #expect(stream.sink.unflushedCount == 0)
        stream.resume()
        #expect(log.progress == [1])
    }

    // MARK: - At intervals

    @Test func onlyQuietWatchersThatAskedForItAreNotified() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let quiet = try stream.watch(.key("q")) { $0.wantsProgress = true }
        let busy = try stream.watch(.key("b")) { $0.wantsProgress = true }
        let silent = try stream.watch(.key("q"))
        driver.write(.put("b"))
        driver.registry.sendProgressNotifications()
        #expect(quiet.progress == [2])
        #expect(busy.progress.isEmpty, "it was just told of a revision")
        #expect(silent.progress.isEmpty)
        driver.registry.sendProgressNotifications()
        #expect(quiet.progress == [2, 2])
        #expect(busy.progress == [2], "since the last time nothing happened to it")
        #expect(stream.sink.unflushedCount == 0)
    }

    @Test func aWatcherThatIsBehindIsNotNotified() throws {
        let driver = WatchDriver()
        driver.write(.put("a"))
        let stream = driver.makeStream()
        let log = try stream.watch(.key("z"), from: 1) { $0.wantsProgress = true }
        driver.registry.sendProgressNotifications()
        #expect(log.progress.isEmpty)
        driver.turn()
        driver.registry.sendProgressNotifications()
        #expect(log.progress == [2])
    }

    @Test func notificationsComeInTheOrderOfTheWatchers() throws {
        let driver = WatchDriver()
        let streams = (0..<5).map { _ in driver.makeStream() }
        let order = Order()
        for (number, stream) in streams.enumerated() {
            try stream.watch(.key("k\(number)")) { $0.wantsProgress = true }
            stream.sink.onSend = { order.numbers.append(number) }
        }
        driver.registry.sendProgressNotifications()
        #expect(order.numbers == [0, 1, 2, 3, 4])
    }
}

private final class Order {
    var numbers: [Int] = []
}
