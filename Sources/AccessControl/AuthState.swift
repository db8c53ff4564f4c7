/// The users and roles of the Auth API, with etcd's rules for changing them (etcd `server/auth/store.go`).
///
/// A value: a copy is a snapshot. Each change counts the auth revision up by one, except that enabling does
/// not. Every user's permissions are compiled when something changes them, not when they are asked for.
package struct AuthState: Hashable, Sendable {
    /// The name of the user and of the role that are in charge.
    package static let rootName = "root"
    /// The most that users, roles and permissions may need, encoded, in bytes.
    package static let maximumByteCount = 4 << 20

    /// Whether requests need a user.
    package internal(set) var isEnabled = false
    /// Grows with every change but enabling.
    package internal(set) var revision: UInt64 = 1
    /// The revision at which it was last enabled: tokens of before are withdrawn.
    var enabledRevision: UInt64 = 0
    var userTable = NameTable<AuthUser>()
    var roleTable = NameTable<AuthRole>()

    /// Creates the state of a new store: disabled, with nobody in it.
    package init() {}

    /// Creates the state that another server kept; what it gave out in tokens is withdrawn.
    ///
    /// - Parameters:
    ///   - isEnabled: Whether requests need a user.
    ///   - revision: The number of changes so far.
    ///   - roles: The roles with what they grant, in any order.
    ///   - users: The users with the hashes of their passwords and the names of their roles, in any order.
    package init(
        isEnabled: Bool,
        revision: UInt64,
        roles: [(name: String, permissions: [Permission])],
        users: [(name: String, passwordHash: String?, roles: [String])]
    ) {
        self.isEnabled = isEnabled
        self.revision = revision
        self.enabledRevision = revision
        for (name, permissions) in roles {
            var role = AuthRole(name: name)
            role.permissions = permissions
            self.roleTable.set(role)
        }
        for (name, passwordHash, roles) in users {
            var user = AuthUser(name: name, passwordHash: passwordHash, credentialRevision: revision)
            user.roles = roles.sorted { $0.precedes($1) }
            self.compile(&user)
            self.userTable.set(user)
        }
    }

    /// All users, in the byte order of their names.
    package var users: [AuthUser] { self.userTable.elements }

    /// All roles, in the byte order of their names.
    package var roles: [AuthRole] { self.roleTable.elements }

    /// Returns the user of this name.
    package func user(_ name: String) -> AuthUser? { self.userTable[name] }

    /// Returns the role of this name.
    package func role(_ name: String) -> AuthRole? { self.roleTable[name] }

    /// Makes a change, or none and says why.
    ///
    /// - Returns: Whether anything had to be done.
    /// - Throws: etcd's reason for refusing; the state is as before then.
    package mutating func apply(_ command: AuthCommand) throws(AuthError) -> AuthOutcome {
        switch command {
        case .enable: return try self.enable()
        case .disable: return self.disable()
        case .addUser(let name, let hash): try self.addUser(name, hash)
        case .deleteUser(let name): try self.deleteUser(name)
        case .changePassword(let name, let hash): try self.changePassword(name, hash)
        case .grantRole(let user, let role): return try self.grantRole(user, role)
        case .revokeRole(let user, let role): try self.revokeRole(user, role)
        case .addRole(let name): try self.addRole(name)
        case .deleteRole(let name): try self.deleteRole(name)
        case .grantPermission(let role, let permission): try self.grantPermission(role, permission)
        case .revokePermission(let role, let key, let end): try self.revokePermission(role, key, end)
        }
        self.revision += 1
        return .changed
    }

    // MARK: - On and off

    private mutating func enable() throws(AuthError) -> AuthOutcome {
        guard !self.isEnabled else { return .unchanged }
        guard let root = self.user(Self.rootName) else { throw .rootUserMissing }
        guard root.isRoot else { throw .rootRoleMissing }
        self.isEnabled = true
        self.enabledRevision = self.revision
        return .changed
    }

    private mutating func disable() -> AuthOutcome {
        guard self.isEnabled else { return .unchanged }
        self.isEnabled = false
        self.revision += 1
        return .changed
    }

    /// Whether this is what must not be taken away while the API is enabled.
    private func isInCharge(_ name: String) -> Bool { self.isEnabled && name.isSameName(as: Self.rootName) }

    // MARK: - Users

    private mutating func addUser(_ name: String, _ hash: String?) throws(AuthError) {
        guard !name.isEmpty else { throw .userNameEmpty }
        guard self.user(name) == nil else { throw .userExists }
        self.userTable.set(AuthUser(name: name, passwordHash: hash, credentialRevision: self.revision + 1))
    }

    private mutating func deleteUser(_ name: String) throws(AuthError) {
        guard !self.isInCharge(name) else { throw .invalidManagement }
        guard self.user(name) != nil else { throw .userNotFound }
        self.userTable.remove(name)
    }

    private mutating func changePassword(_ name: String, _ hash: String) throws(AuthError) {
        guard var user = self.user(name) else { throw .userNotFound }
        if user.passwordHash != nil { user.passwordHash = hash }
        user.credentialRevision = self.revision + 1
        self.userTable.set(user)
    }

    private mutating func grantRole(_ userName: String, _ role: String) throws(AuthError) -> AuthOutcome {
        guard var user = self.user(userName) else { throw .userNotFound }
        guard role.isSameName(as: Self.rootName) || self.role(role) != nil else { throw .roleNotFound }
        guard !user.holds(role) else { return .unchanged }
        user.roles.append(role)
        user.roles.sort { $0.precedes($1) }
        self.compile(&user)
        self.userTable.set(user)
        self.revision += 1
        return .changed
    }

    private mutating func revokeRole(_ userName: String, _ role: String) throws(AuthError) {
        guard !self.isInCharge(userName) || !self.isInCharge(role) else { throw .invalidManagement }
        guard var user = self.user(userName) else { throw .userNotFound }
        guard user.holds(role) else { throw .roleNotGranted }
        user.roles.removeAll { $0.isSameName(as: role) }
        self.compile(&user)
        self.userTable.set(user)
    }

    // MARK: - Roles

    private mutating func addRole(_ name: String) throws(AuthError) {
        guard !name.isEmpty else { throw .roleNameEmpty }
        guard self.role(name) == nil else { throw .roleExists }
        self.roleTable.set(AuthRole(name: name))
    }

    private mutating func deleteRole(_ name: String) throws(AuthError) {
        guard !self.isInCharge(name) else { throw .invalidManagement }
        guard self.role(name) != nil else { throw .roleNotFound }
        self.roleTable.remove(name)
        for var user in self.users where user.holds(name) {
            user.roles.removeAll { $0.isSameName(as: name) }
            self.compile(&user)
            self.userTable.set(user)
        }
    }

    private mutating func grantPermission(_ roleName: String, _ permission: Permission) throws(AuthError) {
        guard permission.isValid else { throw .invalidManagement }
        guard var role = self.role(roleName) else { throw .roleNotFound }
        if let index = role.position(key: permission.key, rangeEnd: permission.rangeEnd) {
            role.permissions[index] = permission
        } else {
            // Listed by key; for one key, in the order in which they were granted (as etcd does).
            let index = role.permissions.firstIndex { permission.key.lexicographicallyPrecedes($0.key) }
            role.permissions.insert(permission, at: index ?? role.permissions.count)
        }
        self.set(role)
    }

    private mutating func revokePermission(
        _ roleName: String,
        _ key: [UInt8],
        _ rangeEnd: [UInt8]
    ) throws(AuthError) {
        guard var role = self.role(roleName) else { throw .roleNotFound }
        guard let index = role.position(key: key, rangeEnd: rangeEnd) else { throw .permissionNotGranted }
        role.permissions.remove(at: index)
        self.set(role)
    }

    private mutating func set(_ role: AuthRole) {
        self.roleTable.set(role)
        for var user in self.users where user.holds(role.name) {
            self.compile(&user)
            self.userTable.set(user)
        }
    }

    /// Compiles what the user's roles grant.
    func compile(_ user: inout AuthUser) {
        guard !user.isRoot else {
            user.permissions = .everything
            return
        }
        user.permissions = PermissionTable(user.roles.flatMap { self.role($0)?.permissions ?? [] })
    }
}
