import Documents
import MeshResources
import MeshSchema
import Testing

/// Reads specs from JSON, as the API does.
enum SpecReading {
    /// What came out: the value, and what is wrong.
    struct Outcome<Spec> {
        var spec: Spec?
        var problems: [FieldProblem]

        /// Each problem as `pointer code`.
        var summary: [String] { self.problems.map { "\($0.pointer) \($0.code.rawValue)" } }
    }

    static func read<Spec>(_ json: String, _ body: (FieldReader) -> Spec?) throws -> Outcome<Spec> {
        let problems = FieldProblems()
        let document = try JSONReader.read(Array(json.utf8))
        let spec = body(FieldReader(document, at: JSONPointer.root.member("spec"), problems: problems))
        return Outcome(spec: spec, problems: problems.all)
    }

    /// Returns the value of a spec in which nothing is wrong.
    static func valid<Spec>(
        _ json: String,
        _ body: (FieldReader) -> Spec?,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Spec {
        let outcome = try self.read(json, body)
        #expect(outcome.problems == [], sourceLocation: sourceLocation)
        return try #require(outcome.spec, sourceLocation: sourceLocation)
    }

    static func cluster(
        _ name: String = "east",
        _ id: Int = 7,
        _ mesh: MaxConnectedClusters = .standard
    ) throws -> ClusterContext {
        ClusterContext(name: try ClusterName(name), id: try ClusterID(id, in: mesh), mesh: mesh)
    }
}
