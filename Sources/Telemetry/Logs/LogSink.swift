#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What every log handler of the process shares: where lines go, what time it is, and the level.
package struct LogSink: Sendable {
    /// The most bytes of UTF-8 of one text (message or value) in a line; what is beyond is cut and marked.
    package static let maximumTextBytes = 16_384

    /// The level of loggers without a level of their own.
    package let level: LogLevel
    let clock: @Sendable () -> Duration
    let output: @Sendable (String) -> Void

    /// Creates a sink.
    ///
    /// - Parameters:
    ///   - level: The shared level.
    ///   - clock: Returns the time since 1970-01-01T00:00:00Z. Any thread.
    ///   - output: Takes one line with its line feed. Any thread, several at once.
    package init(
        level: LogLevel,
        clock: @escaping @Sendable () -> Duration,
        output: @escaping @Sendable (String) -> Void = LogSink.standardError
    ) {
        self.level = level
        self.clock = clock
        self.output = output
    }

    /// Writes a line to standard error with one `write`, so that lines of several threads do not mix.
    ///
    /// Blocks while standard error does not take the line. A line that cannot be written is lost: there is no
    /// better place to say so.
    @Sendable package static func standardError(_ line: String) {
        var line = line
        line.withUTF8 { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = write(
                    STDERR_FILENO,
                    UnsafeBufferPointer(rebasing: rest).baseAddress,
                    rest.count
                )
                if written > 0 {
                    // Only a full pipe or a signal gets here twice.
                    rest = rest.dropFirst(written)
                } else if written == 0 || errno != EINTR {
                    return
                }
            }
        }
    }

    /// The time now as RFC 3339 in UTC with microseconds, for example `2026-11-23T16:49:11.000042Z`.
    func timestamp() -> String {
        let (seconds, attoseconds) = self.clock().components
        var time = time_t(seconds)
        var parts = tm()
        // The C library's calendar, because this module has no other use for one.
        guard gmtime_r(&time, &parts) != nil else { return "\(seconds)" }
        let date = [Int(parts.tm_year) + 1_900, Int(parts.tm_mon) + 1, Int(parts.tm_mday)]
        let clock = [Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec)]
        let micros = Self.padded(Int(attoseconds / 1_000_000_000_000), to: 6)
        return date.map { Self.padded($0, to: 2) }.joined(separator: "-") + "T"
            + clock.map { Self.padded($0, to: 2) }.joined(separator: ":") + "." + micros + "Z"
    }

    /// Returns `text` if it is short enough to be logged, else its beginning and how much was cut.
    static func shortened(_ text: String) -> String {
        let count = text.utf8.count
        guard count > self.maximumTextBytes else { return text }
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: self.maximumTextBytes)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return text[..<end]
            + "...[\(count - text.utf8.distance(from: text.utf8.startIndex, to: end)) bytes cut]"
    }

    private static func padded(_ value: Int, to width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
