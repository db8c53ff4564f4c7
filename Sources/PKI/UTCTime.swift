import COpenSSL

/// Seconds since 1970 as OpenSSL's times and as text; UTC throughout.
enum UTCTime {
    /// Returns `seconds` in the form `2026-05-04T03:02:01Z`.
    static func text(_ seconds: Int64) -> String {
        let (days, rest) = seconds.quotientAndRemainder(floorDividingBy: 86_400)
        let date = self.civilDate(daysSince1970: days)
        let fields = [date.month, date.day, rest / 3600, rest / 60 % 60, rest % 60].map { field in
            field < 10 ? "0\(field)" : "\(field)"
        }
        let time = fields[2...].joined(separator: ":")
        return "\(date.year)-\(fields[0])-\(fields[1])T\(time)Z"
    }

    /// Returns the seconds since 1970 that an ASN.1 time means.
    static func seconds(of time: UnsafePointer<ASN1_TIME>?, what: String) throws(PKIError) -> Int64 {
        OpenSSLErrors.clear()
        guard let epoch = unsafe ASN1_TIME_set(nil, 0) else {
            throw OpenSSLErrors.failure("allocate a time")
        }
        defer { unsafe ASN1_STRING_free(epoch) }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard let time = unsafe time, unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else {
            throw OpenSSLErrors.malformed(what)
        }
        return Int64(days) * 86_400 + Int64(seconds)
    }

    /// The proleptic Gregorian date, by counting 400-year eras that begin on 1 March.
    private static func civilDate(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (days + 719_468).quotientAndRemainder(floorDividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
    }
}

extension Int64 {
    /// Returns quotient and remainder with a remainder that is never negative.
    fileprivate func quotientAndRemainder(floorDividingBy divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = self.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
