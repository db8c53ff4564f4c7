import MVCC
package import NIOCore
import Synchronization

/// The store's one way onto an event loop: it wakes the loop at most once until the loop has turned.
///
/// A wake-up says only that something was committed; each ``LoopListener`` then reads the current state.
/// Answers to the loop's own proposals wait here for the same turn; there are never more of them than the
/// proposal queue admits.
package final class LoopPort: Sendable {
    private typealias Answer = (
        body: NIOLoopBound<(Result<ProposalOutcome, StoreError>) -> Void>,
        result: Result<ProposalOutcome, StoreError>
    )

    /// The loop that this port wakes.
    package let eventLoop: any EventLoop
    private let isScheduled = Atomic(false)
    private let answers = Mutex<[Answer]>([])
    private let listeners: NIOLoopBoundBox<[any LoopListener]>

    /// Creates the port of `eventLoop`; any thread.
    package init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.listeners = NIOLoopBoundBox.makeBoxSendingValue([], eventLoop: eventLoop)
    }

    /// Adds who is told of commits; on the loop.
    package func add(_ listener: any LoopListener) {
        self.listeners.value.append(listener)
    }

    /// Makes the loop turn soon; any thread, never blocks.
    package func wake() {
        guard !self.isScheduled.exchange(true, ordering: .sequentiallyConsistent) else { return }
        self.eventLoop.execute {
            // Cleared before anything is read: a commit that lands now schedules another turn.
            self.isScheduled.store(false, ordering: .sequentiallyConsistent)
            self.turn()
        }
    }

    /// Leaves an answer for the next turn; the caller wakes the port afterwards.
    func enqueue(
        _ body: NIOLoopBound<(Result<ProposalOutcome, StoreError>) -> Void>,
        _ result: Result<ProposalOutcome, StoreError>
    ) {
        self.answers.withLock { $0.append((body, result)) }
    }

    private func turn() {
        let answers = self.answers.withLock { answers in
            let taken = answers
            answers.removeAll(keepingCapacity: true)
            return taken
        }
        guard !answers.isEmpty else { return self.tellListeners() }
        for answer in answers { answer.body.value(answer.result) }
        // Behind the flushes that the answers have scheduled: who asked is answered before everybody is told,
        // which may take long.
        self.eventLoop.execute { self.tellListeners() }
    }

    private func tellListeners() {
        for listener in self.listeners.value { listener.storeDidCommit() }
    }
}

/// Reads the store when it is woken.
///
/// Bound to one event loop.
package protocol LoopListener: AnyObject {
    /// Something was committed, or answers were delivered, since the last call. On the loop.
    func storeDidCommit()
}
