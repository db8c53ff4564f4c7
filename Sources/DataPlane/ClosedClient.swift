import RPC

/// A connection that is gone, and why.
package struct ClosedClient: Hashable, Sendable {
    /// Why a connection was closed.
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The client closed it, or the network did.
        case clientLeft
        /// An operator cut it.
        case cut
        /// Its certificate was revoked.
        case revoked
        /// Nothing was asked on it for a while.
        case idle
        /// The client answered no ping, did not take its answers, or did not finish what it began.
        case unresponsive
        /// The client broke the protocol, or flooded it.
        case protocolError
        /// The server stops.
        case shutdown

        /// Reads what the transport says; `nil`: it did nothing.
        init(_ ending: RPCMetrics.Closure?) {
            switch ending {
            case nil: self = .clientLeft
            case .cut: self = .cut
            case .revoked: self = .revoked
            case .idle: self = .idle
            case .keepalive, .stall, .prefaceTimeout: self = .unresponsive
            case .badPreface, .protocolError, .flood: self = .protocolError
            case .drained: self = .shutdown
            }
        }
    }

    /// The connection as it was in the end.
    package let client: ClientConnection
    /// Why it was closed.
    package let reason: Reason
    /// When, in milliseconds since 1970.
    package let closedAt: Int64
}
