/// What kind of metric a name is; the raw value is the word of Prometheus' `TYPE` line.
enum MetricKind: String, Sendable {
    case counter
    case gauge
    case histogram
}

/// What was said about a name.
struct MetricDescription: Sendable {
    let help: String
    let buckets: HistogramBuckets?
}

/// One series' place for numbers.
enum MetricSeries: Sendable {
    /// An integer that is counted.
    case counter(CounterCell)
    /// A number that is set or counted.
    case value(ValueCell)
    /// A distribution.
    case histogram(HistogramCell)
    /// A number that somebody else keeps.
    case callback(@Sendable () -> Double)

    var counter: CounterCell? {
        guard case .counter(let cell) = self else { return nil }
        return cell
    }

    var value: ValueCell? {
        guard case .value(let cell) = self else { return nil }
        return cell
    }

    var histogram: HistogramCell? {
        guard case .histogram(let cell) = self else { return nil }
        return cell
    }
}

/// The series of one name.
///
/// A value inside the registry's lock.
struct MetricFamily: Sendable {
    let kind: MetricKind
    private(set) var series: [MetricLabels: MetricSeries] = [:]

    init(kind: MetricKind) {
        self.kind = kind
    }

    /// Returns the series at `labels`, which is `made` if it is new and fits, and whether it was rejected.
    mutating func adopt(
        _ made: MetricSeries,
        kind: MetricKind,
        at labels: MetricLabels,
        limit: Int
    ) -> (series: MetricSeries, isRejected: Bool) {
        guard self.kind == kind else { return (made, true) }
        if let existing = self.series[labels] { return (existing, false) }
        let isRejected = self.series.count >= limit
        return (self.insert(made, at: labels, limit: limit), isRejected)
    }

    /// Keeps `made` and returns it; beyond the limit it keeps and returns the one overflow series.
    mutating func insert(_ made: MetricSeries, at labels: MetricLabels, limit: Int) -> MetricSeries {
        guard self.series.count >= limit else {
            self.series[labels] = made
            return made
        }
        // A callback is never merged: its number would replace the others' instead of adding to them.
        if case .callback = made { return made }
        if let overflow = self.series[.overflow] { return overflow }
        self.series[.overflow] = made
        return made
    }

    mutating func remove(_ labels: MetricLabels) {
        self.series[labels] = nil
    }

    mutating func removeAll(where isRemoved: (MetricSeries) -> Bool) {
        // The overflow series belongs to many handles, so none of them may take it away.
        self.series = self.series.filter { labels, series in labels == .overflow || !isRemoved(series) }
    }
}

/// One name as it was when somebody began to render.
struct MetricFamilySnapshot: Sendable {
    let name: String
    let help: String?
    let kind: MetricKind
    let series: [MetricLabels: MetricSeries]
}
