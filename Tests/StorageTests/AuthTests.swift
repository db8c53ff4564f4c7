import AccessControl
import MVCC
import NIOCore
import Persistence
import Testing

@testable import Storage

/// Users and roles in the commit loop: decided in order, logged, published, recovered.
@Suite struct AuthTests {
    private static let enabling: [Proposal] = [
        .auth(.addUser(name: "root", passwordHash: "hash")), .auth(.grantRole(user: "root", role: "root")),
        .auth(.addRole(name: "reader")),
        .auth(.grantPermission(role: "reader", Permission(.read, key: [0x61], rangeEnd: [0x63]))),
        .auth(.addUser(name: "alice", passwordHash: nil)), .auth(.grantRole(user: "alice", role: "reader")),
        .auth(.enable),
    ]

    @Test func aChangeIsPublishedInTheStepThatDecidesItAndIsNoRevision() {
        let driver = CommitDriver()
        let answers = driver.step(Self.enabling)
        #expect(answers.allSatisfy { $0.auth == .success(.changed) })
        #expect(driver.revision == 1)
        #expect(driver.report.hasNewSnapshot)
        let snapshot = driver.loop.replica.current
        #expect(snapshot.auth.isEnabled && driver.loop.replica.isAuthEnabled)
        #expect(snapshot.auth.users.map(\.name) == ["alice", "root"])
        #expect(snapshot.authGeneration == 1, "one published change, however many commands")
    }

    @Test func manyChangesAreOneDocumentInOneEntry() {
        let driver = CommitDriver()
        driver.step(Self.enabling + [.put("a")])
        guard case .append(let batch) = driver.log.entries.last else {
            Issue.record("the last entry is not a batch")
            return
        }
        #expect(batch.documents.map(\.name) == ["auth"])
        #expect(batch.documents[0].bytes == driver.loop.replica.current.auth.encoded)
        #expect(batch.records.count == 1)
    }

    @Test func aRefusedOrEmptyChangeIsNeitherLoggedNorPublished() {
        let driver = CommitDriver()
        driver.step(Self.enabling)
        let entries = driver.log.entries.count
        let before = driver.loop.replica.current
        #expect(driver.step(.auth(.deleteUser(name: "root")))[0].auth == .failure(.invalidManagement))
        #expect(driver.step(.auth(.addRole(name: "reader")))[0].auth == .failure(.roleExists))
        #expect(driver.step(.auth(.enable))[0].auth == .success(.unchanged))
        #expect(driver.log.entries.count == entries)
        #expect(driver.loop.replica.current === before)
    }

    @Test func usersSurviveARestart() {
        let driver = CommitDriver()
        driver.step(Self.enabling)
        let restarted = CommitDriver(recovering: FaultyLog(driver.log.stored))
        #expect(restarted.loop.replica.current.auth == driver.loop.replica.current.auth)
        #expect(restarted.loop.replica.isAuthEnabled)
        restarted.step(.auth(.disable))
        #expect(!restarted.loop.replica.isAuthEnabled)
        let again = CommitDriver(recovering: FaultyLog(restarted.log.stored))
        #expect(!again.loop.replica.isAuthEnabled)
        #expect(again.loop.replica.current.auth.users.count == 2)
    }

    @Test func aStoreWhoseUsersCannotBeReadStaysClosed() throws {
        let driver = CommitDriver()
        driver.step(Self.enabling)
        var stored = driver.log.stored.recovered
        stored.documents = [Document(name: "auth", bytes: [1, 1, 9])]
        #expect {
            try CommitLoop(
                recovered: stored,
                log: FaultyLog(),
                configuration: StoreConfiguration(),
                now: .zero,
                makeLeaseID: { 1 },
                forEachRecord: { (_) throws(PersistenceError) in }
            )
        } throws: { error in
            guard case .some(.corrupt) = error as? PersistenceError else { return false }
            return true
        }
    }

    @Test func whatTheLogRefusesHasNotHappened() {
        let driver = CommitDriver()
        driver.step(Self.enabling)
        driver.log.fail(.append, with: FaultyLog.full)
        #expect(driver.step(.auth(.disable))[0].error == .noSpace)
        #expect(driver.loop.replica.isAuthEnabled)
        #expect(driver.loop.replica.current.auth.isEnabled)
        #expect(driver.step(.auth(.disable))[0].auth == .success(.changed))
        #expect(!driver.loop.replica.isAuthEnabled)
    }

    @Test func usersAndRolesHaveABound() {
        let driver = CommitDriver()
        let name = String(repeating: "n", count: AuthState.maximumByteCount)
        let limit = AuthState.maximumByteCount
        #expect(driver.step(.auth(.addRole(name: name)))[0].auth == .failure(.tooLarge(limit: limit)))
        #expect(driver.loop.replica.current.auth.roles.isEmpty)
    }

    // MARK: - Leases of who may touch some keys only

    private static let mine = PermissionTable([
        Permission(.readWrite, prefix: Array("mine/".utf8)), Permission(.read, prefix: Array("seen/".utf8)),
    ])

    private static func transaction(lease: Int64, isNested: Bool) -> Proposal {
        var put = Put(key: ByteBuffer(string: "mine/t"), value: ByteBuffer())
        put.lease = lease
        let operation = Operation.put(put)
        let branch = isNested ? [Operation.transaction(Transaction(success: [operation]))] : [operation]
        return .transaction(Transaction(failure: branch))
    }

    @Test(
        "a lease is used only by who may touch all of its keys",
        arguments: [
            (.put("mine/b", lease: 1), true), (.put("mine/b", lease: 2), false),
            (.put("mine/b", lease: 3), false), (.put("mine/b"), true),
            (Self.transaction(lease: 1, isNested: false), true),
            (Self.transaction(lease: 2, isNested: false), false),
            (Self.transaction(lease: 2, isNested: true), false),
            (.revoke(lease: 1), true), (.revoke(lease: 2), false), (.revoke(lease: 3), false),
            (.keepAlive(lease: 1), true), (.keepAlive(lease: 3), false), (.keepAlive(lease: 9), true),
            (.timeToLive(lease: 3, withKeys: true), true), (.timeToLive(lease: 2, withKeys: true), false),
            (.timeToLive(lease: 2, withKeys: false), true), (.leases, false), (.grant(4, seconds: 60), true),
        ] as [(Proposal, Bool)]
    )
    func restrictsLeases(proposal: Proposal, isAllowed: Bool) {
        let driver = CommitDriver()
        driver.step(.grant(1, seconds: 60), .grant(2, seconds: 60), .grant(3, seconds: 60))
        driver.step(.put("mine/a", lease: 1), .put("mine/c", lease: 2), .put("other", lease: 2))
        driver.step(.put("seen/a", lease: 3))
        let entries = driver.log.entries.count
        let answer = driver.step(.restricted(proposal, to: Self.mine))[0]
        #expect(answer.isDenied == !isAllowed)
        if !isAllowed { #expect(driver.log.entries.count == entries) }
        #expect(!driver.step(proposal)[0].isDenied, "without the restriction")
    }

    @Test func allLeasesAreListedToWhoMayReadAllTheirKeys() {
        let driver = CommitDriver()
        driver.step(.grant(1, seconds: 60), .grant(3, seconds: 60))
        driver.step(.put("mine/a", lease: 1), .put("seen/a", lease: 3))
        #expect(!driver.step(.restricted(.leases, to: Self.mine))[0].isDenied)
    }
}

extension Answer? {
    /// What became of a change of users and roles.
    fileprivate var auth: Result<AuthOutcome, AuthError>? {
        guard case .success(.auth(let result, _)) = self else { return nil }
        return result
    }

    fileprivate var isDenied: Bool {
        guard case .success(.denied) = self else { return false }
        return true
    }
}
