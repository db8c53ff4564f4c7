/// The listener's own metrics.
struct HealthMetrics: Sendable {
    static let connectionsName = "isthmus_health_connections"
    static let refusedName = "isthmus_health_refused_connections_total"
    static let timeoutsName = "isthmus_health_timeouts_total"

    let refused: CounterCell
    let timeouts: CounterCell

    init(_ registry: MetricsRegistry) {
        registry.describe(Self.connectionsName, help: "Open connections of the health listener.")
        registry.describe(Self.refusedName, help: "Connections that were closed because there were too many.")
        registry.describe(Self.timeoutsName, help: "Connections that were closed because they took too long.")
        self.refused = registry.counter(Self.refusedName)
        self.timeouts = registry.counter(Self.timeoutsName)
    }
}
