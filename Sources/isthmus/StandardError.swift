import Telemetry

/// Where the program speaks to the person who started it, before and beside its log.
enum StandardError {
    /// Writes text as it is.
    static func write(_ text: String) {
        LogSink.standardError(text)
    }
}
