import Synchronization

/// The names of what changed since the consumer last looked.
///
/// Any number of threads mark names; one task takes them. Invariants:
/// - a name that is marked is returned by a later call of ``next()``, or covered by ``Changes/everything``;
/// - marking a name twice before it is taken is the same as marking it once;
/// - at most `limit` names are kept. The mark that would exceed the limit turns the whole set into
///   ``Changes/everything``, which loses no change and frees the names.
package final class DirtySet<Name: Hashable & Comparable & Sendable>: Sendable {
    private struct State {
        var names: Set<Name> = []
        var isEverything = false
        var overflows = 0
        var waiter: CheckedContinuation<Void, Never>?

        var isEmpty: Bool { self.names.isEmpty && !self.isEverything }
    }

    /// The most names that are kept before the set means "everything".
    package let limit: Int

    private let state = Mutex(State())

    /// Creates an empty set.
    ///
    /// - Parameter limit: The most names kept, at least one.
    package init(limit: Int = 1_000_000) {
        precondition(limit > 0, "a dirty set that keeps no name would always mean everything")
        self.limit = limit
    }

    /// The number of names that wait for the consumer; zero while the set means "everything".
    ///
    /// For a gauge.
    package var count: Int {
        self.state.withLock { $0.names.count }
    }

    /// How often the limit was exceeded since the set was created.
    ///
    /// For a counter.
    package var overflows: Int {
        self.state.withLock { $0.overflows }
    }

    /// Notes that `name` changed.
    ///
    /// Any thread; never blocks.
    package func mark(_ name: Name) {
        self.change { state in
            if !state.isEverything {
                state.names.insert(name)
                self.enforceLimit(&state)
            }
        }
    }

    /// Notes that all of `names` changed, with one wake-up.
    ///
    /// Any thread; never blocks.
    package func mark(contentsOf names: some Sequence<Name>) {
        // The sequence is somebody else's code, so it is run before the lock is taken.
        let names = Array(names)
        guard !names.isEmpty else { return }
        self.change { state in
            for name in names where !state.isEverything {
                state.names.insert(name)
                self.enforceLimit(&state)
            }
        }
    }

    /// Notes that anything may have changed.
    ///
    /// Any thread; never blocks.
    package func markEverything() {
        self.change { state in
            state.names = []
            state.isEverything = true
        }
    }

    /// Takes what was marked, waiting for the first mark.
    ///
    /// Returns an empty list of names when the calling task is cancelled and nothing is marked; what is
    /// marked is returned even then. One consumer: a second task that waits at the same time is a programmer
    /// error.
    ///
    /// - Complexity: O(*n* log *n*) for *n* names.
    package func next() async -> Changes<Name> {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = self.state.withLock { state -> Bool in
                    precondition(state.waiter == nil, "a dirty set has one consumer")
                    if !state.isEmpty || Task.isCancelled { return true }
                    state.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            self.state.withLock { $0.waiter.take() }?.resume()
        }
        return self.take()
    }

    /// Takes what was marked without waiting; an empty list of names when nothing was.
    package func take() -> Changes<Name> {
        let taken = self.state.withLock { state -> Set<Name>? in
            if state.isEverything {
                state.isEverything = false
                return nil
            }
            let names = state.names
            state.names = []
            return names
        }
        // Sorted outside the lock, and sorted at all because the order of a set must not be observable.
        return taken.map { .names($0.sorted()) } ?? .everything
    }

    /// Applies a change under the lock and wakes the consumer after it.
    private func change(_ body: (inout State) -> Void) {
        let waiter = self.state.withLock { state -> CheckedContinuation<Void, Never>? in
            body(&state)
            return state.waiter.take()
        }
        waiter?.resume()
    }

    private func enforceLimit(_ state: inout State) {
        guard state.names.count > self.limit else { return }
        state.names = []
        state.isEverything = true
        state.overflows += 1
    }
}
