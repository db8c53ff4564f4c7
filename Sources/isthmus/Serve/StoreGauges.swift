import MVCC
import Storage
import Telemetry

/// The gauges that are asked for at each scrape.
struct StoreGauges {
    let store: Store

    /// Registers all of them.
    func register(in registry: MetricsRegistry) {
        let store = self.store
        let gauges: [(name: String, help: String, read: @Sendable (Keyspace) -> Int)] = [
            ("isthmus_store_revision", "The newest revision.", { Int($0.revision) }),
            ("isthmus_store_compacted_revision", "The compaction horizon.", { Int($0.compactedRevision) }),
            ("isthmus_store_keys", "Keys that exist.", { $0.keyCount }),
            ("isthmus_store_records", "Stored records, superseded ones included.", { $0.recordCount }),
            ("isthmus_store_bytes", "Bytes of all stored records.", { $0.byteCount }),
            (
                "isthmus_store_history_bytes", "Bytes of superseded records and tombstones.",
                { $0.historyByteCount }
            ),
            ("isthmus_store_leases", "Live leases.", { $0.leases.count }),
            // The names that etcd's dashboards read, where the meaning is the same.
            ("etcd_debugging_mvcc_current_revision", "The newest revision.", { Int($0.revision) }),
            (
                "etcd_debugging_mvcc_compact_revision", "The compaction horizon.",
                { Int($0.compactedRevision) }
            ),
            ("etcd_debugging_mvcc_keys_total", "Keys that exist.", { $0.keyCount }),
        ]
        for gauge in gauges {
            registry.describe(gauge.name, help: gauge.help)
            registry.register(gauge: gauge.name) { Double(gauge.read(store.replica.current.keyspace)) }
        }
        for alarm in Alarm.allCases {
            registry.describe("isthmus_store_alarm", help: "Whether an alarm is raised: 1 or 0.")
            registry.register(gauge: "isthmus_store_alarm", labels: [("alarm", "\(alarm)")]) {
                store.replica.current.alarms.contains(alarm) ? 1 : 0
            }
        }
        registry.describe(
            "isthmus_store_waiting_proposals",
            help: "Proposals that wait for the commit thread."
        )
        registry.register(gauge: "isthmus_store_waiting_proposals") { Double(store.waitingProposalCount) }
        for (name, help) in [
            ("isthmus_store_log_bytes", "The size of the log on disk."),
            ("etcd_mvcc_db_total_size_in_bytes", "The size of the log on disk."),
        ] {
            registry.describe(name, help: help)
            registry.register(gauge: name) { Double(store.logByteCounts.total) }
        }
        registry.describe(
            "etcd_mvcc_db_total_size_in_use_in_bytes",
            help: "What of the log on disk is in use."
        )
        registry.register(gauge: "etcd_mvcc_db_total_size_in_use_in_bytes") {
            Double(store.logByteCounts.inUse)
        }
    }
}
