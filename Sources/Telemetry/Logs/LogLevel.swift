package import Logging
import Synchronization

/// The level of all loggers that were not given one of their own; it can be changed while the process runs.
package final class LogLevel: Sendable {
    private let rank: Atomic<Int>

    /// Creates the shared level.
    package init(_ level: Logger.Level) {
        self.rank = Atomic(Self.rank(of: level))
    }

    /// The level now.
    ///
    /// Any thread.
    package var current: Logger.Level {
        get { Self.levels[self.rank.load(ordering: .relaxed)] }
        set { self.rank.store(Self.rank(of: newValue), ordering: .relaxed) }
    }

    // An enum cannot be atomic, its place in the list can.
    private static let levels = Logger.Level.allCases

    private static func rank(of level: Logger.Level) -> Int {
        self.levels.firstIndex(of: level) ?? 0
    }
}
