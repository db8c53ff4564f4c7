import Logging
import MeshResources
import MeshSchema

/// All that `isthmus serve` needs to know, checked.
struct ServeConfiguration: Sendable, Hashable {
    /// The directory of databases, certificates and the token.
    ///
    /// Need not exist yet.
    var stateDirectory: String
    /// The cluster's name in the mesh.
    var clusterName: ClusterName
    /// The cluster's number in the mesh.
    var clusterID: ClusterID
    /// The size of the mesh.
    var mesh: MaxConnectedClusters
    /// The listener of the kvstore.
    var data: DataPlane
    /// The file of the key that private keys are encrypted under; `nil`: the one in `pki/`.
    var pkiKeyFile: String?
    /// Where REST and the status page are served; empty: nowhere.
    var adminListen: [AdminListenAddress]
    /// The directory of what is served as it is; `nil`: to be looked for.
    var shareDirectory: String?
    /// Where health and metrics are served.
    var healthListen: ListenAddress
    /// What is kept, and how.
    var store: Store
    /// How often the heartbeat is written.
    var heartbeatInterval: Duration
    /// The level of log lines at start; it can be changed while the process runs.
    var logLevel: Logger.Level
    /// The form of log lines.
    var logFormat: LogFormat

    /// The listener of the kvstore.
    struct DataPlane: Sendable, Hashable {
        /// Where it listens.
        var listen: ListenAddress
        /// The URLs that clients are told; empty: see ``clientURLs(boundPort:hostName:)``.
        var advertise: [String]
        /// Where its certificate comes from.
        var tls: TLS
        /// The number of its event loops.
        var threads: Int

        /// Returns the URLs that clients are told: the configured ones, or one that is made from the
        /// listener.
        ///
        /// - Parameters:
        ///   - boundPort: The port that the listener has, which differs from the configured one if that is 0.
        ///   - hostName: The machine's name, for a listener on all addresses.
        /// - Returns: At least one URL, each with a scheme, a host and a port.
        func clientURLs(boundPort: Int, hostName: String) -> [String] {
            guard self.advertise.isEmpty else { return self.advertise }
            let scheme = self.tls == .off ? "http" : "https"
            let host = self.listen.isWildcard ? hostName : self.listen.host
            return ["\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(boundPort)"]
        }
    }

    /// Where the server's certificate comes from.
    enum TLS: Sendable, Hashable {
        /// The process's own authority issues it.
        case automatic
        /// PEM files, read again when they change.
        case files(certificate: String, key: String, authorities: String)
        /// No TLS: only on a loopback address.
        case off
    }

    /// What is kept, and how.
    struct Store: Sendable, Hashable {
        /// What survives which accident.
        var durability: Durability
        /// How much history is kept, in time.
        var compactionInterval: Duration
        /// From how many bytes of superseded records on they are compacted however young they are.
        var historyLimit: ByteCount
        /// The most bytes of keys and values; more raises the NOSPACE alarm.
        var quota: ByteCount
    }

    /// What survives which accident.
    enum Durability: String, Sendable, Hashable, CaseIterable {
        /// Everything acknowledged survives a power cut.
        case strict
        /// Everything acknowledged survives a crash of the process; no revision is ever given out twice.
        case relaxed
        /// Nothing survives.
        case memory
    }

    /// The form of log lines.
    enum LogFormat: String, Sendable, Hashable, CaseIterable {
        /// One JSON object per line.
        case json
        /// Lines for people.
        case text
    }
}
