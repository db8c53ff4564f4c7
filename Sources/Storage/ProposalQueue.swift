import MVCC
import NIOConcurrencyHelpers

/// The bounded queue between the event loops and the commit thread.
final class ProposalQueue: Sendable {
    private struct State {
        var waiting: [QueuedProposal] = []
        var isClosed = false
    }

    /// What the commit thread finds when it wakes.
    struct Batch {
        var proposals: [QueuedProposal]
        var isClosed: Bool
    }

    private let limit: Int
    /// Puts the commit thread to sleep; its value says whether there is something to look at.
    private let lock = ConditionLock(value: false)
    private let state = NIOLockedValueBox(State())

    init(limit: Int) {
        self.limit = limit
    }

    /// The number of proposals that wait.
    var count: Int { self.state.withLockedValue { $0.waiting.count } }

    /// Adds proposals; any thread, never blocks for long.
    ///
    /// - Throws: ``StoreError/overloaded`` when the queue is full, ``StoreError/stopped`` after ``close()``;
    ///   the proposal was not taken then.
    func add(_ proposal: QueuedProposal) throws(StoreError) {
        let (refusal, wakes) = self.state.withLockedValue { state -> (StoreError?, Bool) in
            if state.isClosed { return (.stopped, false) }
            if state.waiting.count >= self.limit { return (.overloaded, false) }
            state.waiting.append(proposal)
            // Only the first proposal after the queue was empty has to wake the thread.
            return (nil, state.waiting.count == 1)
        }
        if let refusal { throw refusal }
        if wakes { self.wake() }
    }

    /// Lets ``next(timeout:maximum:)`` return once all that was added is taken; later proposals are refused.
    func close() {
        self.state.withLockedValue { $0.isClosed = true }
        self.wake()
    }

    /// Takes up to `maximum` proposals, waiting for the first at most `timeout` (`nil`: for ever).
    ///
    /// Commit thread only.
    func next(timeout: Duration?, maximum: Int) -> Batch {
        if let timeout {
            // Waking once a day for nothing is cheaper than trusting each layer below with centuries.
            let seconds = min(86_400, max(0, timeout / .seconds(1)))
            guard seconds == 0 || self.lock.lock(whenValue: true, timeoutSeconds: seconds) else {
                return Batch(proposals: [], isClosed: false)
            }
            if seconds == 0 { self.lock.lock() }
        } else {
            self.lock.lock(whenValue: true)
        }
        let (batch, hasMore) = self.state.withLockedValue { state -> (Batch, Bool) in
            let taken: [QueuedProposal]
            if state.waiting.count <= maximum {
                taken = state.waiting
                state.waiting = []
            } else {
                taken = Array(state.waiting.prefix(maximum))
                state.waiting.removeFirst(maximum)
            }
            return (Batch(proposals: taken, isClosed: state.isClosed), !state.waiting.isEmpty)
        }
        // A closed queue never lets its thread sleep again.
        self.lock.unlock(withValue: hasMore || batch.isClosed)
        return batch
    }

    private func wake() {
        self.lock.lock()
        self.lock.unlock(withValue: true)
    }
}
