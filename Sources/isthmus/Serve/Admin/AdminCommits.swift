import Persistence
import Synchronization

/// Tells the parts that follow the admin store what was committed.
///
/// The store needs somebody to tell before there is anybody to be told.
final class AdminCommits: Sendable {
    private let listeners = Mutex<[@Sendable ([AdminObjectID]) -> Void]>([])

    /// Adds a listener, which must not block.
    func tell(_ listener: @escaping @Sendable ([AdminObjectID]) -> Void) {
        self.listeners.withLock { $0.append(listener) }
    }

    /// Passes on what a transaction changed.
    func committed(_ ids: [AdminObjectID]) {
        for listener in self.listeners.withLock({ $0 }) { listener(ids) }
    }
}
