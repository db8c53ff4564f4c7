/// A user of the Auth API.
package struct AuthUser: Hashable, Sendable, Named {
    /// The name that a certificate or a login gives.
    package let name: String
    /// The hash of the password, or `nil` for a user that never logs in by password.
    package internal(set) var passwordHash: String?
    /// The names of the granted roles, in byte order.
    package internal(set) var roles: [String] = []
    /// The auth revision at which the user came to be or its password changed: older tokens are withdrawn.
    package internal(set) var credentialRevision: UInt64
    /// What the roles grant, compiled.
    package internal(set) var permissions = PermissionTable.nothing

    init(name: String, passwordHash: String?, credentialRevision: UInt64) {
        self.name = name
        self.passwordHash = passwordHash
        self.credentialRevision = credentialRevision
    }

    /// Whether the user has the role `root`, which grants everything.
    package var isRoot: Bool { self.holds(AuthState.rootName) }

    /// Whether the role is granted to the user.
    package func holds(_ role: String) -> Bool { self.roles.contains { $0.isSameName(as: role) } }
}

/// A role of the Auth API.
package struct AuthRole: Hashable, Sendable, Named {
    /// The name.
    package let name: String
    /// What it grants, by key.
    package internal(set) var permissions: [Permission] = []

    init(name: String) {
        self.name = name
    }

    /// What clients are shown: the role `root` grants everything without saying so.
    package var shownPermissions: [Permission] {
        guard self.name.isSameName(as: AuthState.rootName) else { return self.permissions }
        return [Permission(.readWrite, key: [], rangeEnd: [0])]
    }

    /// Where the permission with exactly this key and end is.
    func position(key: [UInt8], rangeEnd: [UInt8]) -> Int? {
        self.permissions.firstIndex { $0.key == key && $0.rangeEnd == rangeEnd }
    }
}
