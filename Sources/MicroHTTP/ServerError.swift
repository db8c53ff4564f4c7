/// Why a server cannot start, or cannot take other credentials.
package enum ServerError: Error, Hashable, Sendable {
    /// The address is neither IPv4 nor IPv6 in numbers, or the socket's path is too long.
    case badAddress(ServerConfiguration.Address)
    /// Somebody else listens there.
    case addressInUse(ServerConfiguration.Address)
    /// A file that is not a socket stands where the socket should be.
    case notASocket(path: String)
    /// The system refused; `code` is its `errno`.
    case systemCall(String, code: Int32)
    /// The certificate, key or authorities cannot be used, in GnuTLS's words.
    case badCredentials(reason: String)
    /// libmicrohttpd did not start, and does not say why.
    case daemonRefused
    /// The server has been stopped.
    case stopped
}
