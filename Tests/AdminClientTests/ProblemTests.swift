import AdminClient
import Documents
import Testing

@Suite struct ProblemTests {
    @Test func everyMemberIsRead() throws {
        let document: DocumentValue = [
            "type": "/problems/invalid-object", "title": "Invalid object", "status": 422,
            "detail": "2 fields",
            "instance": "urn:uuid:1", "hint": "look at the schema", "retryAfterSeconds": 3,
            "errors": [["pointer": "/spec/clusterID", "code": "out-of-range", "message": "too large"]],
            "object": ["kind": "Peer"],
        ]
        let problem = Problem(status: 422, members: try #require(document.object))
        #expect(problem.slug == "invalid-object")
        #expect(problem.title == "Invalid object")
        #expect(problem.detail == "2 fields")
        #expect(problem.hint == "look at the schema")
        #expect(problem.retryAfterSeconds == 3)
        #expect(problem.errors.map(\.pointer) == ["/spec/clusterID"])
        #expect(problem.errors.map(\.code) == ["out-of-range"])
        #expect(problem.object == ["kind": "Peer"])
    }

    @Test func anAnswerThatIsNoProblemStillHasItsStatus() {
        let problem = Problem(status: 502, members: DocumentObject())
        #expect(problem.title == "the server answered with HTTP status 502")
        #expect(problem.slug == "")
        #expect(problem.errors.isEmpty)
    }
}
