import CoreMetrics
import MVCC
import MeshResources
import NIOCore
import Persistence
import Storage

extension Publisher {
    /// How often a key that changes meanwhile is tried before the others get their turn.
    private static let attemptLimit = 5

    /// Whether nothing is left of a deleted object.
    func isGone(_ id: AdminObjectID) -> Bool {
        if self.admin.object(id.kind, id.name) != nil { return true }
        guard let kind = PublishedKind(rawValue: id.kind) else { return true }
        let keyspace = self.store.replica.current.keyspace
        return Publication.keys(of: kind, named: id.name, in: self.cluster).allSatisfy { key in
            // What has a lease is not the object's.
            keyspace.newest(ByteBuffer(string: key)).map { $0.lease != 0 } ?? true
        }
    }

    /// Makes the store have what these objects want, and notes what came of it.
    ///
    /// - Returns: The objects that have to be tried again.
    func reconcile(_ ids: [AdminObjectID]) async -> [AdminObjectID] {
        guard !ids.isEmpty else { return [] }
        let start = self.environment.now()
        var failed: [AdminObjectID] = []
        var dead: [PublicationPlan] = []
        var rest = ids
        for attempt in 0..<Self.attemptLimit where !rest.isEmpty {
            let plans = self.plans(rest)
            rest = []
            // Deletions first and for themselves: a full store takes nothing else.
            for batch in self.batches(plans, isSplit: attempt > 0) {
                switch await self.commit(batch) {
                case .done(let revision):
                    for plan in batch where !plan.isKnown || plan.tombstone != nil {
                        self.note(plan.finding(at: revision, cluster: self.cluster), of: plan)
                        if plan.tombstone != nil { dead.append(plan) }
                    }
                case .changedMeanwhile:
                    rest += batch.map(\.id)
                    if attempt == Self.attemptLimit - 1 {
                        for plan in batch { self.note(.contended, of: plan) }
                    }
                case .failed(let finding):
                    for plan in batch { self.note(finding, of: plan) }
                    failed += batch.map(\.id)
                }
            }
        }
        failed += rest
        failed += await self.finish(dead)
        self.metrics.seconds.recordNanoseconds(max(0, self.environment.now() - start))
        return failed
    }

    private func plans(_ ids: [AdminObjectID]) -> [PublicationPlan] {
        // The objects first: what is written between the two is marked, and looked at again.
        let objects = ids.map { id in
            (
                self.admin.object(id.kind, id.name),
                self.admin.object(Tombstone.kind, Tombstone.name(of: id))
            )
        }
        let keyspace = self.store.replica.current.keyspace
        return zip(ids, objects).map { id, objects in
            PublicationPlan(
                id,
                object: objects.0,
                tombstone: objects.1,
                known: self.board.entry(id),
                keyspace: keyspace,
                store: self.store.clusterID,
                cluster: self.cluster
            )
        }
    }

    /// What is committed together: nothing to do, deletions, puts.
    private func batches(_ plans: [PublicationPlan], isSplit: Bool) -> [[PublicationPlan]] {
        var idle: [PublicationPlan] = []
        var deletions: [PublicationPlan] = []
        var puts: [PublicationPlan] = []
        for plan in plans {
            switch plan.step {
            case .none: idle.append(plan)
            case .delete: deletions.append(plan)
            case .put: puts.append(plan)
            }
        }
        let writes = isSplit ? (deletions + puts).map { [$0] } : [deletions, puts]
        return ([idle] + writes).filter { !$0.isEmpty }
    }

    private enum Outcome {
        case done(revision: Int64)
        case changedMeanwhile
        case failed(AppliedBoard.Finding)
    }

    /// Commits the steps of a batch in one transaction.
    private func commit(_ plans: [PublicationPlan]) async -> Outcome {
        var transaction = Transaction()
        for plan in plans {
            switch plan.step {
            case .none: break
            case .put(let put, let compare):
                transaction.compares.append(compare)
                transaction.success.append(.put(put))
            case .delete(let deletion, let compare):
                transaction.compares.append(compare)
                transaction.success.append(.deleteRange(deletion))
            }
        }
        guard !transaction.success.isEmpty else { return .done(revision: 0) }
        do throws(StoreError) {
            guard case .transaction(let outcome) = try await self.store.commit(.transaction(transaction)),
                outcome.succeeded
            else { return .changedMeanwhile }
            self.metrics.writes.increment(by: transaction.success.count)
            return .done(revision: outcome.revision)
        } catch .noSpace {
            return .failed(.storeFull)
        } catch {
            return .failed(.storeFailed("\(error)"))
        }
    }

    private func note(_ finding: AppliedBoard.Finding?, of plan: PublicationPlan) {
        guard let object = plan.object, let finding else { return self.board.forget(plan.id) }
        let entry = AppliedBoard.Entry(
            resourceVersion: object.resourceVersion,
            generation: object.generation,
            finding: finding
        )
        self.board.note(entry, of: plan.id)
    }

    /// Notes in the tombstones of these objects that their keys are gone, and removes those that are no longer
    /// needed; returns the objects if that failed.
    private func finish(_ plans: [PublicationPlan]) async -> [AdminObjectID] {
        let now = self.environment.now()
        let isCrowded = self.admin.tables.count(Tombstone.kind) > Tombstone.limit
        var buried: [(tombstone: AdminObject, burial: Tombstone.Burial)] = []
        var removed: [AdminObject] = []
        for plan in plans {
            guard let tombstone = plan.tombstone else { continue }
            if plan.object != nil || isCrowded {
                removed.append(tombstone)
            } else if let burial = Tombstone.burial(tombstone) {
                if now - burial.time > Tombstone.keepingTime { removed.append(tombstone) }
            } else {
                let burial = Tombstone.Burial(
                    store: self.store.clusterID,
                    revision: plan.revision,
                    time: now
                )
                buried.append((tombstone, burial))
            }
        }
        guard !buried.isEmpty || !removed.isEmpty else { return [] }
        do throws(AdminStoreError) {
            try await Tombstone.finish(burying: buried, removing: removed, in: self.admin)
            return []
        } catch {
            return plans.map(\.id)
        }
    }
}
