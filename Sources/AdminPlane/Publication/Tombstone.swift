package import Persistence

/// What is left of a deleted object until its keys are deleted, too.
///
/// Written in the transaction that deletes the object, so that a crash between the two never leaves a key
/// that nobody remembers.
package enum Tombstone {
    /// The kind of these objects in the admin store; REST does not show it.
    package static let kind = "tombstones"

    /// Leaves the tombstone of an object.
    package static func write(
        _ id: AdminObjectID,
        in transaction: AdminTransaction
    ) throws(PersistenceError) {
        _ = try transaction.put(
            AdminObjectDraft(kind: self.kind, name: self.name(of: id)),
            event: ".unpublish"
        )
    }

    /// The name of an object's tombstone.
    static func name(of id: AdminObjectID) -> String { "\(id.kind)/\(id.name)" }

    /// The object whose tombstone has this name.
    static func id(_ name: String) -> AdminObjectID? {
        guard let slash = name.firstIndex(of: "/") else { return nil }
        return AdminObjectID(kind: String(name[..<slash]), name: String(name[name.index(after: slash)...]))
    }

    /// Removes tombstones, unless their objects were deleted once more since.
    static func remove(
        _ tombstones: [AdminObject],
        from store: AdminStore
    ) async throws(AdminStoreError) {
        try await store.write { (transaction) throws(PersistenceError) in
            for tombstone in tombstones {
                let found = transaction.object(self.kind, tombstone.name)
                guard found?.resourceVersion == tombstone.resourceVersion else { continue }
                try transaction.delete(self.kind, tombstone.name, event: ".unpublished")
            }
            return .commit(())
        }
    }
}
