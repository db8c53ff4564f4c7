package import NIOCore
package import NIOSSL
package import RPC

/// One address at which a store is served.
package struct DataPlaneEndpoint: Sendable {
    /// What is served at an address.
    package enum Content: Sendable {
        /// The etcd API, and the pages for probes.
        case api
        /// Only the pages for probes.
        case probes
    }

    /// Where to listen; port 0 lets the system choose.
    package var address: SocketAddress
    /// The newest TLS context, asked for each connection; `nil` itself means cleartext.
    package var tls: (@Sendable () -> NIOSSLContext?)?
    /// Decides about clients' certificates; `nil` leaves that to the context.
    package var verify: RPCListener.VerifyClient?
    /// What is served there.
    package var content: Content

    /// Creates an endpoint.
    package init(
        address: SocketAddress,
        tls: (@Sendable () -> NIOSSLContext?)?,
        verify: RPCListener.VerifyClient? = nil,
        content: Content = .api
    ) {
        self.address = address
        self.tls = tls
        self.verify = verify
        self.content = content
    }
}

/// Why an address cannot be listened on.
package struct ListenFailure: Error, Sendable {
    /// The address.
    package let address: SocketAddress
    /// What the system says.
    package let reason: String
}
