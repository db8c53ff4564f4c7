package import CoreMetrics

/// The handles of the watch metrics, made once at start and shared by all loops.
package struct WatchMetrics: Sendable {
    let streams: Meter
    let watchers: Meter
    let catchingUp: Meter
    let events: Counter
    let rests: Counter

    /// Creates the handles in `factory`.
    package init(factory: any MetricsFactory) {
        self.streams = Meter(label: "isthmus_data_watch_streams", factory: factory)
        self.watchers = Meter(label: "isthmus_data_watchers", factory: factory)
        self.catchingUp = Meter(label: "isthmus_data_watchers_catching_up", factory: factory)
        self.events = Counter(label: "isthmus_data_watch_events_total", factory: factory)
        self.rests = Counter(label: "isthmus_data_watch_rests_total", factory: factory)
    }
}
