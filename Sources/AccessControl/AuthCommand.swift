/// A change of the Auth API's state; see ``AuthState/apply(_:)``.
package enum AuthCommand: Hashable, Sendable {
    case enable
    case disable
    /// Adds a user; without a hash it never logs in by password.
    case addUser(name: String, passwordHash: String?)
    case deleteUser(name: String)
    /// Replaces the hash of a user's password; one without a password stays so.
    case changePassword(name: String, passwordHash: String)
    case grantRole(user: String, role: String)
    case revokeRole(user: String, role: String)
    case addRole(name: String)
    case deleteRole(name: String)
    /// Grants a permission; one with the same key and end is replaced.
    case grantPermission(role: String, Permission)
    /// Takes back the permission with exactly this key and end.
    case revokePermission(role: String, key: [UInt8], rangeEnd: [UInt8])
}

/// What an ``AuthCommand`` that was not refused has done.
package enum AuthOutcome: Hashable, Sendable {
    case changed
    /// Everything was already as asked.
    case unchanged
}
