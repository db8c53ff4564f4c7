import MeshResources
import MeshSchema
import Testing

@Suite struct ResourceNamesTests {
    @Test(
        arguments: [
            (.peers, "west"), (.peers, "w-1"), (.exportRules, "hide-shop"), (.importRules, "a.b-c.d"),
            (.tokens, "ci"), (.settings, "settings"), (.services, "shop/cart"), (.services, "0/1"),
            (.nodes, "node-a.example.org"), (.identities, "458752"), (.identities, "524287"),
            (.endpoints, "10.1.0.11"), (.endpoints, "fd00::b"), (.endpoints, "::1"),
            (.nodes, String(repeating: "a", count: 253)),
            (.services, String(repeating: "a", count: 63) + "/b"),
        ] as [(ManagedKind, String)]
    )
    func goodNamesAreTaken(kind: ManagedKind, name: String) throws {
        try ResourceNames.check(name, of: kind, in: SpecReading.cluster())
    }

    @Test(
        arguments: [
            (.peers, "", "empty"), (.peers, "West", "not valid"), (.peers, "default", "reserved"),
            (.peers, "east", "this cluster itself"),
            (.peers, String(repeating: "a", count: 33), "at most 32"),
            (.exportRules, "", "must not be empty"), (.exportRules, "-a", "begins and ends"),
            (.exportRules, "a..b", "begins and ends"), (.tokens, "a_b", "lower-case"),
            (.tokens, "a/../b", "lower-case"), (.settings, "other", "must be \"settings\""),
            (.services, "cart", "namespace/name"), (.services, "a/b/c", "namespace/name"),
            (.services, "/b", "must not be empty"), (.services, "a/", "must not be empty"),
            (.services, "Shop/cart", "lower-case"), (.services, "a.b/c", "lower-case"),
            (.services, String(repeating: "a", count: 64) + "/b", "1 to 63"),
            (.nodes, "Node", "lower-case"), (.nodes, String(repeating: "a", count: 254), "at most 253"),
            (.nodes, "n\u{0}", "lower-case"), (.nodes, "nodé", "lower-case"),
            (.identities, "458751", "from 458752 to 524287"), (.identities, "524288", "from 458752"),
            (.identities, "0458752", "from 458752"), (.identities, "+458752", "from 458752"),
            (.identities, "x", "from 458752"), (.identities, "", "from 458752"),
            (.identities, "99999999999999999999", "from 458752"),
            (.endpoints, "10.1.0", "not an IPv4 or IPv6 address"), (.endpoints, "", "not an IPv4"),
            (.endpoints, "10.1.0.0/24", "not an IPv4"), (.endpoints, "fe80::1%eth0", "not an IPv4"),
            (.endpoints, "FD00::B", "must be written as fd00::b"),
            (.endpoints, "fd00:0::b", "must be written as fd00::b"),
            (.endpoints, "::ffff:10.1.0.11", "must be written as 10.1.0.11"),
        ] as [(ManagedKind, String, String)]
    )
    func badNamesAreRefusedWithAReason(kind: ManagedKind, name: String, part: String) throws {
        let cluster = try SpecReading.cluster()
        let error = #expect(throws: ResourceError.self) {
            try ResourceNames.check(name, of: kind, in: cluster)
        }
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
    }

    @Test func theRangeOfIdentitiesIsThatOfTheMesh() throws {
        let large = try SpecReading.cluster("east", 7, .extended)
        try ResourceNames.check("229376", of: .identities, in: large)
        #expect(throws: ResourceError.identityOutOfRange("458752", first: 229_376, last: 262_143)) {
            try ResourceNames.check("458752", of: .identities, in: large)
        }
    }
}
