import Synchronization

/// Tasks that wait until something is true of a name.
///
/// A wake-up carries no data: who is woken looks again, so a wake-up too many is harmless. Any thread.
/// Invariants:
/// - a task that waits looks after every ``wake(_:)`` of its name that began after it last looked, so none is
///   missed;
/// - waking a name for which nobody waits costs a look into a table, however many wait for others;
/// - at most `limit` tasks wait.
package final class Waiters<Name: Hashable & Sendable>: Sendable {
    private struct Slot {
        /// Whether its name was woken since its task last looked.
        var isWoken = false
        var continuation: CheckedContinuation<Void, Never>?
    }

    private struct State {
        var slots: [Int: Slot] = [:]
        var ids: [Name: Set<Int>] = [:]
        var nextID = 0
    }

    /// The most tasks that wait.
    package let limit: Int

    private let state = Mutex(State())

    /// Creates an object for which nobody waits.
    package init(limit: Int) {
        precondition(limit > 0, "nobody could wait")
        self.limit = limit
    }

    /// The number of tasks that wait.
    package var count: Int { self.state.withLock { $0.slots.count } }

    /// Suspends until `condition` holds.
    ///
    /// - Parameters:
    ///   - name: What is waited for.
    ///   - condition: Looks; called at once and after each wake-up, without a lock.
    /// - Returns: Whether the condition holds, which is false only when the task was cancelled.
    /// - Throws: ``WaitersError/tooMany(limit:)``; the condition was not looked at then.
    package func wait(
        for name: Name,
        until condition: () -> Bool
    ) async throws(WaitersError) -> Bool {
        let id = try self.register(name)
        defer { self.unregister(id, name) }
        while true {
            // Before looking: what is woken from here on is noted, and the next suspension returns at once.
            self.state.withLock { $0.slots[id]?.isWoken = false }
            if condition() { return true }
            if Task.isCancelled { return false }
            await self.suspend(id)
        }
    }

    /// Lets whoever waits for `name` look again.
    ///
    /// Any thread; never blocks.
    package func wake(_ name: Name) {
        let continuations = self.state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard let ids = state.ids[name] else { return [] }
            return ids.compactMap { id in
                state.slots[id]?.isWoken = true
                return state.slots[id]?.continuation.take()
            }
        }
        for continuation in continuations { continuation.resume() }
    }

    private func register(_ name: Name) throws(WaitersError) -> Int {
        let id = self.state.withLock { state -> Int? in
            guard state.slots.count < self.limit else { return nil }
            state.nextID += 1
            state.slots[state.nextID] = Slot()
            state.ids[name, default: []].insert(state.nextID)
            return state.nextID
        }
        guard let id else { throw .tooMany(limit: self.limit) }
        return id
    }

    private func unregister(_ id: Int, _ name: Name) {
        self.state.withLock { state in
            state.slots[id] = nil
            state.ids[name]?.remove(id)
            if state.ids[name]?.isEmpty == true { state.ids[name] = nil }
        }
    }

    private func suspend(_ id: Int) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = self.state.withLock { state -> Bool in
                    if Task.isCancelled || state.slots[id]?.isWoken != false { return true }
                    state.slots[id]?.continuation = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            self.state.withLock { $0.slots[id]?.continuation.take() }?.resume()
        }
    }
}

/// Why nobody waits.
package enum WaitersError: Error, Hashable, Sendable {
    /// As many tasks wait as the limit allows.
    case tooMany(limit: Int)
}
