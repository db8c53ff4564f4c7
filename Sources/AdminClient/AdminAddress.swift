import NIOCore

/// Where a server's admin plane listens.
package struct AdminAddress: Sendable, Hashable, CustomStringConvertible {
    private enum Place: Hashable {
        case network(host: String, port: Int)
        case socket(path: String)
    }

    private let place: Place
    /// Whether the server is asked over TLS.
    package let usesTLS: Bool

    /// Reads an address: `https://host:port`, `http://host:port` or `unix:/path`.
    ///
    /// - Throws: ``AdminClientError/invalidAddress(_:)``.
    package init(_ text: String) throws(AdminClientError) {
        let form = "write https://host:port, http://host:port or unix:/path"
        if text.hasPrefix("unix:") {
            let path = text.dropFirst("unix:".count)
            guard path.hasPrefix("/"), !path.utf8.contains(0), path.utf8.count < 108 else {
                throw .invalidAddress("\"\(text)\" names no socket: \(form)")
            }
            self.place = .socket(path: String(path))
            self.usesTLS = false
            return
        }
        let schemes = [("https://", 443, true), ("http://", 80, false)]
        guard let (scheme, standardPort, usesTLS) = schemes.first(where: { text.hasPrefix($0.0) }) else {
            throw .invalidAddress("\"\(text)\" is not an address: \(form)")
        }
        var authority = text.dropFirst(scheme.count)
        if authority.hasSuffix("/") { authority = authority.dropLast() }
        guard let (host, port) = Self.split(authority) else {
            throw .invalidAddress("\"\(text)\" has more or less than a host and a port: \(form)")
        }
        self.place = .network(host: host, port: port ?? standardPort)
        self.usesTLS = usesTLS
    }

    /// The address as it is written.
    package var description: String {
        switch self.place {
        case .socket(let path): "unix:\(path)"
        case .network(let host, let port):
            "\(self.usesTLS ? "https" : "http")://\(Self.bracketed(host)):\(port)"
        }
    }

    /// Whether this is a UNIX socket.
    var isSocket: Bool {
        if case .socket = self.place { true } else { false }
    }

    /// What the target of a call is put behind.
    var url: String {
        switch self.place {
        case .socket(let path): "http+unix://\(AdminCall.encoded(path, also: ""))"
        case .network: self.description
        }
    }

    /// Whether only this machine can reach the address.
    package var isLoopback: Bool {
        guard case .network(let host, let port) = self.place else { return true }
        if host == "localhost" || host.hasSuffix(".localhost") { return true }
        // The only error says that the text is a name.
        switch try? SocketAddress(ipAddress: host, port: port) {
        case .v4: return host.hasPrefix("127.")
        case .v6(let address): return Self.isLoopback(address)
        case .unixDomainSocket, nil: return false
        }
    }

    private static func isLoopback(_ address: SocketAddress.IPv6Address) -> Bool {
        // An error would say that ::1 is no address.
        (try? SocketAddress(ipAddress: "::1", port: 1)).map { loopback in
            guard case .v6(let expected) = loopback else { return false }
            return expected.host == address.host
        } ?? false
    }

    private static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

    private static func split(_ authority: Substring) -> (host: String, port: Int?)? {
        var host = authority
        var port: Int?
        let isV6 = authority.hasPrefix("[")
        if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            let digits = authority[authority.index(after: colon)...]
            guard !digits.isEmpty, digits.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
                let number = Int(digits), 1...65_535 ~= number
            else { return nil }
            port = number
            host = authority[..<colon]
        }
        if isV6 {
            guard host.hasSuffix("]") else { return nil }
            let inner = String(host.dropFirst().dropLast())
            // The only error says that the text is not an address.
            guard inner.contains(":"), (try? SocketAddress(ipAddress: inner, port: 1)) != nil else {
                return nil
            }
            return (inner, port)
        }
        let isName = host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isName && !host.isEmpty ? (String(host), port) : nil
    }
}
