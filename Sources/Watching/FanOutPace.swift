import NIOCore

/// How often one event loop tells its watchers what is new; pure, time is a parameter.
///
/// Most of an event's cost is paid per message: a write to a socket costs the same with one event in it as
/// with twenty. So after a fan-out that wrote to a crowd of streams the loop rests: it serves its
/// connections, and what is committed meanwhile goes out together when the rest is over. A rest is twice as
/// long as the fan-out was (so that fan-out takes at most about a third of a loop's time), within the limits.
///
///     idle ──commit: deliver──► fan-out ──crowd──► resting ──time──► idle, or deliver what came
///                                  └────few streams────► idle
///
/// A commit that finds the loop idle is delivered at once, so only commits that follow each other closer than
/// a rest wait, and never longer than the longest rest.
struct FanOutPace {
    private let crowd: Int
    private let shortestRest: TimeAmount
    private let longestRest: TimeAmount
    private var isResting = false
    /// Whether something was committed during the rest.
    private var hasNews = false

    /// Creates the pace of an idle loop.
    init(_ limits: WatchLimits) {
        self.crowd = limits.crowdedStreams
        self.shortestRest = limits.shortestRest
        self.longestRest = limits.longestRest
    }

    /// Something was committed; returns whether to deliver it now rather than after the rest.
    mutating func admitsCommit() -> Bool {
        if self.isResting { self.hasNews = true }
        return !self.isResting
    }

    /// A fan-out that wrote to `streams` streams took `time`; returns how long to rest, or `nil`.
    mutating func endedFanOut(to streams: Int, in time: TimeAmount) -> TimeAmount? {
        guard streams >= self.crowd, self.longestRest > .zero else { return nil }
        self.isResting = true
        return min(max(time * 2, self.shortestRest), self.longestRest)
    }

    /// The rest is over; returns whether there is something to deliver.
    mutating func endedRest() -> Bool {
        self.isResting = false
        defer { self.hasNews = false }
        return self.hasNews
    }
}
