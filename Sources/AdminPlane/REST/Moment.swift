import MeshSchema

/// Times of the admin plane: nanoseconds since 1970 inside, RFC 3339 outside.
enum Moment {
    /// The text of a time, to the second, in UTC.
    static func text(_ nanoseconds: Int64) -> String {
        Timestamp(since1970: .nanoseconds(nanoseconds)).rfc3339
    }

    /// The text of a time in seconds since 1970, as certificates have them: before 1678 and after 2262, too.
    static func text(seconds: Int64) -> String {
        Timestamp(secondsSince1970: seconds).rfc3339
    }

    /// The time that ``text(_:)`` wrote, in nanoseconds since 1970.
    static func nanoseconds(_ text: String) -> Int64? {
        guard let seconds = Self.seconds(text) else { return nil }
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? nil : product
    }

    /// The seconds since 1970 of a time in RFC 3339.
    static func seconds(_ text: String) -> Int64? {
        Timestamp(rfc3339: text)?.seconds
    }
}
