import ChangeBus
import CoreMetrics
package import Logging
import MVCC
package import MeshResources
import MeshSchema
import NIOCore
package import Persistence
package import Storage
import Synchronization

/// Carries published objects into the key-value store.
///
/// What changed is a set of names; the publisher takes them, reads the newest objects, and writes what
/// differs. So a name that is marked too often costs a look, and a mark that was lost is repaired by the
/// pass over all objects, at the start and every minute. It never queues values, and batches form while it
/// writes.
///
/// It writes only keys that objects have, or had until they were deleted; one with a lease belongs to another
/// writer and stays as it is. Marked from any thread; runs in one task.
package final class Publisher: Sendable {
    /// What the publisher needs from outside.
    package struct Environment: Sendable {
        /// The time in nanoseconds since 1970.
        package var now: @Sendable () -> Int64
        /// Returns after that time, or sooner when the task is cancelled.
        package var sleep: @Sendable (Duration) async -> Void
        /// How often all objects are looked at.
        package var passInterval: Duration = .seconds(60)
        /// How long the first repetition of what failed waits; each further one twice as long.
        package var retryDelay: Duration = .milliseconds(50)
        /// How long a repetition waits at most.
        package var longestRetryDelay: Duration = .seconds(5)

        /// Creates an environment with the usual times.
        package init(
            now: @escaping @Sendable () -> Int64,
            sleep: @escaping @Sendable (Duration) async -> Void
        ) {
            self.now = now
            self.sleep = sleep
        }
    }

    /// The most objects in one transaction of the store (etcd's limit of operations).
    static let batchLimit = 128

    /// What became of the objects.
    package let board: AppliedBoard
    let admin: AdminStore
    let store: Store
    let cluster: ClusterContext
    let environment: Environment
    let metrics: PublicationMetrics
    private let logger: Logger
    private let dirty = DirtySet<AdminObjectID>(limit: 100_000)
    private let repetition = Mutex(Repetition())

    /// What is tried again after a while.
    private struct Repetition {
        var ids: Set<AdminObjectID> = []
        /// Whether somebody waits to mark them.
        var isScheduled = false
    }

    /// Creates the publisher; somebody runs it.
    package init(
        admin: AdminStore,
        store: Store,
        cluster: ClusterContext,
        environment: Environment,
        metrics: PublicationMetrics,
        logger: Logger
    ) {
        self.admin = admin
        self.store = store
        self.cluster = cluster
        self.environment = environment
        self.metrics = metrics
        self.logger = logger
        self.board = AppliedBoard(cluster: cluster, now: environment.now, sleep: environment.sleep)
    }

    /// Says which objects were changed or deleted; those of other kinds are passed over.
    ///
    /// Any thread; never blocks.
    package func mark(_ ids: [AdminObjectID]) {
        self.dirty.mark(
            contentsOf: ids.compactMap { id in
                if PublishedKind(rawValue: id.kind) != nil { return id }
                return id.kind == Tombstone.kind ? Tombstone.id(id.name) : nil
            }
        )
    }

    /// Looks at all objects soon.
    package func markEverything() { self.dirty.markEverything() }

    /// How REST learns what was done.
    package var states: AppliedStates {
        AppliedStates(
            state: { self.board.state($0) },
            wait: { id, resourceVersion, deadline in
                await self.board.wait(for: id, until: deadline) {
                    guard let resourceVersion else { return self.isGone(id) }
                    guard let entry = self.board.entry(id) else { return false }
                    return entry.finding.isApplied && entry.resourceVersion >= resourceVersion
                }
            }
        )
    }

    // MARK: - The loop

    /// Publishes until the task is cancelled.
    package func run() async {
        self.dirty.markEverything()
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    await self.environment.sleep(self.environment.passInterval)
                    self.dirty.markEverything()
                }
            }
            var progress = Progress()
            var delay = self.environment.retryDelay
            while !Task.isCancelled {
                let failed = await self.turn(&progress)
                guard self.repeatLater(failed) else {
                    if self.isFailing { continue }
                    delay = self.environment.retryDelay
                    // What failed in the first pass is there now, so that another one can be complete.
                    if !progress.isComplete, progress.pass == nil { self.dirty.markEverything() }
                    continue
                }
                let pause = delay
                delay = min(delay * 2, self.environment.longestRetryDelay)
                group.addTask {
                    await self.environment.sleep(pause)
                    self.repeatNow()
                }
            }
            group.cancelAll()
        }
    }

    /// Notes what has to be tried again; returns whether the caller has to wait and mark it.
    private func repeatLater(_ ids: [AdminObjectID]) -> Bool {
        guard !ids.isEmpty else { return false }
        self.metrics.failures.increment(by: ids.count)
        return self.repetition.withLock { state in
            state.ids.formUnion(ids)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
    }

    private var isFailing: Bool { self.repetition.withLock { $0.isScheduled } }

    private func repeatNow() {
        let ids = self.repetition.withLock { state in
            let ids = state.ids
            state = Repetition()
            return ids
        }
        self.dirty.mark(contentsOf: ids)
    }

    /// Where the publisher is.
    private struct Progress {
        /// The pass over all objects that is under way.
        var pass: PublicationPass?
        /// Whether another pass is wanted after this one.
        var wantsPass = false
        /// Whether one pass was complete.
        var isComplete = false
        /// Whether nothing is left to do about the canaries until the next pass.
        var hasCanaries = false
    }

    /// Looks at what was marked, then at the next part of the pass; returns what has to be tried again.
    private func turn(_ progress: inout Progress) async -> [AdminObjectID] {
        // What was marked goes first: a change shall not wait for a pass over everything.
        let isBusy = progress.pass != nil || progress.wantsPass
        let changes = isBusy ? self.dirty.take() : await self.dirty.next()
        var failed: [AdminObjectID] = []
        switch changes {
        case .everything: progress.wantsPass = true
        case .names(let ids):
            self.metrics.dirty.set(ids.count)
            for start in stride(from: 0, to: ids.count, by: Self.batchLimit) {
                failed += await self.reconcile(Array(ids[start..<min(start + Self.batchLimit, ids.count)]))
            }
            self.metrics.dirty.set(self.dirty.count)
        }
        if progress.pass == nil, progress.wantsPass {
            progress.pass = PublicationPass()
            progress.wantsPass = false
        }
        if let ids = progress.pass?.next(self.admin.tables, limit: Self.batchLimit) {
            let failures = await self.reconcile(ids)
            progress.pass?.failureCount += failures.count
            failed += failures
            await Task.yield()
        } else if let pass = progress.pass {
            progress.pass = nil
            self.metrics.passes.increment()
            self.board.forget(unless: { self.admin.object($0.kind, $0.name) != nil })
            if pass.failureCount == 0 { progress.isComplete = true }
            progress.hasCanaries = false
        }
        if progress.isComplete, !progress.hasCanaries, progress.pass == nil, self.hasObjects {
            progress.hasCanaries = await self.writeCanaries()
        }
        return failed
    }

    private var hasObjects: Bool {
        let tables = self.admin.tables
        return PublishedKind.allCases.contains { tables.count($0.rawValue) > 0 }
    }

    // MARK: - Canaries

    /// Writes the keys that say that everything is there, where they are missing.
    ///
    /// Not when the cluster's configuration has a lease: another program is the cluster's writer then, and
    /// only it knows when all is there. A canary too early makes agents delete what is not listed yet.
    ///
    /// - Returns: Whether there is nothing left to do.
    private func writeCanaries() async -> Bool {
        let keyspace = self.store.replica.current.keyspace
        let configuration = KeyPrefixes.clusterConfiguration(of: self.cluster.name)
        guard keyspace.newest(ByteBuffer(string: configuration))?.lease ?? 0 == 0 else { return true }
        let value = ByteBuffer(string: Moment.text(self.environment.now()))
        var transaction = Transaction()
        for key in Publication.canaries(in: self.cluster).map({ ByteBuffer(string: $0) }) {
            guard keyspace.newest(key) == nil else { continue }
            transaction.compares.append(Compare(KeyRange(key), .mod(0), .equal))
            transaction.success.append(.put(Put(key: key, value: value)))
        }
        guard !transaction.success.isEmpty else { return true }
        do throws(StoreError) {
            guard case .transaction(let outcome) = try await self.store.commit(.transaction(transaction))
            else { return false }
            if outcome.succeeded { self.logger.info("all published objects are in the store") }
            return outcome.succeeded
        } catch {
            self.logger.error("the canaries cannot be written", metadata: ["error": "\(error)"])
            // The next pass tries again.
            return true
        }
    }
}

/// A pass over all published objects and tombstones: a place in the tables, not a copy of them.
struct PublicationPass {
    /// How many objects have to be tried again.
    var failureCount = 0
    private var kinds = ArraySlice(PublishedKind.allCases.map(\.rawValue) + [Tombstone.kind])
    private var name = ""

    /// The next objects; `nil` at the end.
    mutating func next(_ tables: AdminTables, limit: Int) -> [AdminObjectID]? {
        while let kind = self.kinds.first {
            let names = tables.objects(kind, after: self.name).prefix(limit).map(\.name)
            if let last = names.last {
                self.name = last
                return names.compactMap { name in
                    kind == Tombstone.kind ? Tombstone.id(name) : AdminObjectID(kind: kind, name: name)
                }
            }
            self.kinds = self.kinds.dropFirst()
            self.name = ""
        }
        return nil
    }
}
