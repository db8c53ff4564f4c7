package import Logging
import NIOCore
import Synchronization

/// What all connections of one listener share.
///
/// Immutable; any thread.
package final class RPCEnvironment: Sendable {
    /// What is served.
    package let methods: RPCMethodTable
    /// The bounds of each connection.
    package let limits: RPCLimits
    /// What is counted.
    package let metrics: RPCMetrics
    /// Where failed connections are mentioned, at debug level.
    package let logger: Logger
    let http2: HTTP2Configuration
    private let spareOutputs = Mutex<[ObjectIdentifier: NIOLoopBound<SpareOutput>]>([:])

    /// Creates the environment.
    ///
    /// - Parameters:
    ///   - methods: What is served.
    ///   - limits: The bounds of each connection.
    ///   - metrics: Made for the same methods.
    ///   - logger: Says one line at debug level per connection that failed, nothing about calls.
    package init(methods: RPCMethodTable, limits: RPCLimits, metrics: RPCMetrics, logger: Logger) {
        var limits = limits
        // The lengths of fields are kept in two bytes each.
        limits.maxHeaderListBytes = min(limits.maxHeaderListBytes, 65_535)
        self.methods = methods
        self.limits = limits
        self.metrics = metrics
        self.logger = logger
        self.http2 = HTTP2Configuration(limits: limits)
    }

    /// Returns what the connections of a loop share for their writes; on that loop.
    func spareOutput(of eventLoop: any EventLoop) -> SpareOutput {
        self.spareOutputs.withLock { outputs in
            let key = ObjectIdentifier(eventLoop)
            if let known = outputs[key] { return known }
            let new = NIOLoopBound(SpareOutput(), eventLoop: eventLoop)
            outputs[key] = new
            return new
        }.value
    }
}

extension Duration {
    /// The duration in nanoseconds, as far as that fits.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : whole + attoseconds / 1_000_000_000
    }
}
