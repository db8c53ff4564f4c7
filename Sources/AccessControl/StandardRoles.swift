/// The roles that every server of a cluster has: what each kind of certificate is good for.
///
/// They are those that Cilium's own server creates at its first start. Compiled once; looking one up copies a
/// reference or two.
package struct StandardRoles: Sendable {
    /// The keys that the roles speak of.
    package struct Prefixes: Hashable, Sendable {
        /// The heartbeat's whole key; keys that merely begin with it are granted too, as in Cilium.
        package let heartbeat: [UInt8]
        /// Where a cluster's own objects are, with the slash at the end.
        package let state: [UInt8]
        /// Where mirrored objects are, with the slash at the end.
        package let cache: [UInt8]
        /// Where each cluster's configuration is, with the slash at the end.
        package let clusterConfiguration: [UInt8]
        /// Where the canaries of each cluster are, with the slash at the end.
        package let synced: [UInt8]

        /// Creates the prefixes; a slash missing at the end of one is added, lest it grants its neighbours.
        package init(
            heartbeat: String,
            state: String,
            cache: String,
            clusterConfiguration: String,
            synced: String
        ) {
            self.heartbeat = Array(heartbeat.utf8)
            self.state = Self.directory(state)
            self.cache = Self.directory(cache)
            self.clusterConfiguration = Self.directory(clusterConfiguration)
            self.synced = Self.directory(synced)
        }

        private static func directory(_ path: String) -> [UInt8] {
            let slash = UInt8(ascii: "/")
            let bytes = Array(path.utf8)
            return bytes.last == slash ? bytes : bytes + [slash]
        }
    }

    private let local: PermissionTable
    private let remote: PermissionTable

    /// Compiles the roles of the server of `clusterName`.
    package init(prefixes: Prefixes, clusterName: String) {
        let own = Array(clusterName.utf8)
        self.local = PermissionTable([
            Permission(.read, prefix: prefixes.heartbeat),
            Permission(.read, prefix: prefixes.cache),
            Permission(.read, prefix: prefixes.clusterConfiguration),
            Permission(.read, prefix: prefixes.synced),
        ])
        self.remote = PermissionTable([
            Permission(.read, prefix: prefixes.heartbeat),
            Permission(.read, prefix: prefixes.state),
            Permission(.read, key: prefixes.clusterConfiguration + own),
            Permission(.read, prefix: prefixes.synced + own + [UInt8(ascii: "/")]),
        ])
    }

    /// Returns what `identity` may do.
    package func authorization(of identity: Identity) -> Authorization {
        switch identity {
        case .administrator, .loopback: Authorization(identity: identity, permissions: .everything)
        case .localAgent: Authorization(identity: identity, permissions: self.local)
        case .peer, .anyPeer: Authorization(identity: identity, permissions: self.remote)
        // What a user's own roles grant is not known here; until there is someone to ask, it is nothing.
        case .user, .anonymous: Authorization(identity: identity, permissions: .nothing)
        }
    }
}
