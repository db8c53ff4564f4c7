import Documents
import MeshResources
import MicroHTTP
import Persistence

/// The one object that holds the defaults of the server.
struct SettingsResource: Sendable {
    /// The object's name in the admin store.
    static let name = ManagedKind.settingsName

    let objects: StoredObjects

    var operations: [Operation] {
        let path = "/api/v1/settings"
        return [
            Operation("getSettings", "GET", path, .scope(.viewer), query: Waiting.parameters) {
                (call) throws(Problem) in try await self.get(call)
            },
            Operation(
                "replaceSettings",
                "PUT",
                path,
                .scope(.admin),
                query: ChangeOptions.parameters,
                body: .document
            ) { (call) throws(Problem) in try await self.objects.replace(call, name: Self.name) },
            Operation(
                "updateSettings",
                "PATCH",
                path,
                .scope(.admin),
                query: ChangeOptions.parameters,
                body: .mergePatch
            ) { (call) throws(Problem) in try await self.objects.update(call, name: Self.name) },
        ]
    }

    private func get(_ call: Call) async throws(Problem) -> Reply {
        try await self.objects.get(call, name: Self.name)
    }

    /// Writes the defaults when there are no settings yet, so that they can be seen and patched.
    static func initialise(_ store: AdminStore) async throws(AdminStoreError) {
        try await store.write { (transaction) throws(PersistenceError) in
            guard transaction.object(ObjectKind.settings.plural, self.name) == nil else {
                return .rollBack(())
            }
            var draft = AdminObjectDraft(kind: ObjectKind.settings.plural, name: self.name)
            draft.spec = JSONWriter.write(SettingsSpec().document.canonical)
            _ = try transaction.put(draft, event: "settings.created")
            return .commit(())
        }
    }
}
