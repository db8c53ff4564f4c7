import Testing

@Suite struct AnswerDetailTests {
    @Test func aProblemIsNamedByAURIWhateverTheClientCallsItsRequest() async throws {
        try await withAdminPlane { plane in
            let name = #"a<"b~1"#
            let answer = try await plane.ask("GET", "/api/v1/peers/none", fields: [("X-Request-Id", name)])
            #expect(answer.status == 404)
            #expect(answer.fields["X-Request-Id"] == name)
            #expect(answer.json["instance"]?.string == "urn:uuid:a%3C%22b~1")
        }
    }

    @Test func theAuditNamesKindsAsDocumentsDo() async throws {
        try await withAdminPlane { plane in
            let spec = #"{"spec":{"action":"deny"}}"#
            #expect(try await plane.ask("PUT", "/api/v1/export-rules/none", spec).status == 201)
            let lines = try await plane.ask("GET", "/api/v1/audit").json["items"]?.array ?? []
            #expect(lines.map { $0.object?["kind"]?.string } == ["Token", "ExportRule"])
        }
    }

    @Test func operationsThatListAreNamedAfterSeveralObjects() async throws {
        try await withAdminPlane { plane in
            let entries = try await plane.ask("GET", "/api/v1").json["operations"]?.array ?? []
            let names = entries.compactMap { $0.object?["operationId"]?.string }
            for name in ["listIdentities", "listExportRules", "listNamespacedServices"] {
                #expect(names.contains(name))
            }
        }
    }
}
