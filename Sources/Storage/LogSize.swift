import Synchronization

/// The size of the log, noted by the commit thread for whoever reports it.
final class LogSize: Sendable {
    private let state = Mutex<(total: Int64, inUse: Int64)>((0, 0))

    var current: (total: Int64, inUse: Int64) { self.state.withLock { $0 } }

    func note(total: Int64, inUse: Int64) {
        self.state.withLock { $0 = (total, inUse) }
    }
}
