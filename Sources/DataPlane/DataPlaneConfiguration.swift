package import RPC
package import Watching

/// The limits of the data plane and what it says of itself.
package struct DataPlaneConfiguration: Sendable {
    /// The member's name in the member list.
    package var memberName = "isthmus"
    /// The URLs at which clients reach the member; `etcdctl` and Go clients that sync use them.
    package var advertisedURLs: [String]
    /// The URLs of the member for other members in the member list; `nil`: those for clients.
    package var peerURLs: [String]?
    /// The largest encoded request, in bytes (etcd `--max-request-bytes`).
    package var maximumRequestBytes = 1_572_864
    /// The most operations of a transaction (etcd `--max-txn-ops`).
    package var maximumOperations = 128
    /// The largest answer to a range, in bytes.
    package var maximumResponseBytes = 64 << 20
    /// The pages for probes and scrapes that are served beside `/version` and `/health`; `nil`: none.
    package var probes: ProbePage.Find?
    /// The most records that a range answers on the event loop; larger ones are collected on another thread.
    package var inlineRecords = 2_048
    /// The most watches of all streams of a connection.
    package var maximumWatchesPerConnection = 8_192
    /// The most snapshots that are sent at once, to all clients.
    package var maximumSnapshots = 2
    /// How often quiet watches that asked for it are told how far they are.
    package var progressInterval: Duration = .seconds(600)
    /// Whether the JSON gateway is served (etcd `--enable-grpc-gateway`).
    package var servesGateway = true
    /// Whether pages of any origin may use the gateway (etcd's default).
    ///
    /// Off unless it stands in for etcd: on a loopback address without TLS everyone is administrator, and
    /// that must not include what a browser happens to show.
    package var allowsAnyOrigin = false
    /// The limits of watching.
    package var watchLimits = WatchLimits()
    /// The limits of logging in.
    package var authLimits = AuthLimits()
    /// The limits of the transport.
    package var transportLimits = RPCLimits()

    /// Creates the defaults.
    package init(advertisedURLs: [String]) {
        self.advertisedURLs = advertisedURLs
    }
}
