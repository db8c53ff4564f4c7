/// The limits of logging in.
package struct AuthLimits: Sendable {
    /// The cost of the hashes of new passwords (etcd `--bcrypt-cost`): each step doubles the time of a login.
    package var bcryptCost = 10
    /// How long a token lives after its last use (etcd `--auth-token-ttl`).
    package var tokenTimeToLive: Duration = .seconds(300)
    /// The most tokens; one more replaces the one that was not used for the longest time.
    package var tokenLimit = 65_536
    /// The threads that hash passwords.
    package var passwordThreads = 2
    /// The most passwords that are being hashed or wait for it; one more is refused.
    package var passwordLimit = 64

    /// Creates the defaults.
    package init() {}
}
