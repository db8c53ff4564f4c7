import Documents
import MeshSchema

/// How numbers, sizes and times read on the page; `format.js` says the same.
enum PageWords {
    /// "1,234,567"; nothing for what is no number.
    static func number(_ value: DocumentValue?) -> String {
        switch value {
        case .integer(let number)? where number >= 0: self.grouped(String(number))
        case .string(let text)? where !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }:
            self.grouped(text)
        default: ""
        }
    }

    /// "1,234,567".
    static func number(_ value: Int) -> String { self.grouped(String(max(0, value))) }

    /// "1 service", "2 services".
    static func counted(_ count: Int, _ noun: String) -> String {
        "\(self.number(count)) \(noun)\(count == 1 ? "" : "s")"
    }

    /// "1.5 KiB"; one decimal below ten.
    static func bytes(_ value: Int64?) -> String {
        guard let value, value >= 0 else { return "" }
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var size = Double(value)
        var unit = 0
        while size >= 1_024, unit < units.count - 1 {
            size /= 1_024
            unit += 1
        }
        guard unit > 0, size < 10 else { return "\(Int64(size.rounded())) \(units[unit])" }
        let tenths = Int64((size * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }

    /// A length of time in its largest unit, rounded down: "12 s", "7 h", "4 months".
    static func span(_ seconds: Double) -> String {
        let day = 86_400.0
        let steps: [(from: Double, size: Double, unit: String)] = [
            (2 * 365 * day, 365 * day, "years"), (100 * day, 30 * day, "months"), (2 * day, day, "days"),
            (3_600, 3_600, "h"), (60, 60, "min"),
        ]
        let length = max(0, seconds.rounded(.down))
        let step = steps.first { length >= $0.from } ?? (0, 1, "s")
        return "\(Int64(length / step.size)) \(step.unit)"
    }

    /// "5 min ago" or "in 5 min"; nothing for what is no time.
    ///
    /// Now is in seconds since 1970.
    static func relative(_ time: String?, _ now: Double) -> String {
        guard let moment = self.seconds(time) else { return "" }
        let past = (now - moment).rounded(.down)
        if past == 0 { return "now" }
        return past > 0 ? "\(self.span(past)) ago" : "in \(self.span(-past))"
    }

    /// The length of time between then and now; nothing for what is no time.
    static func since(_ time: String?, _ now: Double) -> String {
        self.seconds(time).map { self.span(abs(now - $0)) } ?? ""
    }

    /// "2026-11-25 04:00:12 UTC"; nothing for what is no time.
    static func exact(_ time: String?) -> String {
        guard let time, let moment = Timestamp(rfc3339: time) else { return "" }
        let text = moment.rfc3339
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(8)) UTC"
    }

    /// Seconds since 1970.
    static func seconds(_ time: String?) -> Double? {
        time.flatMap { Timestamp(rfc3339: $0) }.map { Double($0.seconds) + Double($0.nanoseconds) / 1e9 }
    }

    private static func grouped(_ digits: String) -> String {
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { result += "," }
            result.append(digit)
        }
        return result
    }
}
