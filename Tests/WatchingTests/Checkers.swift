import NIOCore
import Simulation

extension Checkers {
    /// Describes everything that is wrong with what a watcher was told; `isSettled` says that it had
    /// time to be sent everything.
    static func problems(of log: WatcherLog, in driver: WatchDriver, isSettled: Bool = false) -> [String] {
        self.problems(of: log.trace(isSettled: isSettled), driver.history)
    }
}

extension WatcherLog {
    /// What the checkers look at.
    fileprivate func trace(isSettled: Bool) -> WatchTrace {
        let range = self.request.range
        let end =
            switch range.end {
            case .single: ""
            case .unbounded: "\0"
            case .before(let end): String(buffer: end)
            }
        var trace = WatchTrace(name: "watcher \(self.id)", span: KeySpan(String(buffer: range.start), end))
        trace.startRevision = self.request.startRevision
        trace.filtersPuts = self.request.filtersPuts
        trace.filtersDeletes = self.request.filtersDeletes
        trace.wantsPrevious = self.request.wantsPrevious
        trace.wantsProgress = self.request.wantsProgress
        trace.wantsFragments = self.request.wantsFragments
        trace.createdRevision = self.createdRevision
        trace.knownRevision = self.headAtCreation
        trace.items = self.items
        if self.isCancelled, !trace.hasEnded { trace.items.append(.cancelled(reason: "")) }
        trace.isSettled = isSettled
        return trace
    }
}
