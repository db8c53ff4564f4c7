import Documents
import MeshResources

/// What can be had without credentials: the contract and the words of the problem types.
struct OpenPages: Sendable {
    let files: StaticFiles

    var operations: [Operation] {
        [
            Operation("getContractYAML", "GET", "/openapi.yaml", .open, produces: [MediaType.yaml]) {
                (_) throws(Problem) in
                Reply(200, .bytes(self.files.contract, type: MediaType.yaml))
            },
            Operation("getContractJSON", "GET", "/openapi.json", .open, produces: [MediaType.json]) {
                (_) throws(Problem) in
                guard let document = try? YAMLReader.read(self.files.contract) else {
                    throw Problem(.internal, "the contract is not YAML")
                }
                return Reply(200, .bytes(JSONWriter.write(document), type: MediaType.json))
            },
            Operation("getProblemType", "GET", "/problems/{slug}", .open) { (call) throws(Problem) in
                try Self.problemType(call)
            },
        ]
    }

    private static func problemType(_ call: Call) throws(Problem) -> Reply {
        guard let slug = Problem.Slug(rawValue: call.parameter("slug")) else {
            throw Problem(.notFound, "there is no problem type of that name")
        }
        return Reply(
            document: [
                "kind": "ProblemType", "type": .string(Problem.path + slug.rawValue),
                "title": .string(slug.title), "status": .integer(Int64(slug.status)),
            ]
        )
    }
}
