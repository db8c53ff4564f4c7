/// How near the end of a certificate is when it is announced; the raw value is in days.
package enum ExpiryThreshold: Int, Hashable, Sendable, CaseIterable, Comparable, Codable {
    /// 30 days or less.
    case month = 30
    /// 7 days or less.
    case week = 7
    /// One day or less.
    case day = 1
    /// The end is past.
    case expired = 0

    /// Compares how near the end is: nearer is greater.
    package static func < (left: ExpiryThreshold, right: ExpiryThreshold) -> Bool {
        left.rawValue > right.rawValue
    }

    /// Returns the threshold that a certificate has crossed, or `nil` when its end is far.
    ///
    /// - Parameters:
    ///   - notAfter: The certificate's end, in seconds since 1970.
    ///   - now: The time in seconds since 1970.
    /// - Returns: The nearest one.
    package static func crossed(notAfter: Int64, now: Int64) -> ExpiryThreshold? {
        self.allCases.sorted(by: >).first { threshold in
            now >= notAfter - Int64(threshold.rawValue) * 86_400
        }
    }

    /// Returns what to announce now, or `nil`: the nearest threshold, once, and none that was passed over.
    ///
    /// - Parameters:
    ///   - notAfter: The certificate's end, in seconds since 1970.
    ///   - announced: What was announced last of this very certificate.
    ///   - renewsAt: When it will be renewed by itself, in seconds since 1970; before that nobody has to be
    ///     told that its end is near. `nil` when nobody renews it.
    ///   - now: The time in seconds since 1970.
    /// - Returns: The threshold.
    package static func due(
        notAfter: Int64,
        announced: ExpiryThreshold?,
        renewsAt: Int64?,
        now: Int64
    ) -> ExpiryThreshold? {
        if let renewsAt, now < renewsAt, now < notAfter { return nil }
        guard let crossed = self.crossed(notAfter: notAfter, now: now) else { return nil }
        guard let announced else { return crossed }
        return crossed > announced ? crossed : nil
    }
}
