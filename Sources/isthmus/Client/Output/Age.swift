import FoundationEssentials

/// How long ago something was, in the largest unit that says enough.
enum Age {
    /// Returns `3d`, `5h`, `12m` or `40s`; empty when `timestamp` is not a time of RFC 3339.
    static func text(of timestamp: String, now: Date) -> String {
        let plain = Date.ISO8601FormatStyle()
        let fractional = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        // Which of the two it is only trying tells.
        guard let date = (try? plain.parse(timestamp)) ?? (try? fractional.parse(timestamp)) else {
            return ""
        }
        let seconds = max(0, Int(now.timeIntervalSince(date)))
        return switch seconds {
        case ..<120: "\(seconds)s"
        case ..<7_200: "\(seconds / 60)m"
        case ..<172_800: "\(seconds / 3_600)h"
        default: "\(seconds / 86_400)d"
        }
    }
}
