package import CoreMetrics

/// The metrics of a server, made once so that using one is a method call.
///
/// Any thread. Labels come from closed sets only.
package final class ServerMetrics: Sendable {
    /// Why a connection was closed before it became one.
    enum Rejection: String, CaseIterable {
        case connections
        case connectionsPerAddress
    }

    let connections: Meter
    let connectionsAccepted: Counter
    let requests: Counter
    let inFlight: Meter
    let streams: Meter
    private let rejections: [Rejection: Counter]
    private let refusals: [Refusal: Counter]
    private let cuts: [Connection.Phase: Counter]

    /// Makes the handles.
    package init(factory: any MetricsFactory) {
        let prefix = "isthmus_admin_http_"
        self.connections = Meter(label: prefix + "connections", factory: factory)
        self.connectionsAccepted = Counter(label: prefix + "connections_total", factory: factory)
        self.requests = Counter(label: prefix + "requests_total", factory: factory)
        self.inFlight = Meter(label: prefix + "requests_in_flight", factory: factory)
        self.streams = Meter(label: prefix + "streams", factory: factory)
        self.rejections = Self.family(prefix + "connections_rejected_total", "limit", factory) { $0.rawValue }
        self.refusals = Self.family(prefix + "requests_refused_total", "reason", factory) { $0.rawValue }
        self.cuts = Self.family(prefix + "connections_timed_out_total", "phase", factory) { "\($0)" }
    }

    func count(_ rejection: Rejection) { self.rejections[rejection]?.increment() }
    func count(_ refusal: Refusal) { self.refusals[refusal]?.increment() }
    func count(_ phase: Connection.Phase) { self.cuts[phase]?.increment() }

    private static func family<Key: CaseIterable & Hashable>(
        _ label: String,
        _ dimension: String,
        _ factory: any MetricsFactory,
        name: (Key) -> String
    ) -> [Key: Counter] {
        var counters: [Key: Counter] = [:]
        for key in Key.allCases {
            counters[key] = Counter(label: label, dimensions: [(dimension, name(key))], factory: factory)
        }
        return counters
    }
}
