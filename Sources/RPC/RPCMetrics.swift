package import CoreMetrics

/// The transport's metrics, made once at start so that using one is a method call.
///
/// Any thread.
///
/// Labels come from closed sets only: methods of the table, status codes and the enumerations below.
package final class RPCMetrics: Sendable {
    /// Why a connection was turned away before it had a session.
    package enum Rejection: String, Sendable, CaseIterable {
        case connectionLimit
        case noCredentials
    }

    /// Why a TLS handshake came to nothing.
    package enum HandshakeFailure: String, Sendable, CaseIterable {
        case plaintext
        case noCertificate
        case untrustedCertificate
        case expiredCertificate
        case revokedCertificate
        case protocolVersion
        case noSharedCipher
        case closedByPeer
        case alertFromPeer
        case timeout
        case other
    }

    /// Why we ended a connection that had become one.
    package enum Closure: String, Sendable, CaseIterable {
        case prefaceTimeout
        case badPreface
        case protocolError
        case flood
        case keepalive
        case stall
        case idle
        case drained
        case cut
        case revoked
    }

    let connections: Meter
    let connectionsAccepted: Counter
    let rejections: [Rejection: Counter]
    let refusals: [RPCRefusal: Counter]
    let handshakeFailures: [HandshakeFailure: Counter]
    let closures: [Closure: Counter]
    let invalidFrames: Counter
    let receivedBytes: Counter
    let sentBytes: Counter
    let openStreams: Meter
    let limitedCalls: Counter
    let httpRequests: Counter
    /// Calls that were begun, by method.
    private let startedCalls: [Counter]
    /// Finished calls, at method × 17 + code; the last row is for unknown methods.
    private let calls: [Counter]
    /// Time from a unary call's request to its answer, by method.
    private let durations: [Timer]

    /// Makes the handles.
    ///
    /// - Parameters:
    ///   - methods: The methods whose paths become labels.
    ///   - factory: Where the handles come from.
    package init(methods: RPCMethodTable, factory: any MetricsFactory) {
        let prefix = "isthmus_data_"
        self.connections = Meter(label: prefix + "connections", factory: factory)
        self.connectionsAccepted = Counter(label: prefix + "connections_total", factory: factory)
        self.rejections = Self.family(prefix + "connections_rejected_total", "reason", factory)
        self.refusals = Self.family(prefix + "connections_refused_total", "reason", factory)
        self.handshakeFailures = Self.family(prefix + "handshake_failures_total", "reason", factory)
        self.closures = Self.family(prefix + "connections_closed_total", "reason", factory)
        self.invalidFrames = Counter(label: prefix + "invalid_frames_total", factory: factory)
        self.receivedBytes = Counter(label: prefix + "received_bytes_total", factory: factory)
        self.sentBytes = Counter(label: prefix + "sent_bytes_total", factory: factory)
        self.openStreams = Meter(label: prefix + "streams", factory: factory)
        self.limitedCalls = Counter(label: prefix + "rpcs_limited_total", factory: factory)
        self.httpRequests = Counter(label: prefix + "http_requests_total", factory: factory)
        let names = (0..<methods.count).map { String(methods.path(of: $0).drop { $0 == "/" }) }
        self.startedCalls = names.map { name in
            Counter(label: prefix + "rpcs_started_total", dimensions: [("method", name)], factory: factory)
        }
        self.calls = (names + ["unknown"]).flatMap { name in
            RPCCode.allCases.map { code in
                Counter(
                    label: prefix + "rpcs_total",
                    dimensions: [("method", name), ("code", code.name)],
                    factory: factory
                )
            }
        }
        self.durations = names.map { name in
            Timer(label: prefix + "rpc_duration_seconds", dimensions: [("method", name)], factory: factory)
        }
    }

    /// Makes metrics that go nowhere, for tests and tools.
    package convenience init(methods: RPCMethodTable) {
        self.init(methods: methods, factory: NOOPMetricsHandler.instance)
    }

    /// Counts a call that begins; one of an unknown method is counted only when it has ended.
    func countStart(_ method: Int?) {
        if let method { self.startedCalls[method].increment() }
    }

    /// Counts a finished call; `method` is `nil` when the path is unknown.
    func countCall(_ method: Int?, _ code: RPCCode) {
        let codeCount = 17
        let row = method ?? self.durations.count
        self.calls[row * codeCount + code.rawValue].increment()
    }

    /// Records how long a unary call took.
    func recordDuration(_ method: Int, nanoseconds: Int64) {
        self.durations[method].recordNanoseconds(nanoseconds)
    }

    func count(_ rejection: Rejection) { self.rejections[rejection]?.increment() }
    func count(_ refusal: RPCRefusal) { self.refusals[refusal]?.increment() }
    func count(_ failure: HandshakeFailure) { self.handshakeFailures[failure]?.increment() }
    func count(_ closure: Closure) { self.closures[closure]?.increment() }

    private static func family<Key: RawRepresentable<String> & CaseIterable & Hashable>(
        _ label: String,
        _ dimension: String,
        _ factory: any MetricsFactory
    ) -> [Key: Counter] {
        var counters: [Key: Counter] = [:]
        for key in Key.allCases {
            counters[key] = Counter(label: label, dimensions: [(dimension, key.rawValue)], factory: factory)
        }
        return counters
    }
}
