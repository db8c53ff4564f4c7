/// Where the admin plane listens: `https://host:port`, `http://host:port` on loopback, or `unix:/path`.
enum AdminListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// With TLS, by a certificate of the own authority.
    case https(ListenAddress)
    /// Without TLS: only this machine can reach it.
    case http(ListenAddress)
    /// A UNIX socket.
    case unix(path: String)

    /// Reads an address.
    init(_ text: String) throws(InvalidValue) {
        if text.hasPrefix("https://") {
            self = .https(try ListenAddress(Self.authority(text.dropFirst(8))))
        } else if text.hasPrefix("http://") {
            let address = try ListenAddress(Self.authority(text.dropFirst(7)))
            guard address.isLoopback else {
                throw InvalidValue(message: "\"\(text)\" is not a loopback address: use https, or 127.0.0.1")
            }
            self = .http(address)
        } else if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            // The limit is that of sun_path on Linux, with its terminating zero.
            guard path.hasPrefix("/"), path.utf8.count < 108 else {
                throw InvalidValue(message: "\"\(text)\" needs an absolute path of less than 108 bytes")
            }
            self = .unix(path: path)
        } else {
            throw InvalidValue(message: "\"\(text)\" must begin with https://, http:// or unix:")
        }
    }

    /// Reads addresses that are separated by commas; `off` is none.
    static func list(_ text: String) throws(InvalidValue) -> [AdminListenAddress] {
        guard text != "off" else { return [] }
        var addresses: [AdminListenAddress] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let address = try AdminListenAddress(String(part))
            guard !addresses.contains(address) else {
                throw InvalidValue(message: "\"\(part)\" is there twice")
            }
            addresses.append(address)
        }
        return addresses
    }

    /// The TCP address; `nil` for a socket.
    var tcp: ListenAddress? {
        switch self {
        case .https(let address), .http(let address): address
        case .unix: nil
        }
    }

    var description: String {
        switch self {
        case .https(let address): "https://\(address)"
        case .http(let address): "http://\(address)"
        case .unix(let path): "unix:\(path)"
        }
    }

    private static func authority(_ text: Substring) -> String {
        String(text.hasSuffix("/") ? text.dropLast() : text)
    }
}
