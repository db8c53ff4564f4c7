import Documents
import Foundation
import MeshResources
import Testing

/// Applying and reading whole configurations.
@Suite struct ConfigurationTests {
    private static let node =
        #"{"kind":"Node","metadata":{"name":"node-a"},"spec":"#
        + #"{"addresses":[{"type":"InternalIP","ip":"192.168.1.10"}]}}"#
    private static let rule =
        #"{"kind":"ExportRule","metadata":{"name":"hide","labels":{"team":"bank"}},"#
        + #""spec":{"priority":10,"action":"deny","namespaces":["bank"]}}"#
    private static let service =
        #"{"kind":"Service","metadata":{"namespace":"shop","name":"cart"},"#
        + #""spec":{"frontends":[{"ip":"10.96.0.10","ports":[{"name":"http","port":80}]}]}}"#

    private func config(_ items: String...) -> String {
        #"{"kind":"Config","items":["# + items.joined(separator: ",") + "]}"
    }

    /// The plan as `action kind/name`, without what stays as it is.
    private func plan(_ answer: Answer) -> [String] {
        (answer.json["items"]?.array ?? []).compactMap { item in
            guard let item = item.object, item["action"] != "unchanged" else { return nil }
            return
                "\(item["action"]?.string ?? "") \(item["kind"]?.string ?? "")/\(item["name"]?.string ?? "")"
        }
    }

    private func apply(
        _ plane: AdminHarness,
        _ body: String,
        _ query: String = "",
        fields: [(String, String)] = []
    ) async throws -> Answer {
        try await plane.ask("PUT", "/api/v1/config" + query, body, fields: fields)
    }

    @Test func aDocumentIsCreatedThenUnchangedAndItsReadingPutBackChangesNothing() async throws {
        try await withAdminPlane { plane in
            let first = try await self.apply(plane, self.config(Self.node, Self.rule))
            #expect(first.status == 200, "\(first.text)")
            #expect(self.plan(first) == ["create ExportRule/hide", "create Node/node-a"])
            let version = plane.store.tables.resourceVersion

            let second = try await self.apply(plane, self.config(Self.rule, Self.node))
            #expect(self.plan(second).isEmpty)
            #expect(second.tag == first.tag)
            for type in ["application/json", "application/yaml"] {
                let read = try await plane.ask("GET", "/api/v1/config", fields: [("Accept", type)])
                #expect(read.tag == first.tag)
                let back = try await self.apply(plane, read.text, fields: [("Content-Type", type)])
                #expect(back.status == 200)
                #expect(self.plan(back).isEmpty)
                let summary = back.json["summary"]?.object
                #expect(summary?["unchanged"] == 3, "the two, and the settings")
            }
            #expect(plane.store.tables.resourceVersion == version, "nothing was written")
            let kinds = try await plane.ask("GET", "/api/v1/config").json["items"]?.array?
                .compactMap { $0.object?["kind"]?.string }
            #expect(kinds == ["ExportRule", "Node", "Settings"])
        }
    }

    @Test func aDryRunSaysTheSameAndWritesNothing() async throws {
        try await withAdminPlane { plane in
            let before = try await plane.ask("GET", "/api/v1/config")
            let dry = try await self.apply(plane, self.config(Self.node), "?dryRun=All")
            #expect(dry.fields["Isthmus-Dry-Run"] == "true")
            #expect(dry.tag == before.tag)
            #expect(try await plane.ask("GET", "/api/v1/config").body == before.body)
            let real = try await self.apply(plane, self.config(Self.node))
            #expect(real.body == dry.body)
            #expect(real.tag != before.tag)
        }
    }

    @Test func objectsAreReplacedNotPatched() async throws {
        try await withAdminPlane { plane in
            _ = try await self.apply(plane, self.config(Self.rule))
            let bare = Self.rule.replacingOccurrences(of: #","labels":{"team":"bank"}"#, with: "")
            let answer = try await self.apply(plane, self.config(bare))
            #expect(self.plan(answer) == ["update ExportRule/hide"])
            let rule = try await plane.ask("GET", "/api/v1/export-rules/hide")
            #expect(rule.json["metadata"]?.object?["labels"] == nil)
            #expect(rule.json["metadata"]?.object?["generation"] == 1, "only the labels changed")
        }
    }

    @Test func pruningDeletesWhatIsNotNamedOfWhatIsMeant() async throws {
        try await withAdminPlane { plane in
            _ = try await self.apply(plane, self.config(Self.node, Self.rule, Self.service))
            let prune = "?mode=replace&prune=true"
            let rules = try await self.apply(plane, self.config(), prune + "&kinds=export-rules&dryRun=All")
            #expect(self.plan(rules) == ["delete ExportRule/hide"])
            let labelled = try await self.apply(
                plane,
                self.config(),
                prune + "&labelSelector=team%3Dbank&dryRun=All"
            )
            #expect(self.plan(labelled) == ["delete ExportRule/hide"])
            let all = try await self.apply(plane, self.config(Self.node), prune)
            #expect(self.plan(all) == ["delete ExportRule/hide", "delete Service/shop/cart"])
            #expect(plane.store.object("settings", "settings") != nil)
            #expect(plane.store.object("tokens", "bootstrap") != nil)
            #expect(plane.store.object("tombstones", "services/shop/cart") != nil, "its keys have to go")
            let types = plane.store.recentEvents(after: 0, limit: 100)?.map(\.type) ?? []
            #expect(types.suffix(3).contains("service.deleted"))
            let audit = try await plane.store.audit(after: 0, limit: 100).suffix(2)
            #expect(audit.map(\.draft.verb) == ["delete", "delete"])
        }
    }

    @Test(arguments: [
        "?mode=replace", "?prune=true", "?mode=merge&prune=true", "?mode=other", "?prune=yes", "?kinds=peers",
        "?labelSelector=a", "?mode=replace&prune=true&kinds=tokens", "?mode=replace&prune=true&kinds=",
        "?mode=replace&prune=true&labelSelector=%21%21", "?dryRun=Some", "?wait=applied",
    ])
    func parametersThatMakeNoSenseAreRefused(query: String) async throws {
        try await withAdminPlane { plane in
            let answer = try await self.apply(plane, self.config(Self.node), query)
            #expect(answer.status == 400)
            #expect(answer.slug == "invalid-parameter")
            #expect(plane.store.tables.count("nodes") == 0)
        }
    }

    @Test func allProblemsOfAllObjectsComeAtOnce() async throws {
        try await withAdminPlane { plane in
            let version = plane.store.tables.resourceVersion
            let answer = try await self.apply(
                plane,
                self.config(
                    Self.node,
                    #"{"kind":"Car","metadata":{"name":"a"},"spec":{}}"#,
                    Self.node,
                    #"{"kind":"Node","metadata":{"name":"UPPER CASE"},"spec":{"colour":"red"}}"#,
                    #"{"kind":"Service","metadata":{"name":"cart"},"spec":{}}"#,
                    #"{"kind":"ExportRule","metadata":{"name":"r","weight":1},"spec":{"action":"perhaps"}}"#,
                    "7"
                )
            )
            #expect(answer.status == 422)
            let pointers = Set(answer.pointers)
            let expected: Set<String> = [
                "/items/1/kind", "/items/2", "/items/3/metadata/name", "/items/3/spec/colour",
                "/items/4/metadata", "/items/5/metadata/weight", "/items/5/spec/action", "/items/6",
            ]
            #expect(expected.isSubset(of: pointers), "\(pointers)")
            #expect(plane.store.tables.resourceVersion == version, "the good one was not written either")
        }
    }

    @Test(arguments: ["[]", "{}", #"{"kind":"Peer","items":[]}"#, #"{"items":{}}"#, #"{"items":[],"x":1}"#])
    func whatIsNoConfigurationIsRefused(body: String) async throws {
        try await withAdminPlane { plane in
            let answer = try await self.apply(plane, body)
            #expect(answer.status == 422)
        }
    }

    @Test func aTagKeepsTwoWritersApart() async throws {
        try await withAdminPlane { plane in
            let tag = try #require(try await plane.ask("GET", "/api/v1/config").tag)
            _ = try await plane.makeToken("ci", .viewer)
            let first = try await self.apply(plane, self.config(Self.node), fields: [("If-Match", tag)])
            #expect(first.status == 200, "a token is not configuration: \(first.text)")
            let second = try await self.apply(plane, self.config(Self.rule), fields: [("If-Match", tag)])
            #expect(second.status == 412)
            let newer = try #require(first.tag)
            _ = try await plane.ask("DELETE", "/api/v1/nodes/node-a")
            let third = try await self.apply(plane, self.config(Self.rule), fields: [("If-Match", newer)])
            #expect(third.status == 412, "a deletion is a change, too")
            let same = try await plane.ask("GET", "/api/v1/config", fields: [("If-None-Match", tag)])
            #expect(same.status == 304, "it is what it was at first")
        }
    }

    @Test func theVersionInADocumentMustBeThatOfTheObject() async throws {
        try await withAdminPlane { plane in
            _ = try await self.apply(plane, self.config(Self.node))
            let stale = Self.node.replacingOccurrences(
                of: #""name":"node-a""#,
                with: #""name":"node-a","resourceVersion":"1""#
            )
            let answer = try await self.apply(plane, self.config(stale))
            #expect(answer.status == 409)
            #expect(answer.slug == "conflict")
        }
    }

    @Test func peersMaySwapTheirNumbersButNotShareOne() async throws {
        func peer(_ name: String, _ id: Int) -> String {
            #"{"kind":"Peer","metadata":{"name":"\#(name)"},"spec":{"clusterID":\#(id),"#
                + #""endpoints":[{"url":"https://192.0.2.7:2379"}]}}"#
        }
        try await withAdminPlane { plane in
            let made = try await self.apply(plane, self.config(peer("north", 8), peer("south", 9)))
            #expect(made.status == 200, "\(made.text)")
            let swapped = try await self.apply(plane, self.config(peer("north", 9), peer("south", 8)))
            #expect(swapped.status == 200, "\(swapped.text)")
            let shared = try await self.apply(plane, self.config(peer("north", 8)))
            #expect(shared.status == 422)
            #expect(shared.pointers == ["/items/0/spec/clusterID"])
        }
    }

    @Test func onlyAnAdministratorWritesAndTokensAreNotInIt() async throws {
        try await withAdminPlane { plane in
            let operatorToken = try await plane.makeToken("ops", .operator)
            let answer = try await plane.ask("PUT", "/api/v1/config", self.config(), as: operatorToken)
            #expect(answer.status == 403)
            let read = try await plane.ask("GET", "/api/v1/config", as: operatorToken)
            #expect(read.status == 200)
            #expect(!read.text.contains("Token"))
            #expect(try await plane.ask("GET", "/api/v1/config?kinds=peers").json["items"] == [])
        }
    }
}
