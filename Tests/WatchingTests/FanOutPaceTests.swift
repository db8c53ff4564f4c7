import NIOCore
import Testing

@testable import Watching

@Suite struct FanOutPaceTests {
    private static func makePace(_ configure: (inout WatchLimits) -> Void = { _ in }) -> FanOutPace {
        var limits = WatchLimits()
        limits.crowdedStreams = 4
        limits.shortestRest = .milliseconds(2)
        limits.longestRest = .milliseconds(10)
        configure(&limits)
        return FanOutPace(limits)
    }

    @Test func aRestIsTwiceAsLongAsTheFanOutWithinTheLimits() {
        for (took, rest) in [(0, 2_000), (999, 2_000), (3_500, 7_000), (5_000, 10_000), (80_000, 10_000)] {
            var pace = Self.makePace()
            let decided = pace.endedFanOut(to: 4, in: .microseconds(Int64(took)))
            #expect(decided == .microseconds(Int64(rest)), "after \(took) µs")
        }
    }

    @Test func fewStreamsAreNotFollowedByARest() {
        var pace = Self.makePace()
        let rest = pace.endedFanOut(to: 3, in: .milliseconds(50))
        #expect(rest == nil)
        let admits = pace.admitsCommit()
        #expect(admits)
    }

    @Test func withoutALongestRestThereIsNone() {
        var pace = Self.makePace { $0.longestRest = .zero }
        let rest = pace.endedFanOut(to: 1_000, in: .milliseconds(50))
        #expect(rest == nil)
        let admits = pace.admitsCommit()
        #expect(admits)
    }

    @Test func whatIsCommittedDuringARestIsDeliveredOnceAfterIt() {
        var pace = Self.makePace()
        _ = pace.endedFanOut(to: 4, in: .zero)
        for _ in 0..<3 {
            let admits = pace.admitsCommit()
            #expect(!admits)
        }
        let hasNews = pace.endedRest()
        #expect(hasNews)
        let admits = pace.admitsCommit()
        #expect(admits, "the rest is over")
    }

    @Test func aRestWithoutCommitsEndsInIdleness() {
        var pace = Self.makePace()
        _ = pace.endedFanOut(to: 4, in: .zero)
        let hasNews = pace.endedRest()
        #expect(!hasNews)
        let admits = pace.admitsCommit()
        #expect(admits, "a lone commit is delivered at once")
    }

    @Test func newsOfOneRestAreNotNewsOfTheNext() {
        var pace = Self.makePace()
        _ = pace.endedFanOut(to: 4, in: .zero)
        _ = pace.admitsCommit()
        _ = pace.endedRest()
        _ = pace.endedFanOut(to: 4, in: .zero)
        let hasNews = pace.endedRest()
        #expect(!hasNews)
    }
}
