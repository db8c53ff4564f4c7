/// The operations that every kind of stored objects has.
enum StoredKinds {
    /// The operations of a kind.
    static func operations(_ objects: StoredObjects) -> [Operation] {
        let kind = objects.kind
        let collection = "/api/v1/\(kind.plural)"
        let path = collection + (kind.isNamespaced ? "/{namespace}/{name}" : "/{name}")
        let read = Operation.Access.scope(kind.readScope)
        let write = Operation.Access.scope(kind.writeScope)
        var operations = [
            Operation("list\(kind.many)", "GET", collection, read, query: ListWindow.parameters) {
                (call) throws(Problem) in try objects.list(call)
            },
            Operation(
                "create\(kind.kind)",
                "POST",
                collection,
                write,
                query: ChangeOptions.parameters,
                body: .document
            ) { (call) throws(Problem) in try await objects.create(call) },
            Operation("get\(kind.kind)", "GET", path, read, query: Waiting.parameters) {
                (call) throws(Problem) in try await objects.get(call, name: Self.name(call, kind))
            },
            Operation(
                "replace\(kind.kind)",
                "PUT",
                path,
                write,
                query: ChangeOptions.parameters,
                body: .document
            ) { (call) throws(Problem) in try await objects.replace(call, name: Self.name(call, kind)) },
            Operation(
                "update\(kind.kind)",
                "PATCH",
                path,
                write,
                query: ChangeOptions.parameters,
                body: .mergePatch
            ) { (call) throws(Problem) in try await objects.update(call, name: Self.name(call, kind)) },
            Operation("delete\(kind.kind)", "DELETE", path, write, query: ChangeOptions.parameters) {
                (call) throws(Problem) in try await objects.delete(call, name: Self.name(call, kind))
            },
        ]
        if kind.isNamespaced {
            operations.append(
                Operation(
                    "listNamespaced\(kind.many)",
                    "GET",
                    collection + "/{namespace}",
                    read,
                    query: ListWindow.parameters
                ) { (call) throws(Problem) in try objects.list(call, namespace: call.parameter("namespace")) }
            )
        }
        return operations
    }

    private static func name(_ call: Call, _ kind: ObjectKind) -> String {
        kind.isNamespaced
            ? call.parameter("namespace") + "/" + call.parameter("name") : call.parameter("name")
    }
}
