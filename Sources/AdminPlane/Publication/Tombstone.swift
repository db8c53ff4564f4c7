import Documents
package import Persistence

/// What is left of a deleted object until nothing of it can come back.
///
/// Written in the transaction that deletes the object, so that a crash between the two never leaves a key
/// that nobody remembers. Once the key is gone, the tombstone says at which revision of which store, and is
/// kept for a day: a store that does not sync each commit may have the key again after a power cut.
package enum Tombstone {
    /// The kind of these objects in the admin store; REST does not show it.
    package static let kind = "tombstones"
    /// How long a power cut can undo a deletion, in nanoseconds: longer than any store waits with a sync.
    static let keepingTime: Int64 = 86_400 * 1_000_000_000
    /// The most tombstones that are kept although their keys are gone.
    static let limit = 10_000

    /// When and where a key was gone.
    struct Burial: Hashable, Sendable {
        /// The number of the store: a wiped one has another.
        let store: UInt64
        /// The store's revision; a key that was written later is somebody else's.
        let revision: Int64
        /// The time in nanoseconds since 1970.
        let time: Int64
    }

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

    /// Whether the key of the tombstone's object is still to be deleted.
    package static func isPending(_ tombstone: AdminObject) -> Bool { self.burial(tombstone) == nil }

    /// When the key was gone; `nil` while it is to be deleted.
    static func burial(_ tombstone: AdminObject) -> Burial? {
        guard let spec = (try? JSONReader.read(tombstone.spec))?.object,
            let store = spec["store"]?.string.flatMap({ UInt64($0, radix: 16) }),
            let revision = spec["revision"]?.integer, let time = spec["time"]?.integer
        else { return nil }
        return Burial(store: store, revision: revision, time: time)
    }

    /// The name of an object's tombstone.
    static func name(of id: AdminObjectID) -> String { "\(id.kind)/\(id.name)" }

    /// The object whose tombstone has this name.
    static func id(_ name: String) -> AdminObjectID? {
        guard let slash = name.firstIndex(of: "/") else { return nil }
        return AdminObjectID(kind: String(name[..<slash]), name: String(name[name.index(after: slash)...]))
    }

    /// Notes that the keys of these tombstones are gone, or removes the tombstones, unless their objects were
    /// deleted once more since.
    static func finish(
        burying buried: [(tombstone: AdminObject, burial: Burial)],
        removing removed: [AdminObject],
        in store: AdminStore
    ) async throws(AdminStoreError) {
        try await store.write { (transaction) throws(PersistenceError) in
            for tombstone in removed where self.isNewest(tombstone, transaction) {
                try transaction.delete(self.kind, tombstone.name, event: ".unpublished")
            }
            for (tombstone, burial) in buried where self.isNewest(tombstone, transaction) {
                var draft = tombstone.draft
                draft.spec = JSONWriter.write([
                    "store": .string(String(burial.store, radix: 16)),
                    "revision": .integer(burial.revision), "time": .integer(burial.time),
                ])
                _ = try transaction.put(draft, event: ".unpublished")
            }
            return .commit(())
        }
    }

    private static func isNewest(_ tombstone: AdminObject, _ transaction: AdminTransaction) -> Bool {
        transaction.object(self.kind, tombstone.name)?.resourceVersion == tombstone.resourceVersion
    }
}
