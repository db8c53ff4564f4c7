/// The period in which a certificate counts, in seconds since 1970 (UTC).
package struct Validity: Hashable, Sendable {
    /// The first second of the period.
    package let notBefore: Int64
    /// The end of the period, a second at which OpenSSL no longer accepts the certificate.
    package let notAfter: Int64

    /// Creates a period as it stands in a certificate; whether it makes sense is checked by who uses it.
    package init(notBefore: Int64, notAfter: Int64) {
        self.notBefore = notBefore
        self.notAfter = notAfter
    }

    /// The length of the period in seconds; zero or less for a period that makes no sense.
    package var seconds: Int64 {
        let (length, overflow) = self.notAfter.subtractingReportingOverflow(self.notBefore)
        return overflow ? 0 : length
    }

    /// The first second of the year 10000, which no certificate's four digits can express.
    private static let endOfTime: Int64 = 253_402_300_800
    /// The first second of the year 0.
    private static let beginOfTime: Int64 = -62_167_219_200

    /// Whether a certificate may have this period: it does not end before it begins, and can be written down.
    var isIssuable: Bool {
        self.seconds > 0 && self.notBefore >= Self.beginOfTime && self.notAfter < Self.endOfTime
    }

    /// Whether `instant` (seconds since 1970) lies in the period.
    package func contains(_ instant: Int64) -> Bool {
        self.notBefore <= instant && instant < self.notAfter
    }

    /// Whether the whole of `other` lies in the period.
    package func contains(_ other: Validity) -> Bool {
        self.notBefore <= other.notBefore && other.notAfter <= self.notAfter
    }

    /// Returns the part of the period that lies in `other`; it may make no sense.
    package func clamped(to other: Validity) -> Validity {
        Validity(
            notBefore: max(self.notBefore, other.notBefore),
            notAfter: min(self.notAfter, other.notAfter)
        )
    }

    /// The instant (seconds since 1970) at which the last third of the period begins: the time to renew.
    package var renewalTime: Int64 {
        self.notAfter - self.seconds / 3
    }
}

extension Validity: CustomStringConvertible {
    /// Both ends in UTC.
    package var description: String {
        "\(UTCTime.text(self.notBefore)) to \(UTCTime.text(self.notAfter))"
    }
}
