import Logging

/// What each logger keeps for itself.
///
/// A value, so that changing one logger changes no other.
struct LogContext: Sendable {
    let label: String
    let sink: LogSink
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var ownLevel: Logger.Level?

    var level: Logger.Level { self.ownLevel ?? self.sink.level.current }

    /// The facts of an event, sorted by key: the logger's, then the provider's, then the event's own win.
    func facts(of event: LogEvent) -> [(key: String, value: Logger.MetadataValue)] {
        var facts = self.metadata
        if let provided = self.metadataProvider?.get() { facts.merge(provided) { $1 } }
        if let own = event.metadata { facts.merge(own) { $1 } }
        if let error = event.error { facts["error"] = .string("\(error)") }
        return facts.sorted { $0.key < $1.key }
    }
}
