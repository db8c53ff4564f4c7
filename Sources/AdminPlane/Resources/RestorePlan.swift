import MeshResources
import Persistence

/// What makes the objects those of a backup.
///
/// Left alone are the records of long jobs, which are about the server and not the mesh, and what is left of
/// deleted objects: keys that have to go have to go whatever is restored. Settings are never deleted.
struct RestorePlan: Sendable {
    private static let leftAlone: Set<String> = [JobRecord.kind, Tombstone.kind]

    /// What happens to each object.
    private(set) var summary = ChangePlan()
    private var puts: [AdminObject] = []
    private var deletions: [AdminObjectID] = []

    init(_ backup: AdminTables, over current: AdminTables) {
        for kind in Set(backup.kinds + current.kinds).subtracting(Self.leftAlone).sorted() {
            let name = Self.kind(kind)?.kind ?? kind
            for object in backup.objects(kind) {
                let old = current.object(kind, object.name)
                guard old?.draft != object.draft || old?.uid != object.uid else {
                    self.summary.add(.unchanged, name, object.name)
                    continue
                }
                self.summary.add(old == nil ? .create : .update, name, object.name)
                self.puts.append(object)
            }
            guard kind != ObjectKind.settings.plural else { continue }
            for object in current.objects(kind) where backup.object(kind, object.name) == nil {
                self.summary.add(.delete, name, object.name)
                self.deletions.append(AdminObjectID(kind: kind, name: object.name))
            }
        }
    }

    /// The kind of these objects, if this version knows it.
    static func kind(_ plural: String) -> ObjectKind? { ObjectKind.all.first { $0.plural == plural } }

    /// Does it.
    func apply(in transaction: AdminTransaction) throws(PersistenceError) {
        for id in self.deletions {
            if let kind = Self.kind(id.kind) {
                try kind.delete(id.name, in: transaction)
            } else {
                try transaction.delete(id.kind, id.name, event: ".restored")
            }
        }
        for object in self.puts {
            let isNew = transaction.object(object.kind, object.name) == nil
            let type = Self.kind(object.kind).map { $0.singular + (isNew ? ".created" : ".updated") }
            try transaction.restore(object, event: type ?? ".restored")
        }
    }
}
