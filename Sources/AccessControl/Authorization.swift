/// What is known of a client: who it is, and what it may do.
package struct Authorization: Hashable, Sendable {
    /// How far a client is trusted beside its keys.
    package enum Standing: Hashable, Sendable {
        /// It may do everything.
        case administrator
        /// An agent or a peer, whose rights come from its certificate.
        case builtIn
        /// A user of the Auth API.
        case user
        /// A certificate that names no user, while the Auth API is enabled.
        case unknownUser
        /// Nobody that this server gave rights to.
        case nobody
    }

    /// Who the client is.
    package let identity: Identity
    /// How far it is trusted.
    package let standing: Standing
    /// Which keys it may touch.
    package let permissions: PermissionTable

    /// Creates the authorisation of a connection; an administrator's permissions are everything.
    package init(identity: Identity, permissions: PermissionTable) {
        self.identity = identity
        switch identity {
        case .administrator, .loopback:
            self.standing = .administrator
            self.permissions = .everything
        case .localAgent, .peer, .anyPeer:
            self.standing = .builtIn
            self.permissions = permissions
        case .user, .anonymous:
            self.standing = .nobody
            self.permissions = permissions
        }
    }

    /// Creates the authorisation of a connection to a store whose users alone decide, as in etcd: everything
    /// is allowed until they count, and nothing by the connection itself from then on.
    package init(untilUsersCount identity: Identity) {
        self.identity = identity
        self.standing = .administrator
        self.permissions = .everything
    }

    /// Creates the authorisation of a user.
    init(_ user: AuthUser) {
        self.identity = .user(name: user.name)
        self.standing = user.isRoot ? .administrator : .user
        self.permissions = user.permissions
    }

    /// Creates the authorisation of a certificate that names no user: it may do nothing.
    init(unknownUser name: String) {
        self.identity = .user(name: name)
        self.standing = .unknownUser
        self.permissions = .nothing
    }

    /// Whether the client may do everything, and call what only administrators may.
    package var isAdministrator: Bool { self.standing == .administrator }

    /// Whether the client is one that was given rights; others are told nothing.
    package var isKnown: Bool {
        switch self.standing {
        case .administrator, .builtIn, .user: true
        case .unknownUser, .nobody: false
        }
    }

    /// Whether the client may grant and use leases: agents and peers, who may write nothing, have no use for
    /// one; users may as in etcd.
    package var mayUseLeases: Bool {
        switch self.standing {
        case .administrator, .user: true
        case .builtIn: self.permissions.writesSomething
        case .unknownUser, .nobody: false
        }
    }

    /// Whether the client may be told about a user: administrators about all, others about themselves.
    package func mayShow(user name: String) -> Bool {
        self.isAdministrator || (self.isKnown && self.identity.name.isSameName(as: name))
    }

    /// Whether all keys of a request may be read; see ``PermissionTable/allowsRead(key:rangeEnd:)``.
    package func allowsRead(key: Span<UInt8>, rangeEnd: Span<UInt8>) -> Bool {
        self.permissions.allowsRead(key: key, rangeEnd: rangeEnd)
    }

    /// Whether all keys of a request may be written; see ``PermissionTable/allowsWrite(key:rangeEnd:)``.
    package func allowsWrite(key: Span<UInt8>, rangeEnd: Span<UInt8>) -> Bool {
        self.permissions.allowsWrite(key: key, rangeEnd: rangeEnd)
    }
}
