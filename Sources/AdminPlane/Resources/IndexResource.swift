import Documents
import MeshResources
import MicroHTTP

/// The index of the API, for people who begin with `curl` and for the test that holds it against the
/// contract.
struct IndexResource: Sendable {
    /// The other operations.
    let others: [Operation]

    var operations: [Operation] {
        let document = JSONWriter.write(self.document)
        return [
            Operation("getIndex", "GET", "/api/v1", .scope(.viewer)) { (_) throws(Problem) in
                Reply(200, .json(document))
            }
        ]
    }

    private var document: DocumentValue {
        let own = Self.entry("getIndex", "GET", "/api/v1", .scope(.viewer))
        let entries = self.others.map { Self.entry($0.id, $0.method, $0.path, $0.access) }
        return ["kind": "Index", "contract": "/openapi.yaml", "operations": .array([own] + entries)]
    }

    private static func entry(
        _ id: String,
        _ method: String,
        _ path: String,
        _ access: Operation.Access
    ) -> DocumentValue {
        var entry: DocumentObject = DocumentObject()
        entry["operationId"] = .string(id)
        entry["method"] = .string(method)
        entry["path"] = .string(path)
        if case .scope(let scope) = access { entry["scope"] = .string(scope.rawValue) }
        return .object(entry)
    }
}
