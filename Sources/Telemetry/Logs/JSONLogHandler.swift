package import Logging

/// Writes each event as one line of JSON.
///
/// Keys in this order: `ts` (RFC 3339, UTC, microseconds), `level`, `logger`, `msg`, then the metadata in
/// ascending order, nested as it was given. A metadata key that is one of those four gets the prefix
/// `metadata.`, so that no line has a key twice.
package struct JSONLogHandler: LogHandler {
    private static let reserved: Set<String> = ["ts", "level", "logger", "msg"]

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
        var line =
            "{\"ts\":\"\(self.context.sink.timestamp())\",\"level\":\"\(event.level.rawValue)\",\"logger\":"
        JSONText.append(self.context.label, to: &line)
        line += ",\"msg\":"
        JSONText.append(event.message.description, to: &line)
        for (key, value) in self.context.facts(of: event) {
            line += ","
            JSONText.append(Self.reserved.contains(key) ? "metadata." + key : key, to: &line)
            line += ":"
            JSONText.append(value, to: &line, depth: 0)
        }
        self.context.sink.output(line + "}\n")
    }
}
