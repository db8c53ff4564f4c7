import Logging

/// Writes text and metadata as JSON.
enum JSONText {
    /// How deep metadata may be nested; what is deeper is written as text.
    static let maximumDepth = 16

    /// Appends a JSON string.
    ///
    /// Only what JSON requires is escaped; everything else stays readable.
    static func append(_ text: String, to line: inout String) {
        line += "\""
        for scalar in LogSink.shortened(text).unicodeScalars {
            switch scalar {
            case "\"": line += "\\\""
            case "\\": line += "\\\\"
            case "\n": line += "\\n"
            case "\r": line += "\\r"
            case "\t": line += "\\t"
            case "\u{0}"..."\u{1f}", "\u{7f}", "\u{2028}", "\u{2029}":
                // DEL and the separators are legal in JSON, but terminals and line readers trip over them.
                let digits = String(scalar.value, radix: 16)
                line += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: line.unicodeScalars.append(scalar)
            }
        }
        line += "\""
    }

    /// Appends a metadata value: text as a string, lists and dictionaries nested, keys ascending.
    static func append(_ value: Logger.MetadataValue, to line: inout String, depth: Int) {
        guard depth < self.maximumDepth else {
            self.append(value.description, to: &line)
            return
        }
        switch value {
        case .string(let text): self.append(text, to: &line)
        case .stringConvertible(let convertible): self.append(convertible.description, to: &line)
        case .array(let values):
            line += "["
            for (index, element) in values.enumerated() {
                if index > 0 { line += "," }
                self.append(element, to: &line, depth: depth + 1)
            }
            line += "]"
        case .dictionary(let values):
            line += "{"
            for (index, element) in values.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { line += "," }
                self.append(element.key, to: &line)
                line += ":"
                self.append(element.value, to: &line, depth: depth + 1)
            }
            line += "}"
        }
    }
}
