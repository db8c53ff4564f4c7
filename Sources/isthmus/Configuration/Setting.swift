/// Each thing that can be set, with its one name in each place.
///
/// The raw value is the flag without its dashes; the environment variable and the key of the file follow from
/// the same words: `--data-listen`, `ISTHMUS_DATA_LISTEN`, `data.listen`.
enum Setting: String, CaseIterable, Sendable {
    case config = "config"
    case stateDirectory = "state-dir"
    case clusterName = "cluster-name"
    case clusterID = "cluster-id"
    case maxConnectedClusters = "max-connected-clusters"
    case dataListen = "data-listen"
    case dataAdvertise = "data-advertise"
    case dataTLS = "data-tls"
    case dataCertificate = "data-cert"
    case dataKey = "data-key"
    case dataAuthorities = "data-ca"
    case dataThreads = "data-threads"
    case pkiKeyFile = "pki-key-file"
    case adminListen = "admin-listen"
    case healthListen = "health-listen"
    case shareDirectory = "share-dir"
    case storeDurability = "store-durability"
    case storeCompactionInterval = "store-compaction-interval"
    case storeHistoryLimit = "store-history-limit"
    case storeQuota = "store-quota"
    case heartbeatInterval = "heartbeat-interval"
    case logLevel = "log-level"
    case logFormat = "log-format"

    /// What all environment variables begin with.
    static let environmentPrefix = "ISTHMUS_"

    /// The flag with its dashes.
    var flag: String { "--" + self.rawValue }

    /// The environment variable.
    var environmentName: String {
        Self.environmentPrefix + String(self.rawValue.uppercased().map { $0 == "-" ? "_" : $0 })
    }

    /// The path of the key in the file; empty for what the file cannot set.
    var key: [String] {
        switch self {
        case .config: []
        case .stateDirectory: ["stateDir"]
        case .clusterName: ["cluster", "name"]
        case .clusterID: ["cluster", "id"]
        case .maxConnectedClusters: ["maxConnectedClusters"]
        case .dataListen: ["data", "listen"]
        case .dataAdvertise: ["data", "advertise"]
        case .dataTLS: ["data", "tls"]
        case .dataCertificate: ["data", "cert"]
        case .dataKey: ["data", "key"]
        case .dataAuthorities: ["data", "ca"]
        case .dataThreads: ["data", "threads"]
        case .pkiKeyFile: ["pki", "key", "file"]
        case .adminListen: ["admin", "listen"]
        case .healthListen: ["health", "listen"]
        case .shareDirectory: ["shareDir"]
        case .storeDurability: ["store", "durability"]
        case .storeCompactionInterval: ["store", "compaction", "interval"]
        case .storeHistoryLimit: ["store", "history", "limit"]
        case .storeQuota: ["store", "quota"]
        case .heartbeatInterval: ["heartbeat", "interval"]
        case .logLevel: ["log", "level"]
        case .logFormat: ["log", "format"]
        }
    }

    /// The key as it is written about: its path with dots.
    var dottedKey: String { self.key.joined(separator: ".") }

    /// The value when nobody sets it; it goes through the same checks as any other.
    ///
    /// `nil`: there is none, or it depends on the machine (the number of threads).
    var defaultText: String? {
        switch self {
        case .stateDirectory: "/var/lib/isthmus"
        case .maxConnectedClusters: "255"
        case .dataListen: "0.0.0.0:2379"
        case .dataTLS: "auto"
        case .adminListen: "https://0.0.0.0:8443"
        case .healthListen: "0.0.0.0:9880"
        case .storeDurability: "relaxed"
        case .storeCompactionInterval: "5m"
        case .storeHistoryLimit: "1Gi"
        case .storeQuota: "4Gi"
        case .heartbeatInterval: "30s"
        case .logLevel: "info"
        case .logFormat: "json"
        case .config, .clusterName, .clusterID, .dataAdvertise, .dataCertificate, .dataKey, .dataAuthorities,
            .dataThreads, .shareDirectory, .pkiKeyFile:
            nil
        }
    }

    /// What the setting is for, in one phrase of the help screen.
    var summary: String {
        switch self {
        case .config: "A YAML file with settings; flags and environment variables win over it."
        case .stateDirectory: "The directory of databases, certificates and the token."
        case .clusterName: "The name of this cluster in the mesh. Required."
        case .clusterID: "The number of this cluster in the mesh, from 1. Required."
        case .maxConnectedClusters: "The size of the mesh: 255 or 511, the same in each cluster."
        case .dataListen: "Where the kvstore is served: host:port, [v6]:port or :port."
        case .dataAdvertise:
            "The URLs that clients are told, separated by commas (default: made from --data-listen)."
        case .dataTLS: "Where the server's certificate comes from: auto, files or off (only on loopback)."
        case .dataCertificate: "With --data-tls files: the certificate chain, PEM."
        case .dataKey: "With --data-tls files: the private key, PEM."
        case .dataAuthorities: "With --data-tls files: the authorities of clients, PEM."
        case .dataThreads: "Event loops of the kvstore (default: the number of cores)."
        case .pkiKeyFile:
            "The file of the key that private keys are encrypted under (default: pki/vault.key, made at the "
                + "first start)."
        case .adminListen:
            "Where REST and the status page are: https://host:port, http://127.0.0.1:port, unix:/path, "
                + "several separated by commas, or off."
        case .shareDirectory:
            "The directory of openapi/ and web-static/ (default: beside the program or above it)."
        case .healthListen: "Where /livez, /readyz, /healthz and /metrics are served, without TLS."
        case .storeDurability: "What survives: strict (a power cut), relaxed (a crash) or memory (nothing)."
        case .storeCompactionInterval: "How much history is kept, for example 5m."
        case .storeHistoryLimit: "From how many bytes of history on it is compacted early."
        case .storeQuota: "The most bytes that are stored, for example 4Gi."
        case .heartbeatInterval: "How often the heartbeat is written: 15s to 60s."
        case .logLevel: "trace, debug, info, notice, warning, error or critical."
        case .logFormat: "json or text."
        }
    }

    /// What the help screen calls the value.
    var valueName: String {
        switch self {
        case .config, .dataCertificate, .dataKey, .dataAuthorities, .pkiKeyFile: "file"
        case .stateDirectory, .shareDirectory: "directory"
        case .clusterName: "name"
        case .clusterID, .maxConnectedClusters, .dataThreads: "number"
        case .dataListen, .adminListen, .healthListen: "address"
        case .dataAdvertise: "urls"
        case .dataTLS, .storeDurability: "mode"
        case .storeCompactionInterval, .heartbeatInterval: "duration"
        case .storeHistoryLimit, .storeQuota: "bytes"
        case .logLevel: "level"
        case .logFormat: "format"
        }
    }
}
