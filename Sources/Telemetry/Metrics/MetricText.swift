/// Prometheus' rules for names.
enum MetricName {
    /// Returns a name that Prometheus accepts: what is not a letter, digit, `_` or `:` becomes `_`.
    static func sanitised(_ name: String) -> String {
        self.sanitised(name, allowsColon: true)
    }

    /// Returns a label's name that Prometheus accepts.
    static func sanitisedLabel(_ name: String) -> String {
        self.sanitised(name, allowsColon: false)
    }

    private static func sanitised(_ name: String, allowsColon: Bool) -> String {
        var bytes = name.utf8.map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                byte
            case UInt8(ascii: ":") where allowsColon: byte
            default: UInt8(ascii: "_")
            }
        }
        // A name may not begin with a digit, nor be empty.
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        if bytes.first.map(digits.contains) ?? true { bytes.insert(UInt8(ascii: "_"), at: 0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Prometheus' rules for text.
enum MetricText {
    /// Escapes backslashes, line feeds and, in label values, quotes.
    static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// Writes a number so that Prometheus reads the same number back.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let integer = Int64(exactly: value), integer.magnitude < 1 << 53 { return String(integer) }
        return value.description
    }
}
