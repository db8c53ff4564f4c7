import Documents
import MeshResources
import MicroHTTP

/// The index of the API, for people who begin with `curl`.
struct IndexResource: Sendable {
    /// The paths that the index names: those of all GET operations without parameters.
    let paths: [String]

    var operations: [Operation] {
        [
            Operation("getIndex", "GET", "/api/v1", .scope(.viewer)) { (_) throws(Problem) in
                Reply(
                    document: [
                        "kind": "Index",
                        "paths": .array(self.paths.map { .string($0) }),
                        "contract": "/openapi.yaml",
                    ]
                )
            }
        ]
    }
}
