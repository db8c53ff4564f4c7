/// A moment in Universal Time.
///
/// Pure: it is made from numbers that the caller took from its clock.
package struct Timestamp: Sendable, Hashable, Comparable {
    /// Whole seconds since 1970-01-01T00:00:00Z; negative before.
    package let seconds: Int64
    /// Nanoseconds after ``seconds``: 0 to 999,999,999.
    package let nanoseconds: Int32

    /// Creates a moment.
    package init(secondsSince1970 seconds: Int64, nanoseconds: Int32 = 0) {
        precondition((0..<1_000_000_000).contains(nanoseconds), "nanoseconds are a part of one second")
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Creates the moment that is `time` after 1970-01-01T00:00:00Z; what is finer than a nanosecond is cut
    /// off.
    package init(since1970 time: Duration) {
        let (seconds, attoseconds) = time.components
        let nanoseconds = Int32(attoseconds / 1_000_000_000)
        // A duration before 1970 has both parts negative, a moment's fraction never is.
        self.init(
            secondsSince1970: nanoseconds < 0 ? seconds - 1 : seconds,
            nanoseconds: nanoseconds < 0 ? nanoseconds + 1_000_000_000 : nanoseconds
        )
    }

    /// Orders moments in time.
    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    /// The moment as Go's `time.RFC3339` writes it in UTC, for example `2026-11-23T16:49:11Z`.
    ///
    /// The fraction of the second is cut off, not rounded, as Go does.
    package var rfc3339: String {
        let day = Self.floorDivide(self.seconds, by: 86_400)
        let second = self.seconds - day * 86_400
        let (year, month, dayOfMonth) = Self.civilDate(ofDay: day)
        let date =
            "\(Self.padded(year, to: 4))-\(Self.padded(month, to: 2))-\(Self.padded(dayOfMonth, to: 2))"
        let minute = second / 60
        let time = [minute / 60, minute % 60, second % 60].map { Self.padded($0, to: 2) }
        return date + "T" + time.joined(separator: ":") + "Z"
    }

    /// The date of the proleptic Gregorian calendar, `day` days after 1970-01-01.
    ///
    /// Years begin in March here, so that the leap day is the last day of a year and the lengths of the
    /// months before it follow one formula: 153 days per five months.
    private static func civilDate(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let fromMarch0000 = day + 719_468
        let era = self.floorDivide(fromMarch0000, by: 146_097)
        let dayOfEra = fromMarch0000 - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfMonth)
    }

    private static func floorDivide(_ value: Int64, by divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : (value - divisor + 1) / divisor
    }

    private static func padded(_ value: Int64, to width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
