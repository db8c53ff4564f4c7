import MeshSchema

/// Where a remote store answers: `https://host:port`.
package struct EndpointURL: Sendable, Hashable, CustomStringConvertible {
    /// Whether the connection is encrypted.
    package let isEncrypted: Bool
    /// The host: a DNS name or an address.
    package let host: String
    /// The port.
    package let port: UInt16

    /// Parses the URL of an etcd endpoint.
    ///
    /// Plain HTTP is for loopback addresses only, because nothing else says who answers.
    ///
    /// - Throws: ``ResourceError/notEndpointURL(reason:)``, ``ResourceError/notAddress(_:)``.
    package init(_ text: String) throws(ResourceError) {
        guard let scheme = ["https", "http"].first(where: { text.hasPrefix($0 + "://") }) else {
            throw .notEndpointURL(reason: "must begin with https://")
        }
        var authority = text.dropFirst(scheme.count + 3)
        if authority.hasSuffix("/") { authority = authority.dropLast() }
        guard !authority.contains(where: { "/?#@".contains($0) }) else {
            throw .notEndpointURL(reason: "must have nothing but a host and a port after \(scheme)://")
        }
        guard let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") else {
            throw .notEndpointURL(reason: "must have a port, for example https://west.example:2379")
        }
        let digits = authority[authority.index(after: colon)...]
        guard let port = UInt16(digits), port > 0, String(port) == digits else {
            throw .notEndpointURL(reason: "\"\(digits)\" is not a port from 1 to 65535")
        }
        self.host = try Self.host(authority[..<colon])
        self.port = port
        self.isEncrypted = scheme == "https"
        guard self.isEncrypted || self.isLoopback else {
            throw .notEndpointURL(reason: "http:// is for loopback addresses only: use https://")
        }
    }

    private static func host(_ text: Substring) throws(ResourceError) -> String {
        if text.hasPrefix("["), text.hasSuffix("]") {
            let inner = String(text.dropFirst().dropLast())
            guard inner.contains(":"), let address = IPAddress(inner) else { throw .notAddress(inner) }
            return address.description
        }
        // Something that is almost an address is not a name.
        let isNumeric = text.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }
        guard !isNumeric || IPAddress(String(text)) != nil, DNSText.isName(text) else {
            throw .notEndpointURL(reason: "\"\(text)\" is not a host name or an address")
        }
        return String(text)
    }

    private var isLoopback: Bool {
        guard let address = IPAddress(self.host) else { return self.host == "localhost" }
        return address.bytes == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
            || (address.family == .v4 && address.bytes[0] == 127)
    }

    /// The URL.
    package var description: String {
        let host = self.host.contains(":") ? "[\(self.host)]" : self.host
        return "\(self.isEncrypted ? "https" : "http")://\(host):\(self.port)"
    }
}
