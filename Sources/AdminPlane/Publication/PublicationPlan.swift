import Documents
import MVCC
import MeshResources
import NIOCore
import Persistence

/// What is to be done about one object: what it wants of the store, compared with what the store has.
///
/// Pure.
struct PublicationPlan: Sendable {
    /// What is to be done.
    enum Step: Sendable {
        /// Nothing: this is how it is. `nil`: there is no object and nothing of it.
        case none(AppliedBoard.Finding?)
        /// Write the key, if it is still as it was.
        case put(Put, guardedBy: Compare)
        /// Delete the key, if it is still as it was.
        case delete(DeleteRange, guardedBy: Compare)
    }

    /// Which object.
    let id: AdminObjectID
    /// The object; `nil` once it is deleted.
    let object: AdminObject?
    /// What remembers that it was deleted.
    let tombstone: AdminObject?
    /// What is to be done.
    let step: Step
    /// The store's revision that was looked at.
    let revision: Int64
    /// Whether this is what was found the last time, too.
    var isKnown = false

    /// Plans for an object; `known` is what was last found of it, which saves reading it again, and `store`
    /// the number of the store.
    init(
        _ id: AdminObjectID,
        object: AdminObject?,
        tombstone: AdminObject?,
        known: AppliedBoard.Entry?,
        keyspace: Keyspace,
        store: UInt64,
        cluster: ClusterContext
    ) {
        self.id = id
        self.object = object
        self.tombstone = tombstone
        self.revision = keyspace.revision
        guard let kind = PublishedKind(rawValue: id.kind), object != nil || tombstone != nil,
            // Every published object has one key.
            let text = Publication.keys(of: kind, named: id.name, in: cluster).first
        else {
            self.step = .none(nil)
            return
        }
        let key = ByteBuffer(string: text)
        let record = keyspace.newest(key)
        guard let object else {
            // A key that is younger than the deletion is not the object's.
            let isTheirs = tombstone.flatMap(Tombstone.burial).map { burial in
                burial.store != store || record?.modRevision ?? 0 > burial.revision
            }
            self.step = isTheirs == true ? .none(nil) : Self.removal(of: record, key) ?? .none(nil)
            return
        }
        if let known, known.resourceVersion == object.resourceVersion, Self.holds(known.finding, record) {
            self.step = .none(known.finding)
            self.isKnown = true
            return
        }
        switch Self.wanted(object, kind, cluster) {
        case .failure(let problem):
            let removal = Self.removal(of: record, key)
            self.step = removal ?? .none(.invalid(problem.reason))
        case .success(let value?) where record?.lease ?? 0 == 0:
            if let record, record.value == value {
                self.step = .none(.published(revision: record.modRevision))
            } else {
                self.step = .put(Put(key: key, value: value), guardedBy: Self.unchanged(key, record))
            }
        case .success(.some): self.step = .none(.foreignWriter)
        case .success(nil): self.step = Self.removal(of: record, key) ?? .none(.notShared)
        }
    }

    /// What is true of the object once the step is done at `revision`; `nil`: nothing is left of it.
    func finding(at revision: Int64, cluster: ClusterContext) -> AppliedBoard.Finding? {
        switch self.step {
        case .none(let finding): return finding
        case .put: return .published(revision: revision)
        case .delete:
            guard let object, let kind = PublishedKind(rawValue: self.id.kind) else { return nil }
            guard case .failure(let problem) = Self.wanted(object, kind, cluster) else { return .notShared }
            return .invalid(problem.reason)
        }
    }

    /// Whether a finding that was right is right still.
    private static func holds(_ finding: AppliedBoard.Finding, _ record: Record?) -> Bool {
        switch finding {
        case .published(let revision): record?.modRevision == revision && record?.lease == 0
        case .notShared: record == nil
        case .foreignWriter, .invalid, .contended, .storeFull, .storeFailed: false
        }
    }

    /// A key with a lease belongs to another writer.
    private static func removal(of record: Record?, _ key: ByteBuffer) -> Step? {
        guard let record, record.lease == 0 else { return nil }
        return .delete(DeleteRange(KeyRange(key)), guardedBy: self.unchanged(key, record))
    }

    private static func unchanged(_ key: ByteBuffer, _ record: Record?) -> Compare {
        // A key that is not there has the revision zero.
        Compare(KeyRange(key), .mod(record?.modRevision ?? 0), .equal)
    }

    /// Why an object has no value.
    private struct Invalidity: Error {
        let reason: String
    }

    /// The value that the key shall have; `nil` when there shall be none.
    private static func wanted(
        _ object: AdminObject,
        _ kind: PublishedKind,
        _ cluster: ClusterContext
    ) -> Result<ByteBuffer?, Invalidity> {
        guard let spec = try? JSONReader.read(object.spec) else {
            return .failure(Invalidity(reason: "its spec is not JSON"))
        }
        let problems = FieldProblems()
        let read = PublishedObject(
            kind,
            named: object.name,
            labels: object.labels,
            annotations: object.annotations,
            spec: FieldReader(spec, at: JSONPointer.root.member("spec"), problems: problems),
            in: cluster
        )
        // It was valid when it was written, but the cluster's name or id may have been another then.
        guard let read, problems.isEmpty else {
            let problem = problems.all.first.map { "\($0.pointer): \($0.message)" } ?? ""
            return .failure(Invalidity(reason: problem))
        }
        return .success(Publication.entries(of: read, in: cluster).first?.value)
    }
}
