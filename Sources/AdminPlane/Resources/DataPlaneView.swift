package import AccessControl
package import MVCC

/// What the admin plane sees of the data plane, and may do to it.
///
/// Planes do not know each other: the process joins them. Every closure may be called on any thread.
package struct DataPlaneView: Sendable {
    /// The newest committed state.
    package var state: @Sendable () -> CommittedState
    /// What the holder of a certificate with this common name may do, by the same code that is asked when one
    /// connects; users are held against it afterwards.
    package var authorization: @Sendable (_ commonName: String) -> Authorization
    /// Open connections above a number, by number, at most so many, and how many there are beyond them.
    package var clients:
        @Sendable (_ after: UInt64, _ limit: Int) async -> (clients: [ConnectedClient], remaining: Int)
    /// An open connection.
    package var client: @Sendable (_ id: UInt64) async -> ConnectedClient?
    /// The connections that were closed last, the latest first; a few hundred.
    package var closedClients: @Sendable () -> [ConnectedClient]
    /// Cuts a connection; returns whether there was one of this number.
    package var disconnect: @Sendable (_ id: UInt64) async -> Bool

    /// Creates the view.
    package init(
        state: @escaping @Sendable () -> CommittedState,
        authorization: @escaping @Sendable (_ commonName: String) -> Authorization,
        clients:
            @escaping @Sendable (_ after: UInt64, _ limit: Int) async -> (
                clients: [ConnectedClient], remaining: Int
            ),
        client: @escaping @Sendable (_ id: UInt64) async -> ConnectedClient?,
        closedClients: @escaping @Sendable () -> [ConnectedClient],
        disconnect: @escaping @Sendable (_ id: UInt64) async -> Bool
    ) {
        self.state = state
        self.authorization = authorization
        self.clients = clients
        self.client = client
        self.closedClients = closedClients
        self.disconnect = disconnect
    }
}

/// What the store has at one revision.
package struct CommittedState: Sendable {
    /// The keys.
    package var keyspace: Keyspace
    /// The users and roles.
    package var auth: AuthState
    /// Whether stored data was found damaged.
    package var isCorrupt: Bool

    /// Creates a state.
    package init(keyspace: Keyspace, auth: AuthState, isCorrupt: Bool = false) {
        self.keyspace = keyspace
        self.auth = auth
        self.isCorrupt = isCorrupt
    }
}

/// A connection of the data plane, as it is shown.
package struct ConnectedClient: Sendable, Hashable {
    /// A client's certificate.
    package struct Certificate: Sendable, Hashable {
        package var commonName = ""
        package var issuerCommonName = ""
        package var serialNumber = ""
        /// In seconds since 1970.
        package var notAfter: Int64 = 0
        /// SHA-256 in hexadecimal digits.
        package var fingerprint = ""
        /// That of its public key.
        package var keyFingerprint = ""

        /// Creates an empty one.
        package init() {}
    }

    /// The end of a connection.
    package struct End: Sendable, Hashable {
        /// In milliseconds since 1970.
        package var time: Int64
        /// Why, in one word.
        package var reason: String

        /// Creates an end.
        package init(time: Int64, reason: String) {
            self.time = time
            self.reason = reason
        }
    }

    /// Unique in the process and never used again.
    package var id: UInt64
    /// Who it is.
    package var identity: Identity
    /// The certificate, if one was shown.
    package var certificate: Certificate?
    /// Where it comes from.
    package var address = ""
    /// Whether it is encrypted.
    package var isEncrypted = false
    /// Whether it speaks HTTP/2, and not HTTP/1.1.
    package var isHTTP2 = true
    /// What the client calls itself.
    package var userAgent = ""
    /// Since when, in milliseconds since 1970.
    package var openedAt: Int64 = 0
    package var openStreams = 0
    package var watches = 0
    package var catchingUp = 0
    /// By how many revisions the slowest watch is behind.
    package var lag: Int64 = 0
    package var receivedBytes = 0
    package var sentBytes = 0
    /// How it ended; `nil` while it is open.
    package var end: End?

    /// Creates a connection of which nothing else is known.
    package init(id: UInt64, identity: Identity) {
        self.id = id
        self.identity = identity
    }
}
