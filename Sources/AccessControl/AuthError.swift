/// Why the Auth API refuses something, in etcd's cases.
package enum AuthError: Error, Hashable, Sendable {
    case rootUserMissing
    case rootRoleMissing
    case userExists
    case userNotFound
    case roleExists
    case roleNotFound
    case userNameEmpty
    case roleNameEmpty
    /// The password is wrong, or there is no such user.
    case authenticationFailed
    /// A password was given for a user that has none.
    case passwordNotUsed
    case roleNotGranted
    case permissionNotGranted
    case permissionNotGiven
    /// Something that would leave nobody in charge, or a permission that grants nothing.
    case invalidManagement
    case notEnabled
    /// A token that is unknown, has expired or was withdrawn.
    case invalidToken
    /// Users, roles and permissions would need more than this many bytes.
    case tooLarge(limit: Int)
}
