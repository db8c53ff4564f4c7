package import CoreMetrics

/// The handles of the store's metrics, made once at start.
package struct StorageMetrics: Sendable {
    let commits: Counter
    let commitRecords: Recorder
    let commitSeconds: CoreMetrics.Timer
    let logFailures: Counter
    let refusedProposals: Counter

    /// Creates the handles in `factory`.
    package init(factory: any MetricsFactory) {
        self.commits = Counter(label: "isthmus_store_commits_total", factory: factory)
        self.commitRecords = Recorder(
            label: "isthmus_store_commit_records",
            aggregate: true,
            factory: factory
        )
        self.commitSeconds = Timer(label: "isthmus_store_commit_seconds", factory: factory)
        self.logFailures = Counter(label: "isthmus_store_log_failures_total", factory: factory)
        self.refusedProposals = Counter(label: "isthmus_store_refused_proposals_total", factory: factory)
    }
}
