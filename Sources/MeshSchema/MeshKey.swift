/// What any key of a store is to Cilium; keys of others are ``Kind/unknown``.
package struct MeshKey: Sendable, Hashable {
    /// What is under a key.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A node and its addresses.
        case node
        /// A global service.
        case service
        /// An endpoint slice, compressed.
        case endpointSlice
        /// An export of the multi-cluster services API.
        case serviceExport
        /// The labels behind an identity's number.
        case identity
        /// The identity behind an address.
        case endpoint
        /// A cluster's id and what its store supports.
        case clusterConfiguration
        /// The sign of life of the writer.
        case heartbeat
        /// The sign that a resource is complete.
        case canary
        /// A lock of Cilium's programs.
        case lock
        /// Not Cilium's.
        case unknown
    }

    /// What is under the key.
    package private(set) var kind = Kind.unknown
    /// Whether an object, or what a canary tells of, is the own cluster's or mirrored.
    package private(set) var tree: KeyTree?
    /// The cluster that the key names.
    package private(set) var cluster: String?
    /// The namespace that the key names.
    package private(set) var namespace: String?
    /// The name, number, address or block of an object; the resource that a canary tells of.
    package private(set) var name: String?

    /// Reads a key; never fails.
    package init(_ key: some Collection<UInt8>) {
        guard let text = String(validating: key, as: UTF8.self) else { return }
        if let object = ObjectKey(text) {
            self = Self(object)
        } else if text == KeyPrefixes.heartbeat {
            self.kind = .heartbeat
        } else if let cluster = Self.rest(of: text, after: KeyPrefixes.clusterConfiguration) {
            guard !cluster.contains("/") else { return }
            self.kind = .clusterConfiguration
            self.cluster = cluster
        } else if let rest = Self.rest(of: text, after: KeyPrefixes.synced) {
            if let canary = Self(canary: rest) { self = canary }
        } else if Self.rest(of: text, after: KeyPrefixes.initialLock) != nil
            || Self.rest(of: text, after: KeyPrefixes.mirrorLock) != nil
        {
            self.kind = .lock
        }
    }

    private init(_ object: ObjectKey) {
        self.tree = object.tree
        self.cluster = object.cluster
        self.name = object.name
        switch object.resource {
        case .nodes: self.kind = .node
        case .identities: self.kind = .identity
        case .addresses: self.kind = .endpoint
        case .services, .endpointSlices, .serviceExports:
            let parts = object.name.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                // What has no namespace is none of Cilium's.
                return
            }
            self.namespace = String(parts[0])
            self.name = String(parts[1])
            switch object.resource {
            case .services: self.kind = .service
            case .endpointSlices: self.kind = .endpointSlice
            default: self.kind = .serviceExport
            }
        }
    }

    /// Reads what is behind the prefix of canaries: `<cluster>/cilium/state/nodes/v1`.
    private init?(canary rest: String) {
        guard let slash = rest.firstIndex(of: "/") else { return nil }
        let path = rest[rest.index(after: slash)...]
        guard let tree = KeyTree.allCases.first(where: { path.hasPrefix($0.prefix) }) else { return nil }
        let element = path.dropFirst(tree.prefix.count)
        guard element.hasSuffix("/v1"), let resource = ResourceKind(rawValue: String(element.dropLast(3)))
        else { return nil }
        self.kind = .canary
        self.tree = tree
        self.cluster = String(rest[..<slash])
        self.name = resource.rawValue
    }

    /// Returns what is behind a prefix, if there is something.
    private static func rest(of text: String, after prefix: String) -> String? {
        guard text.utf8.starts(with: prefix.utf8), text.utf8.count > prefix.utf8.count else { return nil }
        return String(Substring(text.utf8.dropFirst(prefix.utf8.count)))
    }
}
