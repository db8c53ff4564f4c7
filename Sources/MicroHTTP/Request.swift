package import NIOCore

/// A whole request, read and within its limits.
package struct Request: Sendable {
    /// The method as it was written; any token.
    package var method: String
    /// What was asked for.
    package var target: RequestTarget
    /// The header fields.
    package var fields: HeaderFields
    /// The body; empty when there is none.
    package var body: ByteBuffer
    /// What took the body in the place of memory, if ``ServerConfiguration/planBody`` said so.
    package var sink: (any BodySink)?
    /// Who asks.
    package var peer: Peer

    /// Makes a request; the server does, and tests of handlers.
    package init(
        method: String,
        target: RequestTarget,
        fields: HeaderFields = [:],
        body: ByteBuffer = ByteBuffer(),
        sink: (any BodySink)? = nil,
        peer: Peer
    ) {
        self.method = method
        self.target = target
        self.fields = fields
        self.body = body
        self.sink = sink
        self.peer = peer
    }
}

/// Who is at the other end of a connection, as far as the connection shows it.
package struct Peer: Sendable {
    /// Where the connection comes from.
    package enum Origin: Hashable, Sendable {
        /// An address in numbers, and a port.
        case tcp(address: String, port: Int)
        /// The user ID of the process at a UNIX socket, as the kernel tells it; `nil` when it does not.
        case unix(user: UInt32?)
    }

    /// Where the connection comes from.
    package var origin: Origin
    /// Whether the connection is encrypted.
    package var isTLS: Bool
    /// The certificates that the client showed, its own first, in DER; empty when it showed none.
    ///
    /// The handshake has proved that the client holds the first one's key. Nothing else is known of them:
    /// neither who issued them nor whether they are valid now. The caller verifies them.
    package var certificateChain: [[UInt8]]

    /// Describes a peer.
    package init(origin: Origin, isTLS: Bool = false, certificateChain: [[UInt8]] = []) {
        self.origin = origin
        self.isTLS = isTLS
        self.certificateChain = certificateChain
    }
}
