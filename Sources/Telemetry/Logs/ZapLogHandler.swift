package import Logging

/// Writes each event as etcd writes its own: the JSON lines of Go's zap, or its console form.
///
/// Keys in this order: `level`, `ts`, `caller`, `msg`, then the metadata in ascending order. etcd's tools and
/// test harnesses look for such lines.
package struct ZapLogHandler: LogHandler {
    /// The form of a line (etcd `--log-format`).
    package enum Form: Sendable {
        /// One JSON object.
        case json
        /// Columns between tabs, with the metadata as JSON at the end.
        case console
    }

    private static let reserved: Set<String> = ["level", "ts", "caller", "msg"]

    private let form: Form
    private var context: LogContext

    /// Creates the handler of one logger.
    package init(label: String, sink: LogSink, form: Form) {
        self.form = form
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
        let level = Self.name(of: event.level)
        let time = self.context.sink.timestamp()
        let caller = Self.caller(file: event.file, line: event.line)
        var facts = ""
        for (key, value) in self.context.facts(of: event) {
            facts += ","
            JSONText.append(Self.reserved.contains(key) ? "metadata." + key : key, to: &facts)
            facts += ":"
            JSONText.append(value, to: &facts, depth: 0)
        }
        var message = ""
        JSONText.append(event.message.description, to: &message)
        switch self.form {
        case .json:
            self.context.sink.output(
                #"{"level":"\#(level)","ts":"\#(time)","caller":"\#(caller)","msg":\#(message)\#(facts)}"#
                    + "\n"
            )
        case .console:
            let text = message.dropFirst().dropLast()
            let columns = facts.isEmpty ? "" : "\t{\(facts.dropFirst())}"
            self.context.sink.output("\(time)\t\(level.uppercased())\t\(caller)\t\(text)\(columns)\n")
        }
    }

    /// zap's name of a level.
    private static func name(of level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "debug"
        case .info, .notice: "info"
        case .warning: "warn"
        case .error: "error"
        case .critical: "fatal"
        }
    }

    /// The directory, file and line that the event comes from.
    private static func caller(file: String, line: UInt) -> String {
        let parts = file.split(separator: "/").suffix(2)
        return "\(parts.joined(separator: "/")):\(line)"
    }
}
