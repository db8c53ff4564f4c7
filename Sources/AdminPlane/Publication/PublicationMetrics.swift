package import CoreMetrics

/// The metrics of the publisher.
///
/// Any thread.
package struct PublicationMetrics: Sendable {
    /// Objects that wait to be looked at.
    let dirty: Meter
    /// The time that one batch of objects took.
    let seconds: Timer
    /// Objects whose keys were written or deleted.
    let writes: Counter
    /// Objects that could not be published now and are tried again.
    let failures: Counter
    /// Passes over all objects.
    let passes: Counter

    /// Makes the handles.
    package init(factory: any MetricsFactory) {
        let prefix = "isthmus_publication_"
        self.dirty = Meter(label: prefix + "dirty_objects", factory: factory)
        self.seconds = Timer(label: prefix + "batch_seconds", factory: factory)
        self.writes = Counter(label: prefix + "writes_total", factory: factory)
        self.failures = Counter(label: prefix + "failures_total", factory: factory)
        self.passes = Counter(label: prefix + "passes_total", factory: factory)
    }
}
