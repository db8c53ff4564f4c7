/// What a login gives: the user, and the state of things at which it proved to be that user.
///
/// Tokens stand for one. It is withdrawn by comparing numbers, so that nobody has to be told: the user's
/// password changed, the user was deleted, or the API was disabled, at a later revision.
package struct AuthGrant: Hashable, Sendable {
    /// The user.
    package let userName: String
    /// The auth revision of the state that the login was checked against.
    package let revision: UInt64

    /// Creates a grant.
    package init(userName: String, revision: UInt64) {
        self.userName = userName
        self.revision = revision
    }
}

extension AuthState {
    /// Returns the hash to check a user's password against.
    ///
    /// - Throws: Why the user cannot log in by password.
    package func passwordHash(of name: String) throws(AuthError) -> String {
        guard self.isEnabled else { throw .notEnabled }
        guard let user = self.user(name) else { throw .authenticationFailed }
        guard let hash = user.passwordHash else { throw .passwordNotUsed }
        return hash
    }

    /// Returns what a request without a token may do, on a connection of this identity.
    ///
    /// Agents, peers and certified administrators have their rights from their certificates, whatever users
    /// there are. Other certificates name users while the API is enabled, and whoever has no name is
    /// anonymous then.
    package func authorization(of connection: Authorization) throws(AuthError) -> Authorization {
        guard self.isEnabled else { return connection }
        switch connection.identity {
        case .administrator, .localAgent, .peer, .anyPeer: return connection
        case .user(let name):
            guard let user = self.user(name) else { return Authorization(unknownUser: name) }
            return Authorization(user)
        case .anonymous, .loopback: throw .userNameEmpty
        }
    }

    /// Returns what a request with a token may do.
    ///
    /// - Throws: ``AuthError/invalidToken`` when the grant was withdrawn.
    package func authorization(of grant: AuthGrant) throws(AuthError) -> Authorization {
        guard self.isEnabled, grant.revision >= self.enabledRevision, let user = self.user(grant.userName),
            grant.revision >= user.credentialRevision
        else { throw .invalidToken }
        return Authorization(user)
    }
}
