import MeshSchema

/// Times of the admin plane: nanoseconds since 1970 inside, RFC 3339 outside.
enum Moment {
    /// The text of a time, to the second, in UTC.
    static func text(_ nanoseconds: Int64) -> String {
        Timestamp(since1970: .nanoseconds(nanoseconds)).rfc3339
    }
}
