extension MetricsRegistry {
    /// Returns a function that reads the counter or gauge of a name and labels; it returns zero when there is
    /// none now.
    package func reader(_ name: String, labels: [(String, String)] = []) -> @Sendable () -> Double {
        switch self.existing(name, MetricLabels(labels))?.series {
        case .counter(let cell): { Double(cell.current) }
        case .value(let cell): { cell.current }
        case .callback(let read): read
        case .histogram, nil: { 0 }
        }
    }

    /// Shows a series under a second name too, by which dashboards of another program know it.
    ///
    /// Both names share the numbers, so recording costs nothing more. Does nothing when there is no such
    /// series or when the second name has one already.
    ///
    /// - Parameters:
    ///   - name: The name of the series that exists.
    ///   - labels: Its labels.
    ///   - alias: The second name.
    ///   - aliasLabels: The labels under the second name.
    package func alias(
        _ name: String,
        labels: [(String, String)] = [],
        as alias: String,
        labels aliasLabels: [(String, String)] = []
    ) {
        guard let known = self.existing(name, MetricLabels(labels)) else { return }
        self.insert(known.series, kind: known.kind, as: alias, labels: aliasLabels)
    }
}
