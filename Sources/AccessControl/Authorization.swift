/// What a connection keeps about its client: who it is, and what it may do.
package struct Authorization: Hashable, Sendable {
    /// Who the client is.
    package let identity: Identity
    /// Which keys it may touch.
    package let permissions: PermissionTable

    /// Creates the authorisation of a client; an administrator's permissions are everything.
    package init(identity: Identity, permissions: PermissionTable) {
        self.identity = identity
        self.permissions = identity.isAdministrator ? .everything : permissions
    }

    /// Whether the client may do everything, and call what only administrators may.
    package var isAdministrator: Bool { self.identity.isAdministrator }

    /// Whether the client may grant, renew and revoke leases: whoever may write nothing has no use for one.
    package var mayUseLeases: Bool { self.isAdministrator || self.permissions.writesSomething }

    /// Whether all keys of a request may be read; see ``PermissionTable/allowsRead(key:rangeEnd:)``.
    package func allowsRead(key: Span<UInt8>, rangeEnd: Span<UInt8>) -> Bool {
        self.permissions.allowsRead(key: key, rangeEnd: rangeEnd)
    }

    /// Whether all keys of a request may be written; see ``PermissionTable/allowsWrite(key:rangeEnd:)``.
    package func allowsWrite(key: Span<UInt8>, rangeEnd: Span<UInt8>) -> Bool {
        self.permissions.allowsWrite(key: key, rangeEnd: rangeEnd)
    }
}
