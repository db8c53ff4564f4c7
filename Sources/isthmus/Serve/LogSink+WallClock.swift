import Foundation
import Telemetry

extension LogSink {
    /// The time since 1970.
    static let wallClock: @Sendable () -> Duration = {
        .nanoseconds(Int64(Date().timeIntervalSince1970 * 1_000_000_000))
    }
}
