package import Logging

/// Writes each event as one line for people: time, level, logger, message, then `key=value` in ascending
/// order.
///
/// Values that could be misread (empty, with spaces, quotes, `=` or control characters) are written as JSON
/// strings, lists and dictionaries as JSON, so that a line is always one line.
package struct TextLogHandler: LogHandler {
    private var context: LogContext

    /// Creates the handler of one logger.
    package init(label: String, sink: LogSink) {
        self.context = LogContext(label: label, sink: sink)
    }

    /// The level below which nothing is logged: the logger's own, if it was set, else the shared one.
    package var logLevel: Logger.Level {
        get { self.context.level }
        set { self.context.ownLevel = newValue }
    }

    /// Facts that are part of every line of this logger.
    package var metadata: Logger.Metadata {
        get { self.context.metadata }
        set { self.context.metadata = newValue }
    }

    /// A source of further facts.
    package var metadataProvider: Logger.MetadataProvider? {
        get { self.context.metadataProvider }
        set { self.context.metadataProvider = newValue }
    }

    /// One fact that is part of every line of this logger.
    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.context.metadata[key] }
        set { self.context.metadata[key] = newValue }
    }

    /// Writes one line.
    package func log(event: LogEvent) {
        let level = event.level.rawValue.uppercased()
        let padding = String(repeating: " ", count: max(0, 8 - level.count))
        var line = "\(self.context.sink.timestamp()) \(level)\(padding) \(self.context.label): "
        line += Self.onOneLine(LogSink.shortened(event.message.description))
        for (key, value) in self.context.facts(of: event) {
            line += " \(Self.bare(key) ?? Self.quoted(key))="
            switch value {
            case .string(let text): line += Self.bare(text) ?? Self.quoted(text)
            case .stringConvertible(let convertible):
                let text = convertible.description
                line += Self.bare(text) ?? Self.quoted(text)
            case .array, .dictionary: JSONText.append(value, to: &line, depth: 0)
            }
        }
        self.context.sink.output(line + "\n")
    }

    /// Returns the text itself if nobody can misread it.
    private static func bare(_ text: String) -> String? {
        let isPlain = text.unicodeScalars.allSatisfy { scalar in
            scalar.value > 0x20 && scalar.value != 0x7f && scalar != "\"" && scalar != "=" && scalar != "\\"
                && scalar.value != 0x2028 && scalar.value != 0x2029
        }
        return isPlain && !text.isEmpty && text.utf8.count <= LogSink.maximumTextBytes ? text : nil
    }

    private static func quoted(_ text: String) -> String {
        var quoted = ""
        JSONText.append(text, to: &quoted)
        return quoted
    }

    /// Replaces control characters, which could forge a second line or move a terminal's cursor.
    private static func onOneLine(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
            result.unicodeScalars.append(isControl ? " " : scalar)
        }
        return result
    }
}
