import NIOCore

/// A URL to listen on or to be told to others: `http://host:port`, `https://host:port` or `unix://path`.
struct EtcdURL: Hashable, Sendable, CustomStringConvertible {
    let scheme: String
    /// What is behind the scheme: the host and the port, or the path of a socket.
    let authority: String
    private let host: String
    private let port: Int

    /// Reads one URL, with etcd's reasons for refusing (`client/pkg/types/urls.go`).
    init(_ text: String) throws(InvalidValue) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
            throw InvalidValue(message: "URL scheme must be http, https, unix, or unixs: \(text)")
        }
        self.scheme = text[..<colon].lowercased()
        let rest = text[colon...].dropFirst(3)
        switch self.scheme {
        case "unix", "unixs":
            self.authority = String(rest)
            self.host = ""
            self.port = 0
        case "http", "https":
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            let address: ListenAddress
            do throws(InvalidValue) {
                address = try ListenAddress(String(authority))
            } catch {
                throw InvalidValue(message: "URL address does not have the form \"host:port\": \(text)")
            }
            guard rest.count == authority.count else {
                throw InvalidValue(message: "URL must not contain a path: \(text)")
            }
            self.authority = String(authority)
            self.host = address.host
            self.port = address.port
        default:
            throw InvalidValue(message: "URL scheme must be http, https, unix, or unixs: \(text)")
        }
    }

    /// Reads a comma-separated list; in ascending order, as etcd keeps it.
    static func list(_ text: String) throws(InvalidValue) -> [EtcdURL] {
        var urls: [EtcdURL] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let url = try EtcdURL(String(item.trimmed))
            if !urls.contains(url) { urls.append(url) }
        }
        return urls.sorted { $0.description < $1.description }
    }

    var description: String { "\(self.scheme)://\(self.authority)" }

    /// The text by which two URLs are the same: `localhost` is an address like another.
    var resolved: String {
        self.host == "localhost" ? "\(self.scheme)://127.0.0.1:\(self.port)" : self.description
    }

    /// Whether connections are encrypted.
    var isSecure: Bool { self.scheme == "https" || self.scheme == "unixs" }

    /// Whether the URL names a socket of the file system.
    var isUnixSocket: Bool { self.scheme == "unix" || self.scheme == "unixs" }

    /// The host by which the machine can be dialled; `nil` for a wildcard or a socket of the file system.
    var dialledHost: String? { ["", "0.0.0.0", "::"].contains(self.host) ? nil : self.host }

    /// Whether etcd would bind to it: an IP address or `localhost`.
    var isBindable: Bool {
        if self.isUnixSocket || self.host == "localhost" || self.host.isEmpty { return true }
        // The only error says that the text is not an IP address.
        return (try? SocketAddress(ipAddress: self.host, port: self.port)) != nil
    }

    /// Returns the address to bind to.
    ///
    /// As in Go the wildcard is one of both families where there are both, and `localhost` is the address of
    /// IPv4.
    func socketAddress(hasIPv6: Bool) throws -> SocketAddress {
        if self.isUnixSocket { return try SocketAddress(unixDomainSocketPath: self.authority) }
        switch self.host {
        case "", "0.0.0.0":
            return try SocketAddress(ipAddress: hasIPv6 ? "::" : "0.0.0.0", port: self.port)
        case "localhost": return try SocketAddress(ipAddress: "127.0.0.1", port: self.port)
        default: return try SocketAddress(ipAddress: self.host, port: self.port)
        }
    }
}

extension Substring {
    /// The text without spaces at its ends.
    fileprivate var trimmed: Substring {
        let head = self.drop { $0.isWhitespace }
        return head.prefix(
            upTo: head.lastIndex { !$0.isWhitespace }.map(head.index(after:)) ?? head.startIndex
        )
    }
}
