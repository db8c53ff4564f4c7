// MeshSchema: Cilium's layout of keys and values, encoded and decoded exactly as Cilium's own programs do.
//
// What it is: names, limits and values, as pure functions over bytes. What it is not: it decides nothing
// about who may see a key, knows no store, no socket and no clock (a time is always a parameter).
//
// The idea: every fact about Cilium's wire has one home. Key prefixes are in this file and nowhere else; each
// value has a type of its own that produces the bytes which Cilium's Go structs produce.
//
// Begin here, then `ClusterName`, `ClusterID` and `ClusterConfiguration`.

/// The etcd keys and key prefixes that Cilium uses, each written once.
///
/// A constant that ends in `/` is a prefix; one that does not is a whole key. Sources: Cilium's
/// `pkg/kvstore/kvstore.go` and the `store` packages of each resource.
package enum KeyPrefixes {
    /// What all of Cilium's keys begin with.
    package static let root = "cilium/"
    /// The whole key whose updates tell mesh clients that the writer is alive.
    package static let heartbeat = "cilium/.heartbeat"
    /// Objects of the cluster that owns the store.
    package static let state = "cilium/state/"
    /// Objects mirrored from remote clusters, for the agents of this cluster.
    package static let cache = "cilium/cache/"
    /// One value per cluster: its id and what its store supports.
    package static let clusterConfiguration = "cilium/cluster-config/"
    /// One key per cluster and resource, written once the resource is complete.
    package static let synced = "cilium/synced/"
    /// Locks of the quorum probe of administrators' clients.
    package static let initialLock = "cilium/.initlock/"
    /// Locks of kvstoremesh's leader election.
    package static let mirrorLock = "cilium/kvstoremesh-lock/"

    /// Returns the whole key of the configuration of `cluster`.
    package static func clusterConfiguration(of cluster: ClusterName) -> String {
        self.clusterConfiguration + cluster.rawValue
    }

    /// Returns the prefix of the canaries of `cluster`.
    package static func synced(by cluster: ClusterName) -> String {
        self.synced + cluster.rawValue + "/"
    }

    /// Returns the whole key that says that all of `resource` of `cluster` is present below `tree`.
    package static func canary(
        for resource: ResourceKind,
        in tree: KeyTree,
        of cluster: ClusterName
    ) -> String {
        // The element names the resource without the trailing slash, and identities without their `/id`.
        self.synced(by: cluster) + tree.prefix + resource.rawValue + "/v1"
    }

    /// Returns the prefix of all objects of `resource` below `tree`, of every cluster.
    package static func objects(of resource: ResourceKind, in tree: KeyTree) -> String {
        tree.prefix + resource.rawValue + "/v1/"
    }
}

/// The two trees that hold objects.
package enum KeyTree: Sendable, Hashable, CaseIterable {
    /// The cluster's own objects.
    case state
    /// Objects mirrored from remote clusters.
    case cache

    /// What the keys of the tree begin with.
    package var prefix: String {
        switch self {
        case .state: KeyPrefixes.state
        case .cache: KeyPrefixes.cache
        }
    }
}

/// The kinds of objects that clusters exchange; the raw value is the element of the key.
package enum ResourceKind: String, Sendable, Hashable, CaseIterable {
    /// Nodes and their addresses.
    case nodes
    /// Global services.
    case services
    /// Endpoint slices (Cilium 1.20 and later).
    case endpointSlices = "endpointslices"
    /// Security identities: numbers for sets of labels.
    case identities
    /// The identity behind each address.
    case addresses = "ip"
    /// Exports of the multi-cluster services API.
    case serviceExports = "serviceexports"
}
