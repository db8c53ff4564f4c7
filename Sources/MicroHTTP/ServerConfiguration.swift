import NIOCore

/// Where a server listens, and with which limits.
package struct ServerConfiguration: Sendable {
    /// A place to listen at.
    package enum Address: Hashable, Sendable {
        /// An IPv4 or IPv6 address in numbers; port 0 is any free one.
        case tcp(address: String, port: Int)
        /// A UNIX socket with mode 0600; a socket file that nobody listens at is replaced.
        case unix(path: String)
    }

    /// One listener; all of a server's listeners share the handler and the limits.
    package struct Listener: Sendable {
        /// Where it listens.
        package var address: Address
        /// The certificate of an HTTPS listener, or `nil` for plain HTTP.
        package var credentials: Credentials?

        /// Describes a listener.
        package init(_ address: Address, credentials: Credentials? = nil) {
            self.address = address
            self.credentials = credentials
        }
    }

    /// What an HTTPS listener shows, and whom it asks for a certificate.
    package struct Credentials: Sendable {
        /// The server's certificate, followed by its issuers, in PEM.
        package var certificateChainPEM: [UInt8]
        /// The private key in PEM, without a password.
        package var privateKeyPEM: [UInt8]
        /// Certificates in PEM whose names are sent to clients when they are asked for a certificate.
        ///
        /// `nil` asks nobody. What a client then shows is not verified here: see ``Peer/certificateChain``.
        package var clientAuthoritiesPEM: [UInt8]?

        /// Describes the credentials.
        package init(
            certificateChainPEM: [UInt8],
            privateKeyPEM: [UInt8],
            clientAuthoritiesPEM: [UInt8]? = nil
        ) {
            self.certificateChainPEM = certificateChainPEM
            self.privateKeyPEM = privateKeyPEM
            self.clientAuthoritiesPEM = clientAuthoritiesPEM
        }
    }

    /// The listeners, at least one.
    package var listeners: [Listener]
    /// The limits.
    package var limits: ServerLimits
    /// Decides what becomes of a body, from the request without it; `nil`: ``ServerLimits/bodyBytes`` of
    /// memory for any.
    ///
    /// Called on the daemon's thread for requests with a body; must not block.
    package var planBody: (@Sendable (Request) -> BodyPlan)?

    /// Describes a server.
    package init(listeners: [Listener], limits: ServerLimits = ServerLimits()) {
        self.listeners = listeners
        self.limits = limits
    }
}

/// What clients may use of a server.
package struct ServerLimits: Sendable {
    /// The most bytes of a request's body, unless ``ServerConfiguration/planBody`` says otherwise.
    package var bodyBytes = 1_048_576
    /// The most bytes of a request's head.
    package var headBytes = 16_384
    /// The most bytes of the head's target.
    package var targetBytes = 8_192
    /// The most header fields, and the most pairs of a query.
    package var fields = 100
    /// The most requests between their head and the last byte of their answer, streams among them.
    package var requestsInFlight = 4_096
    /// The most open connections of all listeners.
    package var connections = 4_096
    /// The most open connections from one IPv4 address or one IPv6 network of 64 bits.
    package var connectionsPerAddress = 2_048
    /// The time for a whole head.
    ///
    /// It runs from the connection's start, TLS handshake included, or from the request line.
    package var headTimeout = Duration.seconds(30)
    /// The time from an answer to the next request line of the same connection.
    package var idleTimeout = Duration.seconds(75)
    /// The time for a whole body of up to ``bodyBytes``.
    package var bodyTimeout = Duration.seconds(30)
    /// The bytes beyond them for which the client gets a second more.
    package var bodyBytesPerSecond = 65_536
    /// The time for a whole answer, or for each piece of a stream, to be taken.
    package var answerTimeout = Duration.seconds(30)
    /// The bytes of a whole answer for which its client gets a second more.
    package var answerBytesPerSecond = 65_536

    /// The defaults.
    package init() {}

    /// The memory that libmicrohttpd uses for a connection.
    ///
    /// Room for a head above our limits, so that we refuse it and not the library, which has a page of its
    /// own.
    var poolBytes: Int { max(65_536, 4 * self.headBytes) }
}
