package import AccessControl
package import NIOCore

/// An open connection of a client, as an operator sees it.
package struct ClientConnection: Hashable, Sendable {
    /// What a connection speaks.
    package enum Transport: Hashable, Sendable {
        /// HTTP/2, which gRPC needs.
        case http2
        /// HTTP/1.1: probes and the JSON gateway.
        case http1
    }

    /// Unique in the process and never used again.
    package let id: UInt64
    /// Whom the connection speaks for; a call with a token may speak for a user instead.
    package let identity: Identity
    /// The client's certificate, if it has shown one.
    package let certificate: ClientCertificate?
    /// Where it comes from, if the system says so.
    package let remoteAddress: SocketAddress?
    /// Whether it is encrypted.
    package let isEncrypted: Bool
    /// What it speaks.
    package let transport: Transport
    /// What the client calls itself in its first request; empty before.
    package let userAgent: String
    /// When its handshake was done, in milliseconds since 1970.
    package let openedAt: Int64
    /// The calls and requests that are open.
    package let openStreams: Int
    /// Its watches.
    package let watches: Int
    /// Those of its watches that still read what they missed.
    package let catchingUp: Int
    /// By how many revisions its slowest watch is behind the store.
    package let lag: Int64
    /// Bytes that it has sent, without those of TLS; of HTTP/1.1, those of bodies.
    package let receivedBytes: Int
    /// Bytes that it was sent, counted in the same way.
    package let sentBytes: Int
}

/// What is known of a client's certificate; read once, in the handshake.
package struct ClientCertificate: Hashable, Sendable {
    /// The subject's common name.
    package let commonName: String
    /// The issuer's common name.
    package let issuerCommonName: String
    /// The serial number, in upper-case hexadecimal digits, as OpenSSL's tools print it.
    package let serialNumber: String
    /// The end of its life, in seconds since 1970.
    package let notAfter: Int64
    /// The SHA-256 digest of the certificate, in lower-case hexadecimal digits.
    package let fingerprint: String
    /// The SHA-256 digest of its public key (`SubjectPublicKeyInfo`), in lower-case hexadecimal digits.
    package let keyFingerprint: String
    /// The certificate and, where they are known, those above it, in DER: for holding it against what is
    /// trusted later.
    package let chain: [[UInt8]]

    /// Creates the facts.
    package init(
        commonName: String,
        issuerCommonName: String,
        serialNumber: String,
        notAfter: Int64,
        fingerprint: String,
        keyFingerprint: String,
        chain: [[UInt8]] = []
    ) {
        self.commonName = commonName
        self.issuerCommonName = issuerCommonName
        self.serialNumber = serialNumber
        self.notAfter = notAfter
        self.fingerprint = fingerprint
        self.keyFingerprint = keyFingerprint
        self.chain = chain
    }
}

/// Who a client was found to be.
package struct IdentifiedClient: Sendable {
    /// What it may do.
    package let authorization: Authorization
    /// Its certificate, if it has shown one.
    package let certificate: ClientCertificate?

    /// Creates what a client was found to be.
    package init(_ authorization: Authorization, certificate: ClientCertificate? = nil) {
        self.authorization = authorization
        self.certificate = certificate
    }
}
