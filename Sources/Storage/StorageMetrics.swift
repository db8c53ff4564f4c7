package import CoreMetrics

/// The handles of the store's metrics, made once at start.
package struct StorageMetrics: Sendable {
    let commits: Counter
    let commitRecords: Recorder
    let commitSeconds: CoreMetrics.Timer
    let logFailures: Counter
    let refusedProposals: Counter
    /// In the order of ``CommittedWork/counts``.
    private let work: [Counter]

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
        self.work = CommittedWork.labels.map { label in
            Counter(label: label.name, dimensions: [("kind", label.kind)], factory: factory)
        }
    }

    /// Counts what a step did.
    func count(_ work: CommittedWork) {
        guard work != CommittedWork() else { return }
        for (counter, count) in zip(self.work, work.counts) where count > 0 { counter.increment(by: count) }
    }
}
