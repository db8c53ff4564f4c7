// Telemetry: what an operator sees of the process. Metrics in Prometheus' text format, log lines, health
// checks.
//
// What it is: three mechanisms behind the interfaces of swift-metrics and swift-log, and one small plain HTTP
// listener. What it is not: it knows no plane, no store and no metric but those about itself; it reads no
// clock (log lines take their time from a closure).
//
// The idea: recording is an atomic operation on an object that was made at start; all work (sorting,
// formatting, asking callbacks) happens when somebody reads.
//
// Begin with `MetricsRegistry`, then `JSONLogHandler` and `HealthListener`.

package import CoreMetrics
import Synchronization

/// Keeps the process's metrics and renders them in Prometheus' text format, version 0.0.4.
///
/// An instance, not a global: `isthmus` makes one and bootstraps swift-metrics with it; a test makes its own.
/// Any thread may use it. Invariants:
/// - a name has one kind. A handle for the same name with another kind works, but is not rendered;
/// - a name has at most ``Limits/seriesPerName`` series. Further ones share one series that is labelled
///   `overflow="true"`, so that nothing recorded is lost and memory is bounded;
/// - there are at most ``Limits/names`` names. Handles for further ones work, but are not rendered;
/// - each rejection is counted in `isthmus_telemetry_rejected_series_total`.
package final class MetricsRegistry: MetricsFactory, Sendable {
    /// How much the registry keeps.
    package struct Limits: Sendable {
        /// The most names.
        package var names: Int
        /// The most series of one name, not counting the overflow series.
        package var seriesPerName: Int

        /// Creates limits.
        package init(names: Int = 2_000, seriesPerName: Int = 1_000) {
            self.names = names
            self.seriesPerName = seriesPerName
        }
    }

    /// The name under which rejected series are counted.
    package static let rejectedSeriesName = "isthmus_telemetry_rejected_series_total"

    private struct State {
        var families: [String: MetricFamily] = [:]
        var descriptions: [String: MetricDescription] = [:]
    }

    private let limits: Limits
    private let state = Mutex(State())
    private let rejected = CounterCell()

    /// Creates an empty registry.
    package init(limits: Limits = Limits()) {
        self.limits = limits
        self.describe(
            Self.rejectedSeriesName,
            help: "Series merged or not kept because of a limit."
        )
        self.state.withLock { state in
            var family = MetricFamily(kind: .counter)
            _ = family.insert(.counter(self.rejected), at: MetricLabels([]), limit: 1)
            state.families[Self.rejectedSeriesName] = family
        }
    }

    /// Sets what is said about a metric, and the upper bounds of its buckets if it becomes a histogram.
    ///
    /// Buckets must be set before the first handle of the name is made; later ones change only the help text.
    ///
    /// - Parameters:
    ///   - name: The metric's name.
    ///   - help: One sentence for a person who sees the metric on a dashboard.
    ///   - buckets: The histogram's buckets; `nil` leaves the default of the kind.
    package func describe(_ name: String, help: String, buckets: HistogramBuckets? = nil) {
        let name = MetricName.sanitised(name)
        self.state.withLock { $0.descriptions[name] = MetricDescription(help: help, buckets: buckets) }
    }

    /// Makes a gauge whose value is asked for at each scrape.
    ///
    /// A second gauge of the same name and labels replaces the first.
    ///
    /// - Parameters:
    ///   - gauge: The metric's name.
    ///   - labels: Names and values, from closed sets.
    ///   - read: Returns the value. Called on the thread that renders, without a lock held; it must not
    ///     block.
    package func register(
        gauge: String,
        labels: [(String, String)] = [],
        read: @escaping @Sendable () -> Double
    ) {
        self.register(gauge, kind: .gauge, labels: labels, read: read)
    }

    /// Makes a counter whose value is asked for at each scrape: for a number that somebody else counts.
    ///
    /// - Parameters:
    ///   - counter: The metric's name.
    ///   - labels: Names and values, from closed sets.
    ///   - read: Returns the value, which must never decrease. The same rules as for a gauge's.
    package func register(
        counter: String,
        labels: [(String, String)] = [],
        read: @escaping @Sendable () -> Double
    ) {
        self.register(counter, kind: .counter, labels: labels, read: read)
    }

    /// Removes the series of a name and labels, whatever its kind; does nothing when there is none.
    package func unregister(_ name: String, labels: [(String, String)] = []) {
        let labels = MetricLabels(labels)
        self.state.withLock { $0.families[MetricName.sanitised(name)]?.remove(labels) }
    }

    /// Takes what is needed to render: families sorted by name, each with its sorted series.
    func snapshot() -> [MetricFamilySnapshot] {
        let families = self.state.withLock { state in
            state.families.map { name, family in
                MetricFamilySnapshot(
                    name: name,
                    help: state.descriptions[name]?.help,
                    kind: family.kind,
                    series: family.series
                )
            }
        }
        return families.sorted { $0.name < $1.name }
    }

    private func register(
        _ name: String,
        kind: MetricKind,
        labels: [(String, String)],
        read: @escaping @Sendable () -> Double
    ) {
        self.unregister(name, labels: labels)
        _ = self.series(name, kind: kind, labels: labels) { _ in .callback(read) }
    }

    /// Returns the series of a name and labels, making it if it is new and the limits allow.
    ///
    /// When a limit is reached it returns the overflow series, or a series that is kept nowhere.
    private func series(
        _ name: String,
        kind: MetricKind,
        labels: [(String, String)],
        make: (MetricDescription?) -> MetricSeries
    ) -> MetricSeries {
        let name = MetricName.sanitised(name)
        let labels = MetricLabels(labels)
        let (series, isRejected) = self.state.withLock { state -> (MetricSeries, Bool) in
            let made = make(state.descriptions[name])
            let limit = self.limits.seriesPerName
            let isNew = state.families[name] == nil
            guard !isNew || state.families.count < self.limits.names else { return (made, true) }
            // In place: a copy of the family would cost as much as it has series.
            return state.families[name, default: MetricFamily(kind: kind)]
                .adopt(made, kind: kind, at: labels, limit: limit)
        }
        if isRejected { self.rejected.increment(by: 1) }
        return series
    }

    /// Returns the series of a name and labels with its kind, if there is one.
    func existing(_ name: String, _ labels: MetricLabels) -> (kind: MetricKind, series: MetricSeries)? {
        let family = self.state.withLock { $0.families[MetricName.sanitised(name)] }
        guard let family, let series = family.series[labels] else { return nil }
        return (family.kind, series)
    }

    /// Keeps a series that exists under another name as well.
    func insert(_ series: MetricSeries, kind: MetricKind, as name: String, labels: [(String, String)]) {
        _ = self.series(name, kind: kind, labels: labels) { _ in series }
    }

    private func destroy(where isHandler: (MetricSeries) -> Bool) {
        self.state.withLock { state in
            for name in state.families.keys { state.families[name]?.removeAll(where: isHandler) }
        }
    }
}

// MARK: - The interface of swift-metrics

extension MetricsRegistry {
    /// Returns the counter of a name and labels; its value is an integer.
    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        self.counter(label, labels: dimensions)
    }

    /// Returns a counter for use inside this module, without the detour over an existential.
    func counter(_ name: String, labels: [(String, String)] = []) -> CounterCell {
        let series = self.series(name, kind: .counter, labels: labels) { _ in .counter(CounterCell()) }
        // Another kind of counter may already have the name (a callback): the handle then counts for itself.
        return series.counter ?? CounterCell()
    }

    /// Returns the counter of a name and labels; its value may have a fraction.
    package func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        let series = self.series(label, kind: .counter, labels: dimensions) { _ in .value(ValueCell()) }
        return series.value ?? ValueCell()
    }

    /// Returns the gauge of a name and labels.
    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        let series = self.series(label, kind: .gauge, labels: dimensions) { _ in .value(ValueCell()) }
        return series.value ?? ValueCell()
    }

    /// Returns the histogram (`aggregate`) or the gauge (otherwise) of a name and labels.
    ///
    /// The default buckets are ``HistogramBuckets/counts``.
    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        guard aggregate else {
            let series = self.series(label, kind: .gauge, labels: dimensions) { _ in .value(ValueCell()) }
            return series.value ?? ValueCell()
        }
        return self.histogram(label, dimensions, buckets: .counts)
    }

    /// Returns the histogram of a name and labels; it takes nanoseconds and shows seconds.
    ///
    /// The default buckets are ``HistogramBuckets/seconds``.
    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        self.histogram(label, dimensions, buckets: .seconds)
    }

    private func histogram(
        _ label: String,
        _ dimensions: [(String, String)],
        buckets: HistogramBuckets
    ) -> HistogramCell {
        let series = self.series(label, kind: .histogram, labels: dimensions) { description in
            .histogram(HistogramCell(buckets: description?.buckets ?? buckets))
        }
        return series.histogram ?? HistogramCell(buckets: buckets)
    }

    /// Removes the counter's series.
    package func destroyCounter(_ handler: any CounterHandler) {
        self.destroy { $0.counter === handler }
    }

    /// Removes the counter's series.
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {
        self.destroy { $0.value === handler }
    }

    /// Removes the gauge's series.
    package func destroyMeter(_ handler: any MeterHandler) {
        self.destroy { $0.value === handler }
    }

    /// Removes the histogram's or gauge's series.
    package func destroyRecorder(_ handler: any RecorderHandler) {
        self.destroy { $0.value === handler || $0.histogram === handler }
    }

    /// Removes the histogram's series.
    package func destroyTimer(_ handler: any TimerHandler) {
        self.destroy { $0.histogram === handler }
    }
}
