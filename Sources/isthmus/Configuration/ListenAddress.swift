import NIOCore

/// An address to listen on: `host:port`, `[v6]:port` or `:port`.
struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// A name or an IP address without brackets; empty for all addresses of the machine.
    let host: String
    /// The port; 0 for any free one.
    let port: Int

    /// Reads an address.
    init(_ text: String) throws(InvalidValue) {
        guard let colon = text.lastIndex(of: ":") else {
            throw InvalidValue(message: "\"\(text)\" has no port: write host:port, [v6]:port or :port")
        }
        let digits = text[text.index(after: colon)...]
        guard
            !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = Int(digits), port <= 65_535
        else {
            throw InvalidValue(message: "\"\(digits)\" is not a port: write a number from 0 to 65535")
        }
        self.host = try Self.host(text[..<colon])
        self.port = port
    }

    var description: String {
        self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
    }

    /// Whether only this machine can reach the address.
    var isLoopback: Bool {
        if self.host == "localhost" || self.host.hasSuffix(".localhost") { return true }
        switch Self.literal(self.host, port: self.port) {
        case .v4: return self.host.hasPrefix("127.")
        case .v6(let address): return SocketAddress.v6(address) == Self.literal("::1", port: self.port)
        case .unixDomainSocket, nil: return false
        }
    }

    /// Whether the address stands for all addresses of the machine.
    var isWildcard: Bool { ["", "0.0.0.0", "::"].contains(self.host) }

    /// Returns the address to bind to.
    ///
    /// All addresses of the machine are the IPv6 wildcard, which takes IPv4 too. Blocks while a name is
    /// looked up.
    func socketAddress() throws -> SocketAddress {
        let host = self.host.isEmpty ? "::" : self.host
        if let address = Self.literal(host, port: self.port) { return address }
        return try SocketAddress.makeAddressResolvingHost(host, port: self.port)
    }

    /// Returns the address that `host` spells; `nil` when it is a name.
    private static func literal(_ host: String, port: Int) -> SocketAddress? {
        // The only error says that the text is not an IP address.
        try? SocketAddress(ipAddress: host, port: port)
    }

    private static func host(_ text: Substring) throws(InvalidValue) -> String {
        if text.isEmpty { return "" }
        if text.hasPrefix("["), text.hasSuffix("]") {
            let inner = String(text.dropFirst().dropLast())
            guard inner.contains(":"), Self.literal(inner, port: 0) != nil else {
                throw InvalidValue(message: "\"\(inner)\" is not an IPv6 address")
            }
            return inner
        }
        guard !text.contains(":") else {
            throw InvalidValue(message: "\"\(text)\" has several colons: write an IPv6 address in brackets")
        }
        let isName = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        let isNumeric = text.allSatisfy { $0.isNumber || $0 == "." }
        guard isName, !isNumeric || Self.literal(String(text), port: 0) != nil else {
            throw InvalidValue(message: "\"\(text)\" is not a host name or an IP address")
        }
        return String(text)
    }
}
