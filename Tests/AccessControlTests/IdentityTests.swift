import AccessControl
import Testing

@Suite struct IdentityTests {
    @Test(
        "a common name of a known shape is that identity",
        arguments: [
            ("root", .administrator(name: "root")),
            ("admin-east", .administrator(name: "admin-east")),
            ("local-east", .localAgent(name: "local-east")),
            ("remote", .anyPeer),
            ("remote-west", .peer(cluster: "west")),
            ("remote-w", .peer(cluster: "w")),
            ("remote-0-a--9", .peer(cluster: "0-a--9")),
            (
                "remote-" + String(repeating: "a", count: 32),
                .peer(cluster: String(repeating: "a", count: 32))
            ),
            // The own cluster's name is a peer's like any other: it reads a view and no more.
            ("remote-east", .peer(cluster: "east")),
        ] as [(String, Identity)]
    )
    func known(commonName: String, expected: Identity) {
        let identity = Identity(commonName: commonName, clusterName: "east")
        #expect(identity == expected)
        #expect(identity.name == commonName)
    }

    @Test(
        "anything else is only a user",
        arguments: [
            "admin", "admin-", "admin-west", "admin-east2", "admin-eas", "admin-east ", " admin-east",
            "Admin-east", "admin_east", "admin-EAST", "ADMIN-EAST", "admin-east/", "admin--east",
            "local", "local-", "local-west", "local-east-", "Root", "ROOT", "root ", "root.", "roots",
            "remote-", "remote-West", "remote--west", "remote-west-", "remote-we st", "remote-west.",
            "remote_west", "remote-w/e", "Remote", "Remote-west", "remotewest", "remote ",
            "remote-" + String(repeating: "a", count: 33), "remote-wést", "remote-we\u{301}st",
            // Letters that look like those of a known name, or are "equal" to them in Unicode's sense.
            "r\u{43e}ot", "admin-e\u{430}st", "remote-\u{212a}", "remote-west\u{200b}", "admin\u{2010}east",
            String(repeating: "u", count: 256),
        ]
    )
    func users(commonName: String) {
        let identity = Identity(commonName: commonName, clusterName: "east")
        #expect(identity == .user(name: commonName))
        #expect(!identity.isAdministrator)
    }

    @Test(
        "a name that no user can have is nobody",
        arguments: [
            "", "\0", "root\0", "admin-east\0", "admin-east\0.evil", "\0root", "remote-west\0", "remote\n",
            "root\u{7f}", "root\r\n", "ro\u{85}ot", "\u{1b}[31mroot", "root\u{fffd}", "\u{fffd}",
            String(repeating: "u", count: 257), String(repeating: "\u{e9}", count: 129),
        ]
    )
    func nobody(commonName: String) {
        #expect(Identity(commonName: commonName, clusterName: "east") == .anonymous)
    }

    @Test(
        "a server without a proper name of its own has no administrators by name",
        arguments: ["", "-", "east-", "EAST", "a\0", String(repeating: "a", count: 33)]
    )
    func serversWithoutAName(clusterName: String) {
        #expect(!Identity(commonName: "admin-\(clusterName)", clusterName: clusterName).isAdministrator)
        #expect(!Identity(commonName: "admin-", clusterName: clusterName).isAdministrator)
        let local = Identity(commonName: "local-\(clusterName)", clusterName: clusterName)
        #expect(local == .user(name: "local-\(clusterName)") || local == .anonymous)
        #expect(Identity(commonName: "root", clusterName: clusterName).isAdministrator)
    }

    @Test func aClusterCalledLikeARoleMakesNoOtherNameAnAdministrator() {
        #expect(Identity(commonName: "remote", clusterName: "root") == .anyPeer)
        #expect(Identity(commonName: "remote-root", clusterName: "root") == .peer(cluster: "root"))
        #expect(Identity(commonName: "local-admin", clusterName: "admin") == .localAgent(name: "local-admin"))
        #expect(!Identity(commonName: "admin", clusterName: "admin").isAdministrator)
    }

    @Test func onlyAdministratorsAndLoopbackAreAdministrators() {
        let administrators: [Identity] = [.administrator(name: "root"), .loopback]
        let others: [Identity] = [
            .localAgent(name: "local-east"), .peer(cluster: "west"), .anyPeer, .user(name: "root"),
            .anonymous,
        ]
        #expect(administrators.allSatisfy { $0.isAdministrator })
        #expect(!others.contains { $0.isAdministrator })
    }
}
