import Testing

@Suite struct HarnessTests {
    @Test func anAdministratorIsKnownByTheToken() async throws {
        try await withAdminPlane { plane in
            let answer = try await plane.ask("GET", "/api/v1/whoami")
            #expect(answer.status == 200)
            #expect(answer.json["name"]?.string == "bootstrap")
            #expect(try await plane.ask("GET", "/api/v1/whoami", as: .some(nil)).status == 401)
        }
    }

    @Test func aTokenGrantsItsScopesOnly() async throws {
        try await withAdminPlane { plane in
            let token = try await plane.makeToken("looker", .viewer)
            #expect(try await plane.ask("GET", "/api/v1/peers", as: token).status == 200)
            let body = #"{"spec":{"scopes":["admin"]}}"#
            let answer = try await plane.ask("PUT", "/api/v1/tokens/looker", body, as: token)
            #expect(answer.status == 403)
            #expect(answer.slug == "forbidden")
        }
    }
}
