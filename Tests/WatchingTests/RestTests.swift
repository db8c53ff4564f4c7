import MVCC
import NIOCore
import Simulation
import Storage
import Testing
import Watching

/// A loop that has told a crowd of streams something lets commits gather before it tells them more.
@Suite struct RestTests {
    private let driver = WatchDriver { limits in
        limits.crowdedStreams = 4
        limits.shortestRest = .milliseconds(2)
        limits.longestRest = .milliseconds(10)
    }

    private func makeCrowd(_ count: Int) throws -> [(stream: TestStream, log: WatcherLog)] {
        try (0..<count).map { _ in
            let stream = self.driver.makeStream()
            return (stream, try stream.watch())
        }
    }

    private func commitAndTell(_ key: String) {
        self.driver.commit(.put(key))
        self.driver.registry.storeDidCommit()
    }

    @Test func aLoneCommitReachesACrowdAtOnce() throws {
        let crowd = try self.makeCrowd(4)
        self.commitAndTell("a")
        #expect(crowd.allSatisfy { $0.log.lines == ["put a@2"] && $0.stream.sink.flushCount == 1 })
        self.driver.pass(.milliseconds(2))
        self.commitAndTell("b")
        #expect(crowd.allSatisfy { $0.log.lines == ["put a@2", "put b@3"] })
    }

    @Test func commitsOfARestArriveTogetherWhenItIsOver() throws {
        let crowd = try self.makeCrowd(4)
        for key in ["a", "b", "c", "d"] { self.commitAndTell(key) }
        self.driver.pass(.microseconds(1_999))
        #expect(crowd.allSatisfy { $0.log.lines == ["put a@2"] })
        self.driver.pass(.microseconds(1))
        for (stream, log) in crowd {
            #expect(log.lines == ["put a@2", "put b@3", "put c@4", "put d@5"])
            #expect(log.responseRevisions == [2, 5], "one message holds all of a rest")
            #expect(stream.sink.flushCount == 2)
        }
        #expect(self.driver.registry.liveRevision == 5)
    }

    @Test func fewStreamsAreToldAtOnceHoweverFastCommitsCome() throws {
        let few = try self.makeCrowd(3)
        for key in ["a", "b", "c"] { self.commitAndTell(key) }
        #expect(few.allSatisfy { $0.log.responseRevisions == [2, 3, 4] })
    }

    @Test func aWatchThatIsCreatedDuringARestMissesAndRepeatsNothing() throws {
        let crowd = try self.makeCrowd(4)
        self.commitAndTell("a")
        self.commitAndTell("b")
        let late = self.driver.makeStream()
        let log = try late.watch()
        let replay = try late.watch(from: 2)
        self.commitAndTell("c")
        self.driver.turn()
        #expect(log.lines == ["put c@4"])
        #expect(replay.lines == ["put a@2", "put b@3", "put c@4"])
        #expect(crowd.allSatisfy { $0.log.lines == replay.lines && $0.stream.sink.unflushedCount == 0 })
        for (stream, log) in crowd {
            #expect(stream.sink.violations.isEmpty)
            #expect(Checkers.problems(of: log, in: self.driver, isSettled: true).isEmpty)
        }
    }

    @Test func aRequestedProgressDoesNotWaitForTheRest() throws {
        let crowd = try self.makeCrowd(4)
        self.commitAndTell("a")
        self.commitAndTell("b")
        crowd[0].stream.stream.requestProgress()
        #expect(crowd[0].log.lines == ["put a@2", "put b@3"])
        #expect(crowd[0].log.progress == [3])
        self.driver.turn()
        #expect(crowd.allSatisfy { $0.log.lines == ["put a@2", "put b@3"] })
    }

    @Test func theLoopIsLeftToItsSocketsBetweenTurnsOfCatchingUp() throws {
        let driver = WatchDriver { $0.segmentRevisions = 1 }
        for number in 0..<5 { driver.commit(.put("k\(number)")) }
        let stream = driver.makeStream()
        let log = try stream.watch(from: 2)
        // A real loop runs whatever is due before it looks at its sockets again. Nothing may be due now.
        driver.pass(.zero)
        #expect(log.events.isEmpty)
        for turn in 1...5 {
            driver.pass(.microseconds(100))
            driver.pass(.zero)
            #expect(log.events.count == turn)
        }
    }
}
