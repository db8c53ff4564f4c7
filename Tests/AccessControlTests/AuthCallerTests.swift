import AccessControl
import Testing

/// What a request may do, by its connection and its token.
@Suite struct AuthCallerTests {
    @Test(
        "certificates of the mesh have their rights whatever users there are",
        arguments: [
            .administrator(name: "root"), .localAgent(name: "local-east"), .peer(cluster: "west"), .anyPeer,
        ] as [Identity]
    )
    func keepsBuiltInRights(identity: Identity) throws {
        var state = try AuthStateTests.enabled()
        let connection = Authorization(identity: identity, permissions: PermissionTable([]))
        #expect(try state.authorization(of: connection) == connection)
        _ = try state.apply(.addUser(name: identity.name + "-", passwordHash: nil))
        #expect(try state.authorization(of: connection) == connection)
        _ = try state.apply(.disable)
        #expect(try state.authorization(of: connection) == connection)
    }

    @Test("a certificate that names a user has what the user's roles grant, as of now")
    func readsUser() throws {
        var state = try AuthStateTests.enabled()
        let connection = Authorization(identity: .user(name: "alice"), permissions: .nothing)
        let authorization = try state.authorization(of: connection)
        #expect(authorization.standing == .user && authorization.isKnown && authorization.mayUseLeases)
        #expect(authorization.permissions == state.user("alice")?.permissions)
        _ = try state.apply(.grantRole(user: "alice", role: "root"))
        #expect(try state.authorization(of: connection).isAdministrator)
        _ = try state.apply(.deleteUser(name: "alice"))
        let stranger = try state.authorization(of: connection)
        #expect(stranger.standing == .unknownUser && !stranger.isKnown && !stranger.mayUseLeases)
        _ = try state.apply(.disable)
        #expect(try state.authorization(of: connection).standing == .nobody)
    }

    @Test("without TLS everyone is the administrator until users count, and nobody from then on")
    func loopbackBecomesAnonymous() throws {
        var state = try AuthStateTests.enabled()
        let connection = Authorization(identity: .loopback, permissions: .everything)
        #expect(throws: AuthError.userNameEmpty) { try state.authorization(of: connection) }
        _ = try state.apply(.disable)
        #expect(try state.authorization(of: connection).isAdministrator)
    }

    @Test("a certificate without a usable name may do nothing")
    func anonymousMayNothing() throws {
        var state = try AuthStateTests.enabled()
        let connection = Authorization(identity: .anonymous, permissions: .nothing)
        #expect(throws: AuthError.userNameEmpty) { try state.authorization(of: connection) }
        _ = try state.apply(.disable)
        #expect(try !state.authorization(of: connection).isKnown)
    }

    @Test("a login holds while other users, roles and permissions change")
    func grantSurvives() throws {
        var state = try AuthStateTests.enabled()
        let grant = AuthGrant(userName: "alice", revision: state.revision)
        for command in [
            .addUser(name: "carol", passwordHash: "x"), .changePassword(name: "bob", passwordHash: "x"),
            .grantPermission(role: "reader", Permission(.write, key: [0x62])), .addRole(name: "other"),
            .grantRole(user: "alice", role: "other"), .deleteRole(name: "reader"), .deleteUser(name: "carol"),
        ] as [AuthCommand] {
            _ = try state.apply(command)
            #expect(try state.authorization(of: grant).permissions == state.user("alice")?.permissions)
        }
    }

    @Test(
        "a login is withdrawn with the password, the user, or all users",
        arguments: [
            [.changePassword(name: "alice", passwordHash: "new")],
            [.deleteUser(name: "alice")],
            [.deleteUser(name: "alice"), .addUser(name: "alice", passwordHash: "of alice")],
            [.disable],
            [.disable, .enable],
        ] as [[AuthCommand]]
    )
    func withdrawsGrant(commands: [AuthCommand]) throws {
        var state = try AuthStateTests.enabled()
        let old = AuthGrant(userName: "alice", revision: state.revision)
        #expect(try state.authorization(of: old).standing == .user)
        for command in commands { _ = try state.apply(command) }
        #expect(throws: AuthError.invalidToken) { try state.authorization(of: old) }
    }

    @Test("a login that was checked against an older password is withdrawn before it is used")
    func withdrawsLateGrant() throws {
        var state = try AuthStateTests.enabled()
        let checked = state
        _ = try state.apply(.changePassword(name: "alice", passwordHash: "new"))
        let late = AuthGrant(userName: "alice", revision: checked.revision)
        #expect(throws: AuthError.invalidToken) { try state.authorization(of: late) }
        let fresh = AuthGrant(userName: "alice", revision: state.revision)
        #expect(try state.authorization(of: fresh).standing == .user)
    }

    @Test("only who has a password can log in by one, and only while users count")
    func findsHash() throws {
        var state = try AuthStateTests.enabled()
        #expect(try state.passwordHash(of: "alice") == "of alice")
        #expect(throws: AuthError.passwordNotUsed) { try state.passwordHash(of: "bob") }
        #expect(throws: AuthError.authenticationFailed) { try state.passwordHash(of: "nobody") }
        // Changing the password of who has none gives none.
        _ = try state.apply(.changePassword(name: "bob", passwordHash: "x"))
        #expect(throws: AuthError.passwordNotUsed) { try state.passwordHash(of: "bob") }
        _ = try state.apply(.disable)
        #expect(throws: AuthError.notEnabled) { try state.passwordHash(of: "alice") }
    }

    @Test("names that look alike are different users")
    func tellsNamesApart() throws {
        var state = try AuthStateTests.enabled()
        _ = try state.apply(.addUser(name: "é", passwordHash: nil))
        _ = try state.apply(.grantRole(user: "é", role: "root"))
        let lookalike = Authorization(identity: .user(name: "e\u{301}"), permissions: .nothing)
        #expect(try state.authorization(of: lookalike).standing == .unknownUser)
        #expect(throws: AuthError.invalidToken) {
            try state.authorization(of: AuthGrant(userName: "e\u{301}", revision: state.revision))
        }
        #expect(try !state.authorization(of: lookalike).mayShow(user: "é"))
    }
}
