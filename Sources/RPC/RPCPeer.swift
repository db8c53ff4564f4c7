package import NIOCore

/// What the TLS handshake, or its absence, says of a peer.
///
/// Read once per connection.
package struct RPCPeer: Sendable {
    /// Where the connection comes from, or `nil` when the channel does not say.
    package let remoteAddress: SocketAddress?

    /// The client's certificate in DER, leaf first; empty without TLS or without a certificate.
    ///
    /// It was verified before anyone sees it: with ``RPCListener/VerifyClient`` the whole chain is here,
    /// else, and for a session that was resumed, only the leaf, for the TLS library does not tell the
    /// rest.
    package let certificateChain: [[UInt8]]

    /// Whether the bytes of this connection are encrypted.
    package let isTLS: Bool

    /// The connection's number, unique among listeners that share their ``ConnectionNumbers`` and never used
    /// again.
    package let connectionID: UInt64

    /// Creates the description of a peer.
    package init(
        remoteAddress: SocketAddress?,
        certificateChain: [[UInt8]],
        isTLS: Bool,
        connectionID: UInt64
    ) {
        self.remoteAddress = remoteAddress
        self.certificateChain = certificateChain
        self.isTLS = isTLS
        self.connectionID = connectionID
    }
}

/// Why the maker of sessions will not serve a peer.
///
/// The connection is closed and counted under this reason.
package enum RPCRefusal: String, Error, Hashable, Sendable, CaseIterable {
    /// The certificate names nobody we serve.
    case unidentified
    /// The certificate has been revoked.
    case revoked
    /// The server has as much to do as it can bear.
    case overloaded
    /// The server does not serve at present.
    case unavailable
}
