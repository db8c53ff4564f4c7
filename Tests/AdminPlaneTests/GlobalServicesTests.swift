import Documents
import MVCC
import NIOCore
import TestSupport
import Testing

@testable import AdminPlane

@Suite struct GlobalServicesTests {
    private static func key(_ tree: String, _ cluster: String, _ name: String) -> String {
        "cilium/\(tree)/services/v1/\(cluster)/\(name)"
    }

    /// A service's value with as many backends.
    private static func value(
        _ cluster: String,
        _ name: String,
        backends: Int = 1,
        isShared: Bool = true,
        labels: String = "{}"
    ) -> String {
        let parts = name.split(separator: "/")
        let addresses = (0..<backends).map {
            "\"10.0.0.\($0 + 1)\":{\"http\":{\"Protocol\":\"TCP\",\"Port\":80}}"
        }
        return "{\"cluster\":\"\(cluster)\",\"namespace\":\"\(parts[0])\",\"name\":\"\(parts[1])\","
            + "\"frontends\":{},\"backends\":{\(addresses.joined(separator: ","))},\"labels\":\(labels),"
            + "\"selector\":{},\"includeExternal\":true,\"shared\":\(isShared),\"clusterID\":1}"
    }

    private func names(_ answer: Answer) -> [String] {
        answer.json["items"]?.array?.compactMap { item in
            let metadata = item.object?["metadata"]?.object
            return (metadata?["namespace"]?.string ?? "") + "/" + (metadata?["name"]?.string ?? "")
        } ?? []
    }

    @Test func aServiceIsShownAcrossClusters() async throws {
        try await withAdminPlane { plane in
            let name = "shop/cart"
            try plane.data.put(
                Self.key("state", "east", name),
                Self.value("east", name, labels: "{\"app\":\"cart\"}")
            )
            try plane.data.put(
                Self.key("cache", "west", name),
                Self.value("west", name, backends: 3, isShared: false)
            )
            try plane.data.put(Self.key("cache", "north", name), "{}")
            let answer = try await plane.ask("GET", "/api/v1/global-services/shop/cart")
            let status = try #require(answer.json["status"]?.object)
            #expect(status["shared"] == true && status["backends"] == 4 && status["affinity"] == nil)
            let clusters = status["clusters"]?.array?.compactMap(\.object) ?? []
            #expect(clusters.map { $0["cluster"] } == ["east", "north", "west"])
            #expect(clusters.map { $0["origin"] } == ["published", "mirrored", "mirrored"])
            #expect(
                clusters.map { $0["visibleTo"] } == [
                    ["admin", "remote"], ["admin", "local"], ["admin", "local"],
                ]
            )
            #expect(clusters.map { $0["problem"] == nil } == [true, false, true])
            #expect(clusters.map { $0["shared"] } == [true, false, false])
            let backends = clusters[2]["addresses"]?.object?["backends"]?.array
            #expect(backends?.count == 3)
            #expect(
                backends?.first
                    == ["ip": "10.0.0.1", "ports": [["name": "http", "port": 80, "protocol": "TCP"]]]
            )
            #expect(answer.json["metadata"]?.object?["labels"] == ["app": "cart"])
            let tag = try #require(answer.tag)
            let again = try await plane.ask(
                "GET",
                "/api/v1/global-services/shop/cart",
                fields: [("If-None-Match", tag)]
            )
            #expect(again.status == 304)
            plane.data.delete(Self.key("cache", "west", name))
            let changed = try await plane.ask(
                "GET",
                "/api/v1/global-services/shop/cart",
                fields: [("If-None-Match", tag)]
            )
            #expect(changed.status == 200)
            #expect(try await plane.ask("GET", "/api/v1/global-services/shop/tarc").status == 404)
        }
    }

    @Test func aPublishedServiceTellsItsAffinity() async throws {
        try await withAdminPlane { plane in
            let body = #"{"spec":{"affinity":"local"}}"#
            #expect(try await plane.ask("PUT", "/api/v1/services/shop/cart", body).status == 201)
            try plane.data.put(Self.key("state", "east", "shop/cart"), Self.value("east", "shop/cart"))
            for target in ["/api/v1/global-services/shop/cart", "/api/v1/global-services"] {
                let answer = try await plane.ask("GET", target)
                #expect(answer.text.contains(#""affinity":"local""#))
            }
            _ = try await plane.ask("PUT", "/api/v1/services/shop/cart", #"{"spec":{"affinity":"remote"}}"#)
            let answer = try await plane.ask("GET", "/api/v1/global-services/shop/cart")
            #expect(answer.json["status"]?.object?["affinity"] == "remote")
        }
    }

    @Test func aListGoesOnWhereItBegan() async throws {
        try await withAdminPlane { plane in
            let all = (0..<9).map { "ns/s\($0)" }
            for name in all { try plane.data.put(Self.key("state", "east", name), Self.value("east", name)) }
            var answer = try await plane.ask("GET", "/api/v1/global-services?limit=4")
            var found = self.names(answer)
            while let token = answer.json["metadata"]?.object?["continue"]?.string {
                plane.data.delete(Self.key("state", "east", all[found.count]))
                try plane.data.put(Self.key("state", "east", "ns/s8a"), Self.value("east", "ns/s8a"))
                // Others look meanwhile.
                _ = try await plane.ask("GET", "/api/v1/global-services")
                answer = try await plane.ask("GET", "/api/v1/global-services?limit=4&continue=\(token)")
                found += self.names(answer)
            }
            #expect(found == all)
            #expect(self.names(try await plane.ask("GET", "/api/v1/global-services")).count == 8)
        }
    }

    @Test func aListThatIsLeftTooLongHasExpired() async throws {
        try await withAdminPlane { plane in
            for name in ["a/a", "b/b"] {
                try plane.data.put(Self.key("state", "east", name), Self.value("east", name))
            }
            let answer = try await plane.ask("GET", "/api/v1/global-services?limit=1")
            let token = try #require(answer.json["metadata"]?.object?["continue"]?.string)
            plane.clock.advance(seconds: 301)
            let late = try await plane.ask("GET", "/api/v1/global-services?limit=1&continue=\(token)")
            #expect(late.status == 410 && late.slug == "expired")
        }
    }

    @Test func servicesAreSelectedByTheirLabels() async throws {
        try await withAdminPlane { plane in
            try plane.data.put(
                Self.key("state", "east", "a/a"),
                Self.value("east", "a/a", labels: "{\"tier\":\"web\"}")
            )
            try plane.data.put(
                Self.key("cache", "west", "b/b"),
                Self.value("west", "b/b", labels: "{\"tier\":\"data\"}")
            )
            let answer = try await plane.ask("GET", "/api/v1/global-services?labelSelector=tier%3Ddata")
            #expect(self.names(answer) == ["b/b"])
            #expect(try await plane.ask("GET", "/api/v1/global-services?labelSelector=%21%21").status == 400)
        }
    }

    // MARK: - The index

    /// What was read from the log and what is read anew are the same, whatever happened in between.
    @Test func whatIsReadFromTheLogIsWhatIsThere() throws {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<40 {
            var keyspace = Keyspace()
            var index = GlobalServiceIndex()
            for _ in 0..<60 {
                for _ in 0..<random.below(6) {
                    let cluster = random.pick(["east", "west", "north"])
                    let name = random.pick(["a/x", "a/y", "a-b/x", "b/x"])
                    let tree = random.pick(["state", "cache"])
                    let key =
                        random.chance(10)
                        ? "cilium/state/services/v1/east/odd" : Self.key(tree, cluster, name)
                    if random.chance(30) {
                        _ = keyspace.deleteRange(DeleteRange(KeyRange(ByteBuffer(string: key))))
                    } else {
                        let value =
                            random.chance(10) ? "?" : Self.value(cluster, name, backends: random.below(4))
                        _ = try keyspace.put(
                            Put(key: ByteBuffer(string: key), value: ByteBuffer(string: value))
                        )
                    }
                }
                if random.chance(10), keyspace.compactedRevision < keyspace.revision {
                    try keyspace.compact(through: keyspace.revision)
                }
                if random.chance(60) { try index.update(to: keyspace) }
            }
            try index.update(to: keyspace)
            var fresh = GlobalServiceIndex()
            try fresh.update(to: keyspace)
            #expect(self.text(index) == self.text(fresh))
        }
    }

    private func text(_ index: GlobalServiceIndex) -> [String] {
        index.names.map { name in
            let parts = index.parts(of: name) ?? []
            return "\(name): "
                + parts.map { "\(String(buffer: $0.record.key))@\($0.record.modRevision) \($0.backends)" }
                .joined(separator: " ")
        }
    }

    @Test func onlyWhatChangedIsDecodedAgain() throws {
        var keyspace = Keyspace()
        func put(_ name: String, backends: Int = 1) throws {
            let value = Self.value("east", name, backends: backends)
            let key = Self.key("state", "east", name)
            _ = try keyspace.put(Put(key: ByteBuffer(string: key), value: ByteBuffer(string: value)))
        }
        for number in 0..<500 { try put("ns/s\(number)") }
        var index = GlobalServiceIndex()
        try index.update(to: keyspace)
        #expect(index.decodedCount == 500)
        try put("ns/s7", backends: 2)
        try put("ns/s7", backends: 3)
        try put("ns/s8", backends: 2)
        _ = try keyspace.put(Put(key: ByteBuffer(string: "other"), value: ByteBuffer(string: "1")))
        try index.update(to: keyspace)
        #expect(index.decodedCount == 502)
        #expect(index.parts(of: "ns/s7")?.first?.backends == 3)
        try index.update(to: keyspace)
        #expect(index.decodedCount == 502)
    }
}
