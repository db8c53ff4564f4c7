import AccessControl
import Testing

@Suite struct StandardRolesTests {
    private static let prefixes = StandardRoles.Prefixes(
        heartbeat: "cilium/.heartbeat",
        state: "cilium/state/",
        cache: "cilium/cache/",
        clusterConfiguration: "cilium/cluster-config/",
        synced: "cilium/synced/"
    )

    private func permissions(_ identity: Identity, cluster: String = "east") -> PermissionTable {
        StandardRoles(prefixes: Self.prefixes, clusterName: cluster).authorization(of: identity).permissions
    }

    @Test(
        "an agent of the own cluster reads the cache, all configurations and all canaries",
        arguments: [
            ("cilium/.heartbeat", "", true), ("cilium/.heartbeat", "cilium/.heartbeau", true),
            ("cilium/cache/", "cilium/cache0", true), ("cilium/cache/nodes/v1/west/n", "", true),
            ("cilium/cluster-config/", "cilium/cluster-config0", true),
            ("cilium/cluster-config/west", "", true),
            ("cilium/synced/", "cilium/synced0", true), ("cilium/synced/west/cilium/cache/ip/v1", "", true),
            ("cilium/cache", "", false), ("cilium/cache0", "", false), ("cilium/cachex", "", false),
            ("cilium/state/", "cilium/state0", false), ("cilium/state/nodes/v1/east/n", "", false),
            ("cilium/", "cilium0", false), ("cilium/.initlock/a/b", "", false), ("\0", "\0", false),
            ("cilium/.heartbeat", "\0", false), ("other", "", false),
        ]
    )
    func localAgents(key: String, end: String, isAllowed: Bool) {
        #expect(self.permissions(.localAgent(name: "local-east")).allowsRead(key, end) == isAllowed)
    }

    @Test(
        "a peer reads the state, one configuration and the own cluster's canaries",
        arguments: [
            ("cilium/.heartbeat", "", true), ("cilium/.heartbeat", "cilium/.heartbeau", true),
            ("cilium/state/", "cilium/state0", true),
            ("cilium/state/identities/v1/id", "cilium/state/identities/v1/ie", true),
            ("cilium/cluster-config/east", "", true), ("cilium/synced/east/", "cilium/synced/east0", true),
            ("cilium/synced/east/cilium/state/nodes/v1", "", true),
            ("cilium/cluster-config/", "cilium/cluster-config0", false),
            ("cilium/cluster-config/east/", "", false),
            ("cilium/cluster-config/east2", "", false), ("cilium/cluster-config/west", "", false),
            ("cilium/cluster-config/east", "cilium/cluster-config/easu", false),
            ("cilium/synced/", "cilium/synced0", false), ("cilium/synced/east", "", false),
            ("cilium/synced/east2/cilium/state/nodes/v1", "", false), ("cilium/synced/west/x", "", false),
            ("cilium/cache/", "cilium/cache0", false), ("cilium/cache/nodes/v1/west/n", "", false),
            ("cilium/", "cilium0", false), ("\0", "\0", false),
        ]
    )
    func peers(key: String, end: String, isAllowed: Bool) {
        #expect(self.permissions(.peer(cluster: "west")).allowsRead(key, end) == isAllowed)
        #expect(self.permissions(.anyPeer).allowsRead(key, end) == isAllowed)
    }

    @Test(
        "only administrators write and use leases",
        arguments: [
            (.administrator(name: "root"), true), (.loopback, true), (.localAgent(name: "local-east"), false),
            (.peer(cluster: "west"), false), (.anyPeer, false), (.user(name: "u"), false),
            (.anonymous, false),
        ] as [(Identity, Bool)]
    )
    func writers(identity: Identity, writes: Bool) {
        let roles = StandardRoles(prefixes: Self.prefixes, clusterName: "east")
        let authorization = roles.authorization(of: identity)
        #expect(authorization.identity == identity)
        #expect(authorization.isAdministrator == writes)
        #expect(authorization.mayUseLeases == writes)
        for key in ["cilium/.heartbeat", "cilium/state/a", "cilium/cache/a", "other"] {
            #expect(authorization.permissions.allowsWrite(key) == writes)
        }
    }

    @Test(arguments: [.user(name: "admin-west"), .user(name: "root"), .anonymous] as [Identity])
    func usersAndNobodyMayNothing(identity: Identity) {
        #expect(self.permissions(identity) == .nothing)
    }

    @Test func aPrefixWithoutItsSlashDoesNotGrantItsNeighbours() {
        let bare = StandardRoles.Prefixes(
            heartbeat: "cilium/.heartbeat",
            state: "cilium/state",
            cache: "cilium/cache",
            clusterConfiguration: "cilium/cluster-config",
            synced: "cilium/synced"
        )
        #expect(bare == Self.prefixes)
    }

    @Test func whoMayWriteSomethingMayUseLeases() {
        let table = PermissionTable([Permission(.write, key: Array("k".utf8))])
        let peer = Authorization(identity: .anyPeer, permissions: table)
        #expect(peer.mayUseLeases)
        #expect(!peer.isAdministrator)
        #expect(!Authorization(identity: .anyPeer, permissions: .nothing).mayUseLeases)
    }

    @Test func anAdministratorMayEverythingWhateverTableItIsGiven() {
        let administrator = Authorization(identity: .administrator(name: "root"), permissions: .nothing)
        let zero: [UInt8] = [0]
        let mayRead = administrator.allowsRead(key: zero.span, rangeEnd: zero.span)
        let mayWrite = administrator.allowsWrite(key: zero.span, rangeEnd: zero.span)
        #expect(mayRead)
        #expect(mayWrite)
    }
}
