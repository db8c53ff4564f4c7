/// All flags of etcd 3.4 to 3.6 that this program knows, and what each means here: the one table that
/// parsing, the environment, the file, `--help` and the log's list of ignored settings are made from.
enum EtcdFlagTable {
    /// What all environment variables begin with.
    static let environmentPrefix = "ETCD_"

    /// Returns the flag of this name.
    static func flag(_ name: String) -> EtcdFlag? { self.byName[name] }

    /// The flags in the order in which they are listed and reported.
    static let flags = Self.member + Self.clustering + Self.security + Self.other + Self.ignored

    private static let byName = Dictionary(uniqueKeysWithValues: Self.flags.map { ($0.name, $0) })

    private static let member: [EtcdFlag] = [
        .same(
            "config-file",
            .text,
            "",
            "A YAML file with etcd's keys; flags and environment are ignored then."
        ),
        .same("name", .text, "default", "The name of this member."),
        .same("data-dir", .text, "", "Where everything is kept; <name>.etcd by default."),
        .same("listen-client-urls", .urls, "http://localhost:2379", "Where clients are served."),
        .same("listen-client-http-urls", .urls, "", "More addresses for clients."),
        .same("listen-metrics-urls", .urls, "", "Where only metrics and health are served."),
        .same("quota-backend-bytes", .integer, "0", "When writes are refused; 0: 2 GiB, negative: never."),
        .same("max-txn-ops", .count, "128", "The most operations of a transaction."),
        .same("max-request-bytes", .count, "1572864", "The largest request."),
        .same("max-concurrent-streams", .count, "4294967295", "The most streams of a connection."),
        .same("grpc-keepalive-interval", .duration, "2h", "How often silent clients are pinged; 0: never."),
        .same("grpc-keepalive-timeout", .duration, "20s", "How long a pinged client may stay silent."),
        .same(
            "watch-progress-notify-interval",
            .duration,
            "10m",
            "How often quiet watches hear of progress."
        ),
        .same(
            "experimental-watch-progress-notify-interval",
            .duration,
            "10m",
            "The same, by its name before 3.6."
        ),
        .same("unsafe-no-fsync", .toggle, "false", "Answer writes before they are synced to the disk."),
        .same("auto-compaction-mode", .text, "periodic", "What the retention counts: periodic or revision."),
        .same("auto-compaction-retention", .text, "0", "How much history is kept: hours, 5m, or revisions."),
    ]

    private static let clustering: [EtcdFlag] = [
        .same(
            "initial-advertise-peer-urls",
            .urls,
            "http://localhost:2380",
            "The member's peer URLs, from which its ID is made."
        ),
        .same("initial-cluster", .text, "", "This member and its peer URLs; there can be no other."),
        .same("initial-cluster-token", .text, "etcd-cluster", "What the cluster's ID is made from."),
        .same("advertise-client-urls", .urls, "http://localhost:2379", "The URLs that clients are told."),
        .nothing("initial-cluster-state", .choice(["new", "existing"])),
        .nothing("force-new-cluster", .toggle),
        .nothing("listen-peer-urls", .urls),
        .refused("discovery", reason: "there is only one member, so there is nobody to discover"),
        .refused("discovery-endpoints", reason: "there is only one member, so there is nobody to discover"),
        .refused("discovery-token", reason: "there is only one member, so there is nobody to discover"),
        .refused("discovery-srv", reason: "there is only one member, so there is nobody to discover"),
        .refused("proxy", unless: ["off"], reason: "this is not a proxy"),
        .refused("experimental-enable-v2v3", reason: "there is no API of version 2"),
        .refused("enable-v2", .toggle, unless: ["false"], reason: "there is no API of version 2"),
    ]

    private static let security: [EtcdFlag] = [
        .same("cert-file", .text, "", "The server's certificate, read again when it changes."),
        .same("key-file", .text, "", "Its key."),
        .same(
            "trusted-ca-file",
            .text,
            "",
            "The authorities of the clients, who must have a certificate then."
        ),
        .same("client-cert-auth", .toggle, "false", "Take a certificate's common name for the user."),
        .same("client-cert-allowed-hostname", .text, "", "The hosts that clients' certificates may be for."),
        .same("client-crl-file", .text, "", "The certificates that are revoked, read again when it changes."),
        .same("auto-tls", .toggle, "false", "Make a certificate below the data directory."),
        .same("self-signed-cert-validity", .count, "1", "How many years it is good for."),
        .same("tls-min-version", .choice(["", "TLS1.2", "TLS1.3"]), "", "The oldest TLS: TLS1.2 or TLS1.3."),
        .same("tls-max-version", .choice(["", "TLS1.2", "TLS1.3"]), "", "The newest TLS."),
        .same("cipher-suites", .text, "", "The cipher suites of TLS 1.2."),
        .same("auth-token", .text, "simple", "simple, or jwt,sign-method=…,priv-key=…,pub-key=…,ttl=…"),
        .same("auth-token-ttl", .count, "300", "How many seconds a simple token lives without use."),
        .same("bcrypt-cost", .count, "10", "The cost of password hashes: 4 to 31."),
    ]

    private static let other: [EtcdFlag] = [
        .same("logger", .text, "zap", "Only zap."),
        .same("log-level", .text, "info", "debug, info, warn, error, panic or fatal."),
        .same("log-format", .choice(["json", "console"]), "json", "json or console."),
        .same("log-outputs", .text, "default", "stderr, stdout, or files."),
        .same("metrics", .choice(["basic", "extensive"]), "basic", "basic or extensive; here the same."),
        .same("enable-grpc-gateway", .toggle, "true", "Serve the JSON gateway."),
        .same("version", .toggle, "false", "Print the version."),
    ]

    /// What concerns other members, Raft, bbolt or Go, or tunes what needs no tuning here.
    private static let ignored: [EtcdFlag] =
        [
            "wal-dir", "backend-bbolt-freelist-type", "cors", "host-whitelist", "log-rotation-config-json",
            "discovery-fallback", "discovery-proxy", "discovery-srv-name", "discovery-cert",
            "discovery-key", "discovery-cacert", "discovery-user", "discovery-password", "v2-deprecation",
            "client-cert-file", "client-key-file", "peer-cert-file", "peer-key-file", "peer-client-cert-file",
            "peer-client-key-file", "peer-trusted-ca-file", "peer-cert-allowed-cn",
            "peer-cert-allowed-hostname", "peer-crl-file", "feature-gates", "distributed-tracing-address",
            "distributed-tracing-service-name", "distributed-tracing-instance-id",
            "experimental-distributed-tracing-address", "experimental-distributed-tracing-service-name",
            "experimental-distributed-tracing-instance-id",
        ].map { .nothing($0) }
        + [
            "strict-reconfig-check", "pre-vote", "initial-election-tick-advance", "enable-pprof",
            "enable-log-rotation", "socket-reuse-port", "socket-reuse-address", "peer-client-cert-auth",
            "peer-auto-tls", "peer-skip-client-san-verification", "memory-mlock",
            "discovery-insecure-transport", "discovery-insecure-skip-tls-verify",
            "enable-distributed-tracing", "experimental-enable-distributed-tracing",
            "experimental-initial-corrupt-check", "experimental-compact-hash-check-enabled",
            "experimental-enable-lease-checkpoint", "experimental-enable-lease-checkpoint-persist",
            "experimental-peer-skip-client-san-verification", "experimental-memory-mlock",
            "experimental-txn-mode-write-with-shared-buffer", "experimental-stop-grpc-service-on-defrag",
            "experimental-wait-cluster-ready",
        ].map { .nothing($0, .toggle) }
        + [
            "snapshot-count", "snapshot-catchup-entries", "experimental-snapshot-catchup-entries",
            "heartbeat-interval", "election-timeout", "max-snapshots", "max-wals", "max-learners",
            "backend-batch-limit", "compaction-batch-limit", "experimental-compaction-batch-limit",
            "bootstrap-defrag-threshold-megabytes", "experimental-bootstrap-defrag-threshold-megabytes",
            "experimental-max-learners", "distributed-tracing-sampling-rate",
            "experimental-distributed-tracing-sampling-rate", "proxy-failure-wait", "proxy-refresh-interval",
            "proxy-dial-timeout", "proxy-write-timeout", "proxy-read-timeout",
        ].map { .nothing($0, .integer) }
        + [
            "grpc-keepalive-min-time", "backend-batch-interval", "raft-read-timeout", "raft-write-timeout",
            "corrupt-check-time", "experimental-corrupt-check-time", "compact-hash-check-time",
            "experimental-compact-hash-check-time", "compaction-sleep-interval",
            "experimental-compaction-sleep-interval", "warning-apply-duration",
            "experimental-warning-apply-duration", "warning-unary-request-duration",
            "experimental-warning-unary-request-duration", "downgrade-check-time",
            "experimental-downgrade-check-time", "discovery-dial-timeout", "discovery-request-timeout",
            "discovery-keepalive-time", "discovery-keepalive-timeout",
        ].map { .nothing($0, .duration) }
}
