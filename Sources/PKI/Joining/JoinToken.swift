import COpenSSL

/// What one cluster's operator hands to another's so that the two clusters join: where to ask, whom to expect
/// there, and a secret for one use.
///
/// Whoever has the token may join under the name that is in it, once, until it ends. Its description tells
/// nothing of the secret.
package struct JoinToken: Sendable {
    /// The longest text that is looked at, in bytes.
    package static let longestText = 8192
    /// The most servers in one token.
    package static let mostServers = 8
    static let secretBytes = 32

    /// The token's name, by which the side that made it finds its record.
    package let id: String
    /// The cluster that made the token.
    package let issuer: String
    /// The peer that may join with it.
    package let peer: String
    /// Where the issuer's admin plane is reached: `https://` URLs, tried in this order.
    package let servers: [String]
    /// How that server is recognised.
    package let pin: JoinPin
    /// When the token ends, in seconds since 1970.
    package let expires: Int64
    let secret: SecretBytes

    /// Creates a token.
    ///
    /// - Parameters:
    ///   - id: 1 to 63 lower-case letters, digits and dashes.
    ///   - issuer: The cluster that makes the token.
    ///   - peer: The peer that may join.
    ///   - servers: 1 to 8 `https://` URLs.
    ///   - pin: How the server is recognised.
    ///   - expires: When the token ends, in seconds since 1970.
    ///   - secret: 32 bytes that nobody can guess: ``makeSecret()``.
    /// - Throws: ``PKIError/invalidName(_:reason:)``, ``PKIError/join(_:)``.
    package init(
        id: String,
        issuer: String,
        peer: String,
        servers: [String],
        pin: JoinPin,
        expires: Int64,
        secret: SecretBytes
    ) throws(PKIError) {
        try CiliumSecrets.checkLabel(id, limit: 63)
        try CiliumSecrets.checkLabel(issuer, limit: 32)
        try CiliumSecrets.checkLabel(peer, limit: 32)
        guard issuer != peer else { throw .invalidName(peer, reason: "a cluster does not join itself") }
        guard (1...Self.mostServers).contains(servers.count) else {
            throw .join(.malformed(reason: "there are \(servers.count) servers"))
        }
        for server in servers { try JoinServer.check(server) }
        guard secret.count == Self.secretBytes else {
            throw .join(.malformed(reason: "the secret does not have \(Self.secretBytes) bytes"))
        }
        guard expires > 0 else { throw .join(.malformed(reason: "it ends before 1970")) }
        self.id = id
        self.issuer = issuer
        self.peer = peer
        self.servers = servers
        self.pin = pin
        self.expires = expires
        self.secret = secret
    }

    /// Makes a secret from OpenSSL's own generator, as private keys are made.
    package static func makeSecret() throws(PKIError) -> SecretBytes {
        OpenSSLErrors.clear()
        return try unsafe SecretBytes(capacity: self.secretBytes) { buffer throws(PKIError) in
            let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
            guard unsafe RAND_priv_bytes(start, Int32(buffer.count)) == 1 else {
                throw OpenSSLErrors.failure("make a secret")
            }
            return buffer.count
        }
    }

    /// Returns the key that messages under this token are authenticated with.
    ///
    /// The side that made the token keeps this key (sealed) and not the secret: the secret cannot be found
    /// from it.
    package func authenticationKey() throws(PKIError) -> SecretBytes {
        let purpose = Array("isthmus join 1\0\(self.id)\0\(self.issuer)\0\(self.peer)".utf8)
        return SecretBytes(try Digest.authenticationCode(of: purpose, key: self.secret))
    }

    /// Checks on the joining side that the token is not over.
    ///
    /// - Parameters:
    ///   - now: The time in seconds since 1970.
    ///   - tolerance: By how many seconds clocks may differ.
    /// - Throws: ``PKIError/join(_:)``.
    package func checkTime(now: Int64, tolerance: Int64) throws(PKIError) {
        let (limit, overflow) = self.expires.addingReportingOverflow(tolerance)
        guard overflow || now < limit else { throw .join(.expired(at: self.expires, now: now)) }
    }
}

extension JoinToken: CustomStringConvertible, CustomDebugStringConvertible {
    /// The token's name and for whom it is, never its secret.
    package var description: String { "join token \(self.id) of \(self.issuer) for \(self.peer)" }
    /// The token's name and for whom it is, never its secret.
    package var debugDescription: String { self.description }
}

/// The addresses in a token.
private enum JoinServer {
    /// The longest URL in bytes.
    private static let longest = 512

    /// Checks an `https://` URL of a host, with or without a port and a plain path.
    static func check(_ url: String) throws(PKIError) {
        let isPlain = url.utf8.allSatisfy { (0x21...0x7e).contains($0) }
        let scheme = "https://"
        guard isPlain, url.utf8.count <= self.longest, url.hasPrefix(scheme),
            !url.contains(where: { "@?#\\\"".contains($0) })
        else { throw self.problem(url) }
        let rest = url.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        var host = authority
        var port: Substring?
        if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        if let port {
            let isNumber = port.utf8.allSatisfy { (0x30...0x39).contains($0) }
            guard isNumber, let number = Int(port), (1...65_535).contains(number) else {
                throw self.problem(url)
            }
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            guard addressBytes(String(host.dropFirst().dropLast()))?.count == 16 else {
                throw self.problem(url)
            }
        } else {
            guard !host.contains(":"), (try? AlternativeName(String(host))) != nil else {
                // Losing the error is right: the whole URL is quoted.
                throw self.problem(url)
            }
        }
    }

    private static func problem(_ url: String) -> PKIError {
        .join(.malformed(reason: "\"\(url.prefix(80))\" is not an https URL"))
    }
}
