import AccessControl
import Testing

/// etcd's rules, one by one.
@Suite struct AuthStateTests {
    @Test("a new store has no users, and they do not count")
    func startsEmpty() {
        let state = AuthState()
        #expect(!state.isEnabled && state.revision == 1)
        #expect(state.users.isEmpty && state.roles.isEmpty)
    }

    @Test(
        "what etcd refuses is refused in its words and changes nothing",
        arguments: [
            (.addUser(name: "", passwordHash: nil), .userNameEmpty),
            (.addUser(name: "alice", passwordHash: "x"), .userExists),
            (.deleteUser(name: "nobody"), .userNotFound),
            (.deleteUser(name: "root"), .invalidManagement),
            (.changePassword(name: "nobody", passwordHash: "x"), .userNotFound),
            (.grantRole(user: "nobody", role: "reader"), .userNotFound),
            (.grantRole(user: "nobody", role: "nothing"), .userNotFound),
            (.grantRole(user: "alice", role: "nothing"), .roleNotFound),
            (.revokeRole(user: "nobody", role: "reader"), .userNotFound),
            (.revokeRole(user: "bob", role: "reader"), .roleNotGranted),
            (.revokeRole(user: "bob", role: "nothing"), .roleNotGranted),
            (.revokeRole(user: "root", role: "root"), .invalidManagement),
            (.addRole(name: ""), .roleNameEmpty),
            (.addRole(name: "reader"), .roleExists),
            (.deleteRole(name: "nothing"), .roleNotFound),
            (.deleteRole(name: "root"), .invalidManagement),
            (.grantPermission(role: "nothing", Permission(.read, key: [1])), .roleNotFound),
            (.grantPermission(role: "reader", Permission(.read, key: [])), .invalidManagement),
            (.grantPermission(role: "reader", Permission(.read, key: [], rangeEnd: [0])), .invalidManagement),
            (
                .grantPermission(role: "reader", Permission(.read, key: [2], rangeEnd: [2])),
                .invalidManagement
            ),
            (
                .grantPermission(role: "nothing", Permission(.read, key: [2], rangeEnd: [1])),
                .invalidManagement
            ),
            (.revokePermission(role: "nothing", key: [1], rangeEnd: []), .roleNotFound),
            (.revokePermission(role: "reader", key: [9], rangeEnd: []), .permissionNotGranted),
            (.revokePermission(role: "reader", key: [0x61], rangeEnd: []), .permissionNotGranted),
            (.revokePermission(role: "reader", key: [0x61], rangeEnd: [0x64]), .permissionNotGranted),
        ] as [(AuthCommand, AuthError)]
    )
    func refuses(command: AuthCommand, reason: AuthError) throws {
        var state = try Self.enabled()
        let before = state
        #expect(throws: reason) { try state.apply(command) }
        #expect(state == before)
    }

    @Test("each change counts the revision up, but not enabling and not what changes nothing")
    func countsRevisions() throws {
        var state = AuthState()
        let steps: [(AuthCommand, AuthOutcome, UInt64)] = [
            (.disable, .unchanged, 1),
            (.addUser(name: "root", passwordHash: nil), .changed, 2),
            (.grantRole(user: "root", role: "root"), .changed, 3),
            (.grantRole(user: "root", role: "root"), .unchanged, 3),
            (.addRole(name: "r"), .changed, 4),
            (.grantPermission(role: "r", Permission(.read, key: [1])), .changed, 5),
            (.grantPermission(role: "r", Permission(.read, key: [1])), .changed, 6),
            (.enable, .changed, 6),
            (.enable, .unchanged, 6),
            (.changePassword(name: "root", passwordHash: "h"), .changed, 7),
            (.revokePermission(role: "r", key: [1], rangeEnd: []), .changed, 8),
            (.deleteRole(name: "r"), .changed, 9),
            (.disable, .changed, 10),
            (.disable, .unchanged, 10),
            (.deleteUser(name: "root"), .changed, 11),
        ]
        for (command, outcome, revision) in steps {
            #expect(try state.apply(command) == outcome, "\(command)")
            #expect(state.revision == revision, "\(command)")
        }
    }

    @Test("nobody can be locked out: enabling needs a root user that has the role root")
    func needsRoot() throws {
        var state = AuthState()
        #expect(throws: AuthError.rootUserMissing) { try state.apply(.enable) }
        _ = try state.apply(.addUser(name: "root", passwordHash: nil))
        #expect(throws: AuthError.rootRoleMissing) { try state.apply(.enable) }
        // The role need not exist to be granted.
        _ = try state.apply(.grantRole(user: "root", role: "root"))
        #expect(try state.apply(.enable) == .changed)
        #expect(state.isEnabled)
    }

    @Test("while users do not count, root may be taken apart")
    func rootIsNotHoly() throws {
        var state = try Self.enabled()
        _ = try state.apply(.addRole(name: "root"))
        _ = try state.apply(.disable)
        _ = try state.apply(.deleteRole(name: "root"))
        #expect(state.user("root")?.roles == [])
        _ = try state.apply(.deleteUser(name: "root"))
        #expect(state.user("root") == nil)
    }

    @Test("a role that is deleted is taken from its users, with what it granted")
    func deletesRole() throws {
        var state = try Self.enabled()
        #expect(try Self.mayRead(state, "alice", "b"))
        _ = try state.apply(.deleteRole(name: "reader"))
        #expect(state.user("alice")?.roles == [])
        #expect(try !Self.mayRead(state, "alice", "b"))
        // Another role of the same name grants nothing to who had the old one.
        _ = try state.apply(.addRole(name: "reader"))
        _ = try state.apply(.grantPermission(role: "reader", Permission(.read, key: [0x61])))
        #expect(try !Self.mayRead(state, "alice", "a"))
    }

    @Test("a permission with the same key and end is replaced; another end is another permission")
    func replacesPermission() throws {
        var state = try Self.enabled()
        let wanted = Permission(.write, key: [0x61], rangeEnd: [0x63])
        _ = try state.apply(.grantPermission(role: "reader", wanted))
        #expect(state.role("reader")?.permissions == [wanted])
        #expect(try !Self.mayRead(state, "alice", "b"))
        _ = try state.apply(.grantPermission(role: "reader", Permission(.read, key: [0x61])))
        _ = try state.apply(.grantPermission(role: "reader", Permission(.read, key: [0x41])))
        #expect(state.role("reader")?.permissions.map(\.key) == [[0x41], [0x61], [0x61]])
        #expect(try Self.mayRead(state, "alice", "a"))
        _ = try state.apply(.revokePermission(role: "reader", key: [0x61], rangeEnd: []))
        #expect(state.role("reader")?.permissions == [Permission(.read, key: [0x41]), wanted])
        #expect(try !Self.mayRead(state, "alice", "a"))
    }

    @Test("users and roles are listed in the byte order of their names")
    func sortsNames() throws {
        var state = AuthState()
        for name in ["b", "Z", "é", "a", "e\u{301}", "aa"] {
            _ = try state.apply(.addRole(name: name))
            _ = try state.apply(.addUser(name: name, passwordHash: nil))
            _ = try state.apply(.grantRole(user: "b", role: name))
        }
        let sorted = ["Z", "a", "aa", "b", "e\u{301}", "é"].map { Array($0.utf8) }
        #expect(state.users.map { Array($0.name.utf8) } == sorted)
        #expect(state.roles.map { Array($0.name.utf8) } == sorted)
        #expect(state.user("b")?.roles.map { Array($0.utf8) } == sorted)
    }

    @Test("the role root shows that it grants everything")
    func showsRoot() throws {
        var state = AuthState()
        _ = try state.apply(.addRole(name: "root"))
        #expect(state.role("root")?.shownPermissions == [Permission(.readWrite, key: [], rangeEnd: [0])])
        _ = try state.apply(.addUser(name: "chief", passwordHash: nil))
        _ = try state.apply(.grantRole(user: "chief", role: "root"))
        #expect(state.user("chief")?.isRoot == true)
        #expect(state.user("chief")?.permissions == .everything)
    }

    // MARK: - A small world

    /// Users root, alice (who reads from a to c) and bob, and users count.
    static func enabled() throws -> AuthState {
        var state = AuthState()
        for command in [
            .addUser(name: "root", passwordHash: "of root"), .grantRole(user: "root", role: "root"),
            .addRole(name: "reader"),
            .grantPermission(role: "reader", Permission(.read, key: [0x61], rangeEnd: [0x63])),
            .addUser(name: "alice", passwordHash: "of alice"), .grantRole(user: "alice", role: "reader"),
            .addUser(name: "bob", passwordHash: nil), .enable,
        ] as [AuthCommand] {
            _ = try state.apply(command)
        }
        return state
    }

    static func mayRead(_ state: AuthState, _ user: String, _ key: String) throws -> Bool {
        let permissions = try #require(state.user(user)).permissions
        return permissions.allowsRead(key: Array(key.utf8).span, rangeEnd: [UInt8]().span)
    }
}
