import Synchronization

/// Gives each connection of the listeners that share it a number of its own.
///
/// Any thread.
package final class ConnectionNumbers: Sendable {
    private let last = Atomic<UInt64>(0)

    /// Creates numbers that begin at 1.
    package init() {}

    /// Returns a number that was never given out before.
    func next() -> UInt64 {
        self.last.wrappingAdd(1, ordering: .relaxed).newValue
    }
}
