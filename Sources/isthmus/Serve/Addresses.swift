import Foundation
import NIOCore
import PKI

extension ListenAddress {
    /// The URL at which this machine reaches the listener.
    func localURL(scheme: String, boundPort: Int) -> String {
        let host = self.isWildcard ? "127.0.0.1" : self.host
        return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(boundPort)"
    }
}

extension SocketAddress {
    /// The address as it is written everywhere else: `host:port`, `[v6]:port`, or a path.
    var text: String {
        guard let host = self.ipAddress, let port = self.port else { return self.pathname ?? "\(self)" }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

extension ServeConfiguration.DataPlane {
    /// The URL at which this machine reaches the kvstore.
    func localURL(boundPort: Int) -> String {
        self.listen.localURL(scheme: self.tls == .off ? "http" : "https", boundPort: boundPort)
    }

    /// The names that clients dial and the server's certificate must therefore have.
    var certificateNames: [AlternativeName] {
        let advertised = self.advertise.compactMap(Self.host)
        let listened = self.listen.isWildcard ? [] : [self.listen.host]
        // What cannot stand in a certificate cannot be verified by a client either, and is left out.
        return (advertised + listened).compactMap { try? AlternativeName($0) }
    }

    /// The host of a URL, without brackets.
    private static func host(of url: String) -> String? {
        guard let scheme = url.range(of: "://") else { return nil }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" }
        if authority.hasPrefix("[") {
            return authority.dropFirst().split(separator: "]").first.map(String.init)
        }
        return authority.split(separator: ":").first.map(String.init)
    }
}
