import Persistence

/// What is left of a deleted object until its keys are deleted, too.
///
/// Written in the transaction that deletes the object, so that a crash between the two never leaves a key
/// that nobody remembers.
enum Tombstone {
    /// The kind of these objects in the admin store; REST does not show it.
    static let kind = "tombstones"

    /// Leaves the tombstone of an object.
    static func write(_ id: AdminObjectID, in transaction: AdminTransaction) throws(PersistenceError) {
        let draft = AdminObjectDraft(kind: self.kind, name: "\(id.kind)/\(id.name)")
        _ = try transaction.put(draft, event: ".unpublish")
    }
}
