import MeshSchema
import Testing

@Suite struct KeyPrefixesTests {
    @Test func keysOfAClusterAreCiliums() throws {
        let east = try ClusterName("east")
        #expect(KeyPrefixes.clusterConfiguration(of: east) == "cilium/cluster-config/east")
        #expect(KeyPrefixes.synced(by: east) == "cilium/synced/east/")
        #expect(Heartbeat.key == "cilium/.heartbeat")
    }

    @Test(
        "canaries name the resource without its trailing slash",
        arguments: [
            (.nodes, .state, "cilium/synced/east/cilium/state/nodes/v1"),
            (.services, .cache, "cilium/synced/east/cilium/cache/services/v1"),
            (.endpointSlices, .state, "cilium/synced/east/cilium/state/endpointslices/v1"),
            (.identities, .state, "cilium/synced/east/cilium/state/identities/v1"),
            (.addresses, .cache, "cilium/synced/east/cilium/cache/ip/v1"),
            (.serviceExports, .state, "cilium/synced/east/cilium/state/serviceexports/v1"),
        ] as [(ResourceKind, KeyTree, String)]
    )
    func canary(resource: ResourceKind, tree: KeyTree, expected: String) throws {
        #expect(KeyPrefixes.canary(for: resource, in: tree, of: try ClusterName("east")) == expected)
    }

    @Test func objectsLieBelowTheirTree() {
        #expect(KeyPrefixes.objects(of: .nodes, in: .state) == "cilium/state/nodes/v1/")
        #expect(KeyPrefixes.objects(of: .addresses, in: .cache) == "cilium/cache/ip/v1/")
    }

    @Test func everyPrefixLiesBelowTheRoot() {
        let all = [
            KeyPrefixes.heartbeat, KeyPrefixes.state, KeyPrefixes.cache, KeyPrefixes.clusterConfiguration,
            KeyPrefixes.synced, KeyPrefixes.initialLock, KeyPrefixes.mirrorLock,
        ]
        #expect(all.allSatisfy { $0.hasPrefix(KeyPrefixes.root) })
    }
}
