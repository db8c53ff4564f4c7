import Logging

/// All that standing in for etcd needs to know, checked.
struct EtcdConfiguration: Sendable, Hashable {
    /// The member's name.
    var name: String
    /// Where everything is kept.
    var dataDirectory: String
    /// Where clients are served.
    var clientURLs: [EtcdURL]
    /// Where only metrics and health are served.
    var metricsURLs: [EtcdURL]
    /// The URLs that clients are told.
    var advertisedClientURLs: [EtcdURL]
    /// The member's peer URLs.
    var peerURLs: [EtcdURL]
    /// What the cluster's ID is made from, beside the peer URLs.
    var token: String
    /// How clients are encrypted and identified.
    var security: Security
    /// What logins give.
    var tokens: TokenOptions
    /// What is kept, and how.
    var store: Store
    /// What clients may do at once.
    var limits: Limits
    /// What is logged, and where.
    var log: Log
    /// Whether the JSON gateway is served.
    var servesGateway: Bool
    /// The flags that were set and mean nothing here.
    var ignoredFlags: [String]
    /// What the operator should know about how things were set.
    var warnings: [String]

    /// How clients are encrypted and identified.
    struct Security: Sendable, Hashable {
        var certificateFile: String?
        var keyFile: String?
        var authoritiesFile: String?
        var revocationFile: String?
        /// Whether a certificate's common name is a user.
        var identifiesByCertificate: Bool
        /// The hosts of which a client's certificate must be for one; empty: any.
        var allowedHosts: [String]
        /// Whether we make a certificate.
        var isAutomatic: Bool
        /// How many years it is good for.
        var years: Int
        var tls: TLSDemands
    }

    /// What is kept, and how.
    struct Store: Sendable, Hashable {
        /// Whether writes are synced before they are answered.
        var isSynced: Bool
        /// In bytes of records; zero means no quota.
        var quotaBytes: Int
        /// How much history is kept; zero means all.
        var compactionInterval: Duration
        /// The least number of revisions that are kept.
        var keptRevisions: Int64
        /// Whether only that number counts.
        var compactsByRevision: Bool
    }

    /// What clients may do at once.
    struct Limits: Sendable, Hashable {
        var operations: Int
        var requestBytes: Int
        var streams: Int
        var keepaliveInterval: Duration
        var keepaliveTimeout: Duration
        var progressInterval: Duration
        var tokenTimeToLive: Duration
        var bcryptCost: Int
    }

    /// What is logged, and where.
    struct Log: Sendable, Hashable {
        var level: Logger.Level
        var isConsole: Bool
        /// `stderr`, `stdout` or paths.
        var outputs: [String]
    }

    /// What logins give.
    enum TokenOptions: Sendable, Hashable {
        /// Random letters that are kept in memory.
        case simple
        /// JSON Web Tokens.
        case webTokens(WebTokenOptions)
    }
}
