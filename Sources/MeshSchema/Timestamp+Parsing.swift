extension Timestamp {
    /// Parses a moment as RFC 3339 writes it, for example `2026-11-23T16:49:11Z` or
    /// `2026-11-23T17:49:11.25+01:00`.
    ///
    /// What is finer than a nanosecond is cut off. A leap second is refused: no clock here has one.
    package init?(rfc3339 text: String) {
        var reader = DigitReader(bytes: Array(text.utf8))
        guard
            let year = reader.number(4), reader.skips("-"),
            let month = reader.number(2), (1...12).contains(month), reader.skips("-"),
            let day = reader.number(2), (1...Self.days(inMonth: month, of: year)).contains(day),
            reader.skips("T") || reader.skips("t"),
            let hour = reader.number(2), hour < 24, reader.skips(":"),
            let minute = reader.number(2), minute < 60, reader.skips(":"),
            let second = reader.number(2), second < 60,
            let nanoseconds = reader.fraction(), let offset = reader.offset(), reader.isAtEnd
        else { return nil }
        let days = Self.dayNumber(year: year, month: month, day: day)
        self.init(
            secondsSince1970: days * 86_400 + hour * 3_600 + minute * 60 + second - offset,
            nanoseconds: nanoseconds
        )
    }

    private static func days(inMonth month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The days from 1970-01-01 to a date of the proleptic Gregorian calendar; years begin in March, so that
    /// the leap day is the last one.
    private static func dayNumber(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

/// Reads the parts of a time.
private struct DigitReader {
    let bytes: [UInt8]
    var index = 0

    var isAtEnd: Bool { self.index == self.bytes.count }

    mutating func skips(_ scalar: Unicode.Scalar) -> Bool {
        guard self.index < self.bytes.count, self.bytes[self.index] == UInt8(ascii: scalar) else {
            return false
        }
        self.index += 1
        return true
    }

    private mutating func digit() -> Int64? {
        guard self.index < self.bytes.count, (0x30...0x39).contains(self.bytes[self.index]) else {
            return nil
        }
        defer { self.index += 1 }
        return Int64(self.bytes[self.index] - 0x30)
    }

    mutating func number(_ count: Int) -> Int64? {
        var number: Int64 = 0
        for _ in 0..<count {
            guard let digit = self.digit() else { return nil }
            number = number * 10 + digit
        }
        return number
    }

    /// The nanoseconds after a dot; zero when there is none.
    mutating func fraction() -> Int32? {
        guard self.skips(".") else { return 0 }
        guard var nanoseconds = self.digit() else { return nil }
        var count = 1
        while let digit = self.digit() {
            guard count < 9 else { continue }
            nanoseconds = nanoseconds * 10 + digit
            count += 1
        }
        for _ in count..<9 { nanoseconds *= 10 }
        return Int32(nanoseconds)
    }

    /// How far the local time is ahead of Universal Time, in seconds.
    mutating func offset() -> Int64? {
        if self.skips("Z") || self.skips("z") { return 0 }
        let isAhead = self.skips("+")
        guard isAhead || self.skips("-") else { return nil }
        guard
            let hours = self.number(2), hours < 24, self.skips(":"),
            let minutes = self.number(2), minutes < 60
        else { return nil }
        return (isAhead ? 1 : -1) * (hours * 3_600 + minutes * 60)
    }
}
