import AccessControl
import Documents
import MVCC
import NIOCore
import TestSupport
import Testing

@testable import AdminPlane

@Suite struct KeysTests {
    private func keys(_ answer: Answer) -> [String] {
        answer.json["items"]?.array?.compactMap { $0.object?["key"]?.string } ?? []
    }

    private func item(_ answer: Answer) throws -> DocumentObject {
        try #require(answer.json["items"]?.array?.first?.object)
    }

    private func token(_ answer: Answer) -> String? { answer.json["metadata"]?.object?["continue"]?.string }

    private let mesh = [
        "cilium/.heartbeat", "cilium/cache/nodes/v1/west/a", "cilium/cluster-config/east",
        "cilium/cluster-config/west", "cilium/state/nodes/v1/east/a",
        "cilium/synced/east/cilium/state/nodes/v1", "cilium/synced/west/cilium/cache/nodes/v1", "secret",
    ]

    @Test(
        "everybody sees what a certificate of that name may read",
        arguments: [
            ("", [0, 1, 2, 3, 4, 5, 6, 7]), ("&as=admin", [0, 1, 2, 3, 4, 5, 6, 7]),
            ("&as=admin-east", [0, 1, 2, 3, 4, 5, 6, 7]), ("&as=root", [0, 1, 2, 3, 4, 5, 6, 7]),
            ("&as=local", [0, 1, 2, 3, 5, 6]), ("&as=local-east", [0, 1, 2, 3, 5, 6]),
            ("&as=remote", [0, 2, 4, 5]), ("&as=remote-west", [0, 2, 4, 5]),
            ("&as=admin-west", []), ("&as=local-west", []), ("&as=someone", []), ("&as=user:alice", []),
            // A name that a certificate would give rights, and a user with that name has none.
            ("&as=user:remote", []), ("&as=user:root", []),
        ]
    )
    func viewers(query: String, expected: [Int]) async throws {
        try await withAdminPlane { plane in
            for key in self.mesh { try plane.data.put(key, "1") }
            let answer = try await plane.ask("GET", "/api/v1/kv?prefix=" + query)
            #expect(answer.status == 200)
            #expect(self.keys(answer) == expected.map { self.mesh[$0] })
        }
    }

    @Test func aUserSeesWhatItsRolesGrantOnceUsersCount() async throws {
        try await withAdminPlane { plane in
            try plane.data.put("a/1", "x")
            try plane.data.put("b/1", "x")
            try plane.data.change { state in
                try state.auth.grant(reading: "b/", to: "alice")
            }
            #expect(self.keys(try await plane.ask("GET", "/api/v1/kv?as=user:alice")) == ["b/1"])
            #expect(self.keys(try await plane.ask("GET", "/api/v1/kv?as=alice")) == ["b/1"])
            #expect(self.keys(try await plane.ask("GET", "/api/v1/kv?as=user:root")) == ["a/1", "b/1"])
            #expect(self.keys(try await plane.ask("GET", "/api/v1/kv?as=remote")).isEmpty)
        }
    }

    @Test func pagesAreOfOneRevisionHoweverTheStoreChanges() async throws {
        try await withAdminPlane { plane in
            let all = (0..<23).map { "k/\($0 + 10)" }
            for key in all { try plane.data.put(key, "old") }
            let revision = plane.data.revision
            var answer = try await plane.ask("GET", "/api/v1/kv?prefix=k/&limit=5")
            var found = self.keys(answer)
            #expect(answer.fields["Link"]?.hasPrefix("</api/v1/kv?continue=") == true)
            while let token = self.token(answer) {
                let metadata = answer.json["metadata"]?.object
                #expect(metadata?["remainingItemCount"]?.integer == Int64(all.count - found.count))
                plane.data.delete(all[found.count])
                try plane.data.put("k/99\(found.count)", "new")
                try plane.data.put(all[all.count - 1], "new")
                answer = try await plane.ask("GET", "/api/v1/kv?prefix=k/&limit=5&continue=\(token)")
                #expect(answer.json["metadata"]?.object?["resourceVersion"]?.string == String(revision))
                found += self.keys(answer)
                for item in answer.json["items"]?.array ?? [] { #expect(item.object?["value"] == "old") }
            }
            #expect(found == all)
        }
    }

    @Test func aListWhoseRevisionWasCompactedHasExpired() async throws {
        try await withAdminPlane { plane in
            for key in ["a", "b", "c"] { try plane.data.put(key, "1") }
            let token = try #require(self.token(try await plane.ask("GET", "/api/v1/kv?limit=1")))
            try plane.data.put("d", "1")
            try plane.data.compact()
            let answer = try await plane.ask("GET", "/api/v1/kv?limit=1&continue=\(token)")
            #expect(answer.status == 410 && answer.slug == "expired")
        }
    }

    @Test func keysThatAreLongerThanATokenArePagedThroughAllTheSame() async throws {
        try await withAdminPlane { plane in
            let long = String(repeating: "x", count: 5_000)
            let all = ["a", long + "1", long + "2", long + "3", long + "4", "y"].sorted()
            for key in all { try plane.data.put(key, "1") }
            var found: [String] = []
            var query = ""
            repeat {
                let answer = try await plane.ask("GET", "/api/v1/kv?limit=1" + query)
                #expect(answer.status == 200)
                found += self.keys(answer)
                query = self.token(answer).map { "&continue=" + $0 } ?? ""
            } while !query.isEmpty && found.count < 20
            #expect(found == all)
        }
    }

    @Test func aPageEndsWhereItsValuesAreTooLarge() async throws {
        try await withAdminPlane { plane in
            let value = String(repeating: "v", count: 3 << 20)
            for key in ["a", "b", "c", "d"] { try plane.data.put(key, value) }
            try plane.data.put("c", String(repeating: "v", count: 9 << 20))
            let first = try await plane.ask("GET", "/api/v1/kv")
            #expect(self.keys(first) == ["a", "b"])
            let second = try await plane.ask("GET", "/api/v1/kv?continue=\(try #require(self.token(first)))")
            #expect(self.keys(second) == ["c"], "one is always shown")
            let third = try await plane.ask("GET", "/api/v1/kv?continue=\(try #require(self.token(second)))")
            #expect(self.keys(third) == ["d"] && self.token(third) == nil)
        }
    }

    @Test func valuesAreDecodedAsFarAsTheyGo() async throws {
        try await withAdminPlane { plane in
            try plane.data.put("cilium/state/identities/v1/id/65601", "k8s:app=cart;")
            try plane.data.put([0xff], [0xfe, 0, 1])
            try plane.data.put("broken", "{\"a\":1,\"a\":2}")
            try plane.data.put("number", "12")
            let answer = try await plane.ask("GET", "/api/v1/kv?prefix=cilium/")
            let identity = try self.item(answer)
            #expect(identity["value"] == ["k8s:app": "cart"])
            #expect(identity["problem"]?.string == "no label names the cluster")
            #expect(identity["object"] == ["kind": "identity", "tree": "state", "name": "65601"])
            let broken = try self.item(try await plane.ask("GET", "/api/v1/kv?prefix=broken"))
            #expect(broken["value"]?.string != nil)
            let number = try self.item(try await plane.ask("GET", "/api/v1/kv?prefix=number"))
            #expect(number["value"] == "12")
            let all = try await plane.ask("GET", "/api/v1/kv?limit=1000")
            let foreign = try #require(all.json["items"]?.array?.last?.object)
            #expect(foreign["keyBase64"] == "/w==" && foreign["valueBase64"] == "/gAB")
            #expect(foreign["value"] == nil)
        }
    }

    @Test(
        "what is not valid is said",
        arguments: [
            "as=", "as=user:", "as=%C2%80", "continue=x", "continue=MTphYg", "limit=0", "as=a&as=b", "what=1",
            "prefix=\(String(repeating: "p", count: 1_025))",
        ]
    )
    func badQueries(query: String) async throws {
        try await withAdminPlane { plane in
            let answer = try await plane.ask("GET", "/api/v1/kv?" + query)
            #expect(answer.status == 400 && answer.slug == "invalid-parameter")
        }
    }

    @Test func nothingIsShownOfADamagedStore() async throws {
        try await withAdminPlane { plane in
            plane.data.change { $0.isCorrupt = true }
            for target in ["/api/v1/kv", "/api/v1/global-services"] {
                let answer = try await plane.ask("GET", target)
                #expect(answer.status == 503)
            }
        }
    }

    /// Random keys, rights and pages against the obvious: each key by itself.
    @Test func pagesAreWhatEachKeyByItselfSays() throws {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<300 {
            var keyspace = Keyspace()
            func word() -> [UInt8] { (0..<random.below(4)).map { _ in UInt8(97 + random.below(3)) } }
            var keys: Set<[UInt8]> = []
            for _ in 0..<random.below(30) {
                let key = word() + [120]
                keys.insert(key)
                _ = try keyspace.put(Put(key: ByteBuffer(bytes: key), value: ByteBuffer(string: "v")))
            }
            let permissions = PermissionTable(
                (0..<random.below(4)).compactMap { _ in
                    let prefix = word()
                    return prefix.isEmpty ? nil : Permission(.read, prefix: prefix)
                }
            )
            let prefix = word()
            let browser = KeyBrowser(
                keyspace,
                prefix: String(decoding: prefix, as: UTF8.self),
                readable: permissions
            )
            let none: [UInt8] = []
            let expected = keys.filter { key in
                key.starts(with: prefix) && permissions.allowsRead(key: key.span, rangeEnd: none.span)
            }.sorted { $0.lexicographicallyPrecedes($1) }
            var found: [[UInt8]] = []
            var position: KeyBrowser.Position?
            repeat {
                let page = try browser.page(
                    from: position,
                    limit: 1 + random.below(5),
                    byteLimit: 1 + random.below(30),
                    at: keyspace.revision
                )
                found += page.records.map { Array($0.key.readableBytesView) }
                #expect(page.remaining == expected.count - found.count)
                position = page.next
            } while position != nil
            #expect(found == expected)
        }
    }
}

extension AuthState {
    /// Makes users count, one of whom may read what begins so.
    fileprivate mutating func grant(reading prefix: String, to user: String) throws {
        for name in ["root", user] {
            _ = try self.apply(.addUser(name: name, passwordHash: nil))
            _ = try self.apply(.addRole(name: name))
            _ = try self.apply(.grantRole(user: name, role: name))
        }
        _ = try self.apply(.grantPermission(role: user, Permission(.read, prefix: Array(prefix.utf8))))
        _ = try self.apply(.enable)
    }
}
