/// The key of one published object.
///
///     cilium/state/nodes/v1/<cluster>/<name>              cilium/cache/nodes/v1/<cluster>/<name>
///     cilium/state/services/v1/<cluster>/<ns>/<name>      cilium/cache/services/v1/<cluster>/<ns>/<name>
///     cilium/state/identities/v1/id/<number>              cilium/cache/identities/v1/<cluster>/id/<number>
///     cilium/state/ip/v1/default/<address>                cilium/cache/ip/v1/<cluster>/<address>
///
/// Identities and addresses of the state tree name no cluster: they are those of the cluster that owns the
/// store. Sources: Cilium's `pkg/kvstore/store`, `pkg/ipcache`, `pkg/kvstore/allocator`.
package struct ObjectKey: Sendable, Hashable {
    /// Whether the object is the own cluster's or mirrored.
    package let tree: KeyTree
    /// What the object is.
    package let resource: ResourceKind
    /// The cluster that the key names; `nil` where it names none.
    package let cluster: String?
    /// What is after the cluster: a name, `namespace/name`, a number, an address or a block of addresses.
    package let name: String

    private init(tree: KeyTree, resource: ResourceKind, cluster: String?, name: String) {
        self.tree = tree
        self.resource = resource
        self.cluster = cluster
        self.name = name
    }

    /// Returns the key of an object that `cluster` publishes; `name` is as ``name`` and not empty.
    package static func published(
        _ resource: ResourceKind,
        by cluster: ClusterName,
        name: String
    ) -> ObjectKey {
        precondition(!name.isEmpty, "an object has a name")
        let namesCluster = resource != .identities && resource != .addresses
        return ObjectKey(
            tree: .state,
            resource: resource,
            cluster: namesCluster ? cluster.rawValue : nil,
            name: name
        )
    }

    /// Returns the key under which this object of `cluster` is mirrored.
    package func mirrored(from cluster: ClusterName) -> ObjectKey {
        ObjectKey(tree: .cache, resource: self.resource, cluster: cluster.rawValue, name: self.name)
    }

    /// Parses a key; `nil` when it is not an object's.
    package init?(_ text: String) {
        guard let tree = KeyTree.allCases.first(where: { text.hasPrefix($0.prefix) }) else { return nil }
        let found = ResourceKind.allCases.first {
            text.hasPrefix(KeyPrefixes.objects(of: $0, in: tree))
        }
        guard let resource = found else { return nil }
        var rest = text.dropFirst(KeyPrefixes.objects(of: resource, in: tree).count)
        var cluster: String?
        if tree == .cache || (resource != .identities && resource != .addresses) {
            guard let slash = rest.firstIndex(of: "/") else { return nil }
            cluster = String(rest[..<slash])
            rest = rest[rest.index(after: slash)...]
        }
        if let scope = Self.scope(resource, tree) {
            guard rest.hasPrefix(scope) else { return nil }
            rest = rest.dropFirst(scope.count)
        }
        guard !rest.isEmpty, cluster != "" else { return nil }
        self.init(tree: tree, resource: resource, cluster: cluster, name: String(rest))
    }

    /// What is between the cluster and the name.
    private static func scope(_ resource: ResourceKind, _ tree: KeyTree) -> String? {
        switch (resource, tree) {
        case (.identities, _): "id/"
        case (.addresses, .state): "default/"
        default: nil
        }
    }
}

extension ObjectKey: CustomStringConvertible {
    /// The key.
    package var description: String {
        KeyPrefixes.objects(of: self.resource, in: self.tree)
            + (self.cluster.map { $0 + "/" } ?? "")
            + (Self.scope(self.resource, self.tree) ?? "")
            + self.name
    }
}
