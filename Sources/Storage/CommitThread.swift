import CoreMetrics
import Foundation
import Logging
import MVCC
import NIOConcurrencyHelpers
import Persistence
import Synchronization

/// The thread that owns the commit loop, the log and the working key space.
final class CommitThread: Sendable {
    private let queue: ProposalQueue
    private let ports: LoopPorts
    private let metrics: StorageMetrics
    private let logger: Logger
    private let clock: @Sendable () -> Duration
    /// Its value says whether the thread has ended.
    private let end = ConditionLock(value: false)

    init(
        queue: ProposalQueue,
        ports: LoopPorts,
        metrics: StorageMetrics,
        logger: Logger,
        clock: @escaping @Sendable () -> Duration
    ) {
        self.queue = queue
        self.ports = ports
        self.metrics = metrics
        self.logger = logger
        self.clock = clock
    }

    /// Starts the thread, which owns `loop` from now on.
    ///
    /// Once.
    func start(_ loop: sending CommitLoop) {
        let handover = Mutex<CommitLoop?>(loop)
        let thread = Thread {
            guard let loop = handover.withLock({ $0.take() }) else { return }
            self.run(loop)
            self.end.lock()
            self.end.unlock(withValue: true)
        }
        thread.name = "commit"
        thread.start()
    }

    /// Waits until the thread has answered everything and closed the log.
    ///
    /// Blocks; the queue must be closed before.
    func join() {
        self.end.lock(whenValue: true)
        self.end.unlock()
    }

    private func run(_ loop: CommitLoop) {
        var isLogFailing = false
        while true {
            let timeout = loop.nextDeadline.map { max(.zero, $0 - self.clock()) }
            let batch = self.queue.next(timeout: timeout, maximum: loop.room)
            if batch.isClosed, batch.proposals.isEmpty, !loop.hasDeferred { break }
            let start = self.clock()
            let report = loop.step(batch.proposals, now: start)
            self.metrics.count(report.work)
            self.ports.announce(report)
            if report.recordCount > 0 {
                self.metrics.commits.increment()
                self.metrics.commitRecords.record(report.recordCount)
                self.metrics.commitSeconds.recordNanoseconds((self.clock() - start).nanoseconds)
            }
            self.note(report.logFailure, isLogFailing: &isLogFailing)
        }
        let (completions, failure) = loop.close()
        self.ports.announce(CommitLoop.StepReport(completions: completions))
        if let failure {
            self.logger.error("the log could not be closed cleanly", metadata: ["error": "\(failure)"])
        }
    }

    /// Logs once when the log begins to fail and once when it works again.
    private func note(_ failure: PersistenceError?, isLogFailing: inout Bool) {
        if let failure {
            self.metrics.logFailures.increment()
            if !isLogFailing {
                self.logger.error("the log refuses writes", metadata: ["error": "\(failure)"])
            }
        } else if isLogFailing {
            self.logger.info("the log takes writes again")
        }
        isLogFailing = failure != nil
    }
}

/// The event loops that are told of commits.
final class LoopPorts: Sendable {
    private let ports = Mutex<[LoopPort]>([])

    func add(_ port: LoopPort) {
        self.ports.withLock { $0.append(port) }
    }

    /// Announces a commit: one wake-up for each loop, whatever waits there.
    func announce(_ report: CommitLoop.StepReport) {
        for completion in report.completions { completion.reply.complete(completion.result) }
        if report.hasNewSnapshot {
            for port in self.ports.withLock({ $0 }) { port.wake() }
            return
        }
        for completion in report.completions {
            if case .loop(let port, _) = completion.reply { port.wake() }
        }
    }
}

extension Duration {
    /// The whole nanoseconds of a duration of less than 292 years.
    fileprivate var nanoseconds: Int64 {
        self.components.seconds * 1_000_000_000 + self.components.attoseconds / 1_000_000_000
    }
}
