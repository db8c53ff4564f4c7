import Persistence

extension ObjectKind {
    /// Creates or replaces an object of this kind.
    func put(
        _ draft: AdminObjectDraft,
        _ verb: ChangeVerb,
        in transaction: AdminTransaction
    ) throws(PersistenceError) -> AdminObject {
        let isNew = transaction.object(self.plural, draft.name) == nil
        let past = isNew ? self.creationEvent : verb.event
        return try transaction.put(draft, event: "\(self.singular).\(past)")
    }

    /// Deletes an object of this kind; of a published one a tombstone stays, so that its keys go.
    func delete(_ name: String, in transaction: AdminTransaction) throws(PersistenceError) {
        try transaction.delete(self.plural, name, event: self.singular + ".deleted")
        if case .published = self.effect { try Tombstone.write(self.id(name), in: transaction) }
    }
}
