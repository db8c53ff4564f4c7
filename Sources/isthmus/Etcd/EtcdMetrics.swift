import AccessControl
import DataPlane
import MVCC
import RPC
import Storage
import Telemetry

/// The series by which etcd's dashboards and alerts know a server, where the meaning is the same.
///
/// Most are second names of our own series, so they cost nothing until somebody reads them.
struct EtcdMetrics {
    let registry: MetricsRegistry
    let store: Store
    /// Whether each commit is synced before it is answered.
    let isSynced: Bool

    /// Registers all of them, beside those that every server has (``StoreGauges``).
    func register() {
        self.registerServer()
        self.registerCalls()
        self.registerStore()
        self.registerLeasesAndWatches()
    }

    private func registerServer() {
        let store = self.store
        let id = String(store.memberID, radix: 16)
        let cluster = EtcdVersion.cluster.split(separator: ".").prefix(2).joined(separator: ".")
        self.constant("etcd_server_version", ("server_version", EtcdVersion.server), 1)
        self.constant("etcd_cluster_version", ("cluster_version", cluster), 1)
        self.constant("etcd_server_id", ("server_id", id), 1)
        self.constant("etcd_server_has_leader", nil, 1)
        self.constant("etcd_server_is_leader", nil, 1)
        self.constant("etcd_server_is_learner", nil, 0)
        self.constant("etcd_server_heartbeat_send_failures_total", nil, 0)
        self.constant("etcd_server_quota_backend_bytes", nil, Double(store.configuration.quotaBytes))
        self.registry.register(counter: "etcd_server_leader_changes_seen_total") { 1 }
        // There is no Raft log; as in Status, the revision counts what was decided.
        for name in ["etcd_server_proposals_committed_total", "etcd_server_proposals_applied_total"] {
            self.registry.register(gauge: name) { Double(store.replica.current.keyspace.revision) }
        }
        self.registry.register(gauge: "etcd_server_proposals_pending") { Double(store.waitingProposalCount) }
        self.registry.alias(
            "isthmus_store_refused_proposals_total",
            as: "etcd_server_proposals_failed_total"
        )
        self.registry.register(gauge: "etcd_debugging_auth_revision") {
            Double(store.replica.current.auth.revision)
        }
    }

    private func registerCalls() {
        self.registry.alias(
            "isthmus_data_received_bytes_total",
            as: "etcd_network_client_grpc_received_bytes_total"
        )
        self.registry.alias("isthmus_data_sent_bytes_total", as: "etcd_network_client_grpc_sent_bytes_total")
        for method in DataPlaneServer.methods {
            let parts = method.path.split(separator: "/").map(String.init)
            let own = [("method", parts.joined(separator: "/"))]
            let isBidirectional = ["Watch/Watch", "LeaseKeepAlive"].contains { method.path.hasSuffix($0) }
            let kind =
                method.isStream ? (isBidirectional ? "bidi_stream" : "server_stream") : "unary"
            let labels = [("grpc_service", parts[0]), ("grpc_method", parts[1]), ("grpc_type", kind)]
            self.registry.alias(
                "isthmus_data_rpcs_started_total",
                labels: own,
                as: "grpc_server_started_total",
                labels: labels
            )
            for code in RPCCode.allCases {
                self.registry.alias(
                    "isthmus_data_rpcs_total",
                    labels: own + [("code", code.name)],
                    as: "grpc_server_handled_total",
                    labels: labels + [("grpc_code", code.name)]
                )
            }
        }
    }

    private func registerStore() {
        let kinds = [("put", "put"), ("delete", "delete"), ("transaction", "txn")]
        for (kind, name) in kinds {
            self.alias("isthmus_store_operations_total", kind, "etcd_mvcc_\(name)_total")
        }
        // Ranges are answered by the event loops, those of transactions by the commit thread.
        let calls = self.registry.reader(
            "isthmus_data_rpcs_total",
            labels: [
                ("method", "etcdserverpb.KV/Range"), ("code", RPCCode.ok.name),
            ]
        )
        let inTransactions = self.registry.reader(
            "isthmus_store_operations_total",
            labels: [("kind", "range")]
        )
        self.registry.register(counter: "etcd_mvcc_range_total") { calls() + inTransactions() }
        self.alias("isthmus_store_put_bytes_total", "put", "etcd_debugging_mvcc_total_put_size_in_bytes")
        self.registry.alias("isthmus_store_commit_seconds", as: "etcd_disk_backend_commit_duration_seconds")
        if self.isSynced {
            // A commit is one transaction that ends with a sync, so this is never less than the sync took.
            self.registry.alias("isthmus_store_commit_seconds", as: "etcd_disk_wal_fsync_duration_seconds")
        }
    }

    private func registerLeasesAndWatches() {
        for kind in ["granted", "revoked", "renewed"] {
            self.alias("isthmus_store_leases_total", kind, "etcd_debugging_lease_\(kind)_total")
        }
        self.alias("isthmus_store_leases_total", "expired", "etcd_debugging_server_lease_expired_total")
        let watches = [
            ("watchers", "watcher_total"), ("watchers_catching_up", "slow_watcher_total"),
            ("watch_streams", "watch_stream_total"), ("watch_events_total", "events_total"),
        ]
        for (own, name) in watches {
            self.registry.alias("isthmus_data_\(own)", as: "etcd_debugging_mvcc_\(name)")
        }
        // Nothing is queued for a watcher: it reads the log from where it is.
        self.constant("etcd_debugging_mvcc_pending_events_total", nil, 0)
    }

    private func alias(_ name: String, _ kind: String, _ alias: String) {
        self.registry.alias(name, labels: [("kind", kind)], as: alias)
    }

    private func constant(_ name: String, _ label: (String, String)?, _ value: Double) {
        self.registry.register(gauge: name, labels: label.map { [$0] } ?? []) { value }
    }
}
