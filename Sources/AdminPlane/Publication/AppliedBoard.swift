import ChangeBus
package import MeshResources
package import Persistence
import Synchronization

/// What the publisher last made of each object, for REST to show and to wait for.
///
/// Any thread. Bounded by the number of objects.
package final class AppliedBoard: Sendable {
    /// What the publisher found or did.
    enum Finding: Hashable, Sendable {
        /// The store has the object's key, last written at this revision.
        case published(revision: Int64)
        /// The object has no key, as it should be.
        case notShared
        /// Somebody else writes the key.
        case foreignWriter
        /// The object cannot be published by this cluster.
        case invalid(String)
        /// Somebody else changes the key faster than it can be written.
        case contended
        /// The store takes no more.
        case storeFull
        /// The store did not do it.
        case storeFailed(String)

        /// Whether the store is as the object wants it.
        var isApplied: Bool {
            switch self {
            case .published, .notShared: true
            case .foreignWriter, .invalid, .contended, .storeFull, .storeFailed: false
            }
        }
    }

    /// What became of one object.
    struct Entry: Sendable {
        /// The version of the object that this is about.
        let resourceVersion: Int64
        /// Its generation.
        let generation: Int64
        /// What was found or done.
        let finding: Finding
        /// Since when it is so, in nanoseconds since 1970.
        var since: Int64 = 0
    }

    /// The most tasks that wait for an object.
    package static let waiterLimit = 4_096

    private let cluster: ClusterContext
    private let now: @Sendable () -> Int64
    private let sleep: @Sendable (Duration) async -> Void
    private let entries = Mutex<[AdminObjectID: Entry]>([:])
    private let waiters = Waiters<AdminObjectID>(limit: AppliedBoard.waiterLimit)

    /// Creates an empty board.
    ///
    /// - Parameters:
    ///   - cluster: The cluster that publishes.
    ///   - now: The time in nanoseconds since 1970.
    ///   - sleep: Returns after that time, or sooner when the task is cancelled.
    package init(
        cluster: ClusterContext,
        now: @escaping @Sendable () -> Int64,
        sleep: @escaping @Sendable (Duration) async -> Void
    ) {
        self.cluster = cluster
        self.now = now
        self.sleep = sleep
    }

    /// The number of tasks that wait.
    package var waiterCount: Int { self.waiters.count }

    /// What was last noted of an object.
    func entry(_ id: AdminObjectID) -> Entry? { self.entries.withLock { $0[id] } }

    /// Notes what became of an object, and lets whoever waits for it look.
    func note(_ entry: Entry, of id: AdminObjectID) {
        let now = self.now()
        self.entries.withLock { entries in
            var entry = entry
            let old = entries[id]
            // As in Kubernetes, the time is that of the last change between true and false.
            entry.since = old?.finding.isApplied == entry.finding.isApplied ? old?.since ?? now : now
            entries[id] = entry
        }
        self.waiters.wake(id)
    }

    /// Notes that nothing is left of an object.
    func forget(_ id: AdminObjectID) {
        self.entries.withLock { $0[id] = nil }
        self.waiters.wake(id)
    }

    /// Forgets the objects for which `isLeft` is false.
    func forget(unless isLeft: (AdminObjectID) -> Bool) {
        let gone = self.entries.withLock { Array($0.keys) }.filter { !isLeft($0) }
        for id in gone { self.forget(id) }
    }

    // MARK: - For REST

    /// The state of an object as its status shows it; `nil` when nobody has looked at it yet.
    package func state(_ id: AdminObjectID) -> AppliedState? {
        guard let entry = self.entry(id) else { return nil }
        var state = AppliedState(
            generation: entry.generation,
            resourceVersion: entry.resourceVersion,
            verdict: entry.finding.isApplied ? .yes : .no,
            reason: entry.finding.reason,
            message: entry.finding.message,
            since: entry.since
        )
        if case .published(let revision) = entry.finding, let kind = PublishedKind(rawValue: id.kind) {
            state.keys = Publication.keys(of: kind, named: id.name, in: self.cluster)
            state.revision = revision
        }
        return state
    }

    /// Waits until `condition` holds for an object, but not longer than until `deadline`, which is in
    /// nanoseconds since 1970.
    func wait(
        for id: AdminObjectID,
        until deadline: Int64,
        _ condition: @escaping @Sendable () -> Bool
    ) async -> AppliedWait {
        if condition() { return .reached }
        let rest = deadline - self.now()
        guard rest > 0 else { return .timedOut }
        return await withTaskGroup(of: AppliedWait.self) { group in
            group.addTask {
                do throws(WaitersError) {
                    return try await self.waiters.wait(for: id, until: condition) ? .reached : .timedOut
                } catch {
                    return .tooManyWaiters
                }
            }
            group.addTask {
                await self.sleep(.nanoseconds(rest))
                return .timedOut
            }
            let first = await group.next() ?? .timedOut
            group.cancelAll()
            return first
        }
    }
}

extension AppliedBoard.Finding {
    /// One word for programs.
    var reason: String {
        switch self {
        case .published: "Published"
        case .notShared: "NotShared"
        case .foreignWriter: "ForeignWriter"
        case .invalid: "InvalidObject"
        case .contended: "Contended"
        case .storeFull: "StoreFull"
        case .storeFailed: "StoreFailed"
        }
    }

    /// A sentence for people.
    var message: String {
        switch self {
        case .published: "the store has it"
        case .notShared: "it is not shared, so other clusters do not get to see it"
        case .foreignWriter: "the key has a lease: another program writes it, and would put it back"
        case .invalid(let reason): "it cannot be published: \(reason)"
        case .contended: "another program changes the key again and again; this is tried again"
        case .storeFull: "the store has no space left; this is tried again"
        case .storeFailed(let reason): "the store did not take it, and this is tried again: \(reason)"
        }
    }
}
