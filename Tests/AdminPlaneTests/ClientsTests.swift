import AccessControl
import AdminPlane
import Documents
import MeshResources
import Testing

@Suite struct ClientsTests {
    private func agent(_ id: UInt64) -> ConnectedClient {
        var client = ConnectedClient(id: id, identity: .localAgent(name: "local-east"))
        client.address = "192.0.2.7:\(4_000 + id)"
        client.openedAt = 1_800_000_000_000
        client.watches = 7
        client.lag = 12
        return client
    }

    private func names(_ answer: Answer) -> [String] {
        answer.json["items"]?.array?.compactMap { $0.object?["metadata"]?.object?["name"]?.string } ?? []
    }

    @Test func connectionsAreListedPageByPage() async throws {
        try await withAdminPlane { plane in
            for id: UInt64 in [2, 3, 5, 8, 13] { plane.data.connect(self.agent(id)) }
            let first = try await plane.ask("GET", "/api/v1/clients?limit=2")
            #expect(self.names(first) == ["2", "3"])
            let metadata = try #require(first.json["metadata"]?.object)
            #expect(metadata["remainingItemCount"] == 3)
            let token = try #require(metadata["continue"]?.string)
            // Who comes and goes meanwhile makes no gap.
            _ = try await plane.ask("DELETE", "/api/v1/clients/3")
            plane.data.connect(self.agent(21))
            let second = try await plane.ask("GET", "/api/v1/clients?limit=9&continue=\(token)")
            #expect(self.names(second) == ["5", "8", "13", "21"])
            #expect(second.json["metadata"]?.object?["continue"] == nil)
        }
    }

    @Test func aConnectionIsShownWithWhoItIs() async throws {
        try await withAdminPlane { plane in
            plane.data.connect(self.agent(2))
            let answer = try await plane.ask("GET", "/api/v1/clients/2")
            let status = try #require(answer.json["status"]?.object)
            #expect(status["identity"] == "local-east" && status["identityKind"] == "localAgent")
            #expect(status["watches"] == 7 && status["lagRevisions"] == 12)
            #expect(status["since"] == "2027-01-15T08:00:00Z")
            #expect(status["certificate"] == nil)
        }
    }

    @Test func aConnectionThatIsCutIsInTheAuditTheEventsAndTheListOfThoseClosed() async throws {
        try await withAdminPlane { plane in
            plane.data.connect(self.agent(2), self.agent(3))
            let cut = try await plane.ask("DELETE", "/api/v1/clients/2")
            #expect(cut.status == 200)
            #expect(cut.json["metadata"]?.object?["name"] == "2")
            #expect(self.names(try await plane.ask("GET", "/api/v1/clients")) == ["3"])
            let closed = try await plane.ask("GET", "/api/v1/clients?state=closed")
            #expect(self.names(closed) == ["2"])
            #expect(closed.json["items"]?.array?.first?.object?["status"]?.object?["reason"] == "cut")
            let line = try #require(
                try await plane.ask("GET", "/api/v1/audit").json["items"]?.array?.last?.object
            )
            #expect(line["verb"] == "disconnect" && line["kind"] == "clients" && line["name"] == "2")
            let event = try #require(plane.store.recentEvents(after: 0, limit: 100)?.last)
            #expect(event.type == "client.disconnected" && event.kind == "Client" && event.name == "2")
            #expect(try await plane.ask("DELETE", "/api/v1/clients/2").status == 404)
        }
    }

    @Test func aDryRunCutsNothing() async throws {
        try await withAdminPlane { plane in
            plane.data.connect(self.agent(2))
            let answer = try await plane.ask("DELETE", "/api/v1/clients/2?dryRun=All")
            #expect(answer.status == 200 && answer.fields["Isthmus-Dry-Run"] == "true")
            #expect(self.names(try await plane.ask("GET", "/api/v1/clients")) == ["2"])
        }
    }

    @Test func aViewerMayLookAndNotCut() async throws {
        try await withAdminPlane { plane in
            plane.data.connect(self.agent(2))
            let token = try await plane.makeToken("looker", .viewer)
            #expect(try await plane.ask("GET", "/api/v1/clients", as: token).status == 200)
            #expect(try await plane.ask("DELETE", "/api/v1/clients/2", as: token).status == 403)
            let operatorToken = try await plane.makeToken("hand", .operator)
            #expect(try await plane.ask("DELETE", "/api/v1/clients/2", as: operatorToken).status == 200)
        }
    }

    @Test(
        "what is not there is said",
        arguments: [
            ("/api/v1/clients/9", 404), ("/api/v1/clients/x", 404), ("/api/v1/clients/02", 404),
            ("/api/v1/clients/-2", 404), ("/api/v1/clients/99999999999999999999", 404),
            ("/api/v1/clients?state=gone", 400), ("/api/v1/clients?continue=MDp4", 400),
        ]
    )
    func bad(target: String, status: Int) async throws {
        try await withAdminPlane { plane in
            plane.data.connect(self.agent(2))
            let answer = try await plane.ask("GET", target)
            #expect(answer.status == status)
        }
    }
}
