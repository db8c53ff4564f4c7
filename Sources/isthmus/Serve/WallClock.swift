import Foundation

/// The time of day.
enum WallClock {
    /// The milliseconds since 1970.
    static var milliseconds: Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }
}
