import Foundation

/// The time of day.
enum WallClock {
    /// The nanoseconds since 1970, to a microsecond.
    static var nanoseconds: Int64 { Int64(Date().timeIntervalSince1970 * 1_000_000) * 1_000 }
    /// The milliseconds since 1970.
    static var milliseconds: Int64 { Self.nanoseconds / 1_000_000 }
}
