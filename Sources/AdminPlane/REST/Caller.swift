package import MeshResources

extension TokenScope {
    /// Whether who has this scope may do what needs `required`.
    package func covers(_ required: TokenScope) -> Bool {
        self == .admin || required == .viewer || self == required
    }
}

/// Who asks, as proved by what came with the request.
package struct Caller: Sendable, Hashable {
    /// How the caller proved who it is.
    package enum Method: String, Sendable, Hashable {
        /// A bearer token.
        case token
        /// The same token in the status page's cookie.
        case cookie
        /// A client certificate.
        case certificate
        /// The peer of the UNIX socket.
        case socket
        /// The server itself.
        case system
    }

    /// The name of the token, the certificate's common name, or `uid <n>`.
    package let name: String
    /// How the caller proved it.
    package let method: Method
    /// What the caller may do.
    package let scopes: [TokenScope]
    /// From where.
    package let address: String

    /// Creates a caller.
    package init(name: String, method: Method, scopes: [TokenScope], address: String) {
        self.name = name
        self.method = method
        self.scopes = scopes
        self.address = address
    }

    /// Whether the caller may do what needs `scope`.
    package func may(_ scope: TokenScope) -> Bool { self.scopes.contains { $0.covers(scope) } }
}
