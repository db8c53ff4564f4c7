import Documents
import Persistence

/// How events are written.
enum EventFormat: Sendable, Hashable {
    /// Server-sent events (WHATWG HTML, section 9.2).
    case serverSent
    /// One JSON text for each line.
    case ndjson
}

/// What a listener wants to hear, and how.
struct EventRequest: Sendable {
    /// The row after which it begins.
    let since: Int64
    /// The newest row when the request came.
    let newest: Int64
    /// Whether it goes on with what is still to come.
    let follows: Bool
    let format: EventFormat
    /// The types that are wanted; `nil` for all.
    let types: Set<String>?
    /// The kind of objects that is wanted, as paths have it; `nil` for all.
    let kind: String?
    /// The names of kinds by what paths have.
    let kindNames: [String: String]

    /// Whether every event is wanted.
    var isUnfiltered: Bool { self.types == nil && self.kind == nil }

    /// The text of those events that are wanted.
    func text(_ events: [AdminEvent]) -> [UInt8] {
        events.filter(self.wants).flatMap { event in
            self.frame(id: event.id, type: event.type, self.json(event))
        }
    }

    /// The text that says how far the stream is.
    func bookmark(_ cursor: Int64) -> [UInt8] {
        let document: DocumentValue = ["id": .string(String(cursor)), "type": "bookmark"]
        return self.frame(id: cursor, type: "bookmark", JSONWriter.write(document))
    }

    /// The text that ends a stream that fell behind what is kept.
    func expired() -> [UInt8] {
        let document: DocumentValue = [
            "type": "expired",
            "message": "events that were not sent yet are no longer kept; read the state anew",
        ]
        return self.frame(id: nil, type: "expired", JSONWriter.write(document))
    }

    private func wants(_ event: AdminEvent) -> Bool {
        // Rows of the server's own book-keeping have a type that begins with a full stop.
        guard !event.type.hasPrefix(".") else { return false }
        return (self.types?.contains(event.type) ?? true) && (self.kind.map { $0 == event.kind } ?? true)
    }

    private func json(_ event: AdminEvent) -> [UInt8] {
        var document: DocumentObject = DocumentObject()
        document["id"] = .string(String(event.id))
        document["time"] = .string(Moment.text(event.time))
        document["type"] = .string(event.type)
        if !event.kind.isEmpty { document["kind"] = .string(self.kindNames[event.kind] ?? event.kind) }
        if !event.name.isEmpty { document["name"] = .string(event.name) }
        let bytes = JSONWriter.write(.object(document))
        // The rest is JSON already, made by us.
        guard event.body.count > 2 else { return bytes }
        return bytes.dropLast() + [UInt8(ascii: ",")] + event.body.dropFirst()
    }

    private func frame(id: Int64?, type: String, _ json: [UInt8]) -> [UInt8] {
        switch self.format {
        case .ndjson: json + [UInt8(ascii: "\n")]
        case .serverSent:
            Array((id.map { "id: \($0)\n" } ?? "").utf8) + Array("event: \(type)\ndata: ".utf8) + json
                + Array("\n\n".utf8)
        }
    }
}
