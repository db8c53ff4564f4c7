import AdminClient
import Documents

/// What to read of the events.
struct EventQuery: Sendable, Equatable {
    /// The event after which to begin; `nil`: with the next one or, when not following, with the oldest.
    var since: String?
    var types: String?
    var kind: String?
    /// Whether to go on with what happens later.
    var follows = true

    /// The call.
    var call: AdminCall {
        let parameters = [
            ("since", self.since ?? (self.follows ? nil : "0")), ("types", self.types), ("kind", self.kind),
            ("follow", self.follows ? nil : "false"),
        ]
        var call = AdminCall(
            .get,
            ["api", "v1", "events"],
            query: parameters.compactMap { name, value in value.map { (name, $0) } }
        )
        call.accept = "application/x-ndjson"
        return call
    }
}

extension AdminSession {
    /// Gives each event to `take`, bookmarks left out; returns at the end of what there is.
    func events(_ query: EventQuery, _ take: (DocumentValue) async throws -> Void) async throws {
        let body: AdminBody
        switch try await self.connection.stream(query.call) {
        case .refused(let answer):
            try answer.check()
            return
        case .accepted(_, let accepted): body = accepted
        }
        var splitter = LineSplitter()
        try await body.read { bytes in
            for line in try splitter.lines(endingIn: bytes) { try await Self.take(line, take) }
        }
        if !splitter.unfinished.isEmpty {
            throw AdminClientError.brokenOff("the events broke off in the middle of one")
        }
    }

    private static func take(_ line: [UInt8], _ take: (DocumentValue) async throws -> Void) async throws {
        let event: DocumentValue
        do {
            event = try JSONReader.read(line)
        } catch {
            throw AdminClientError.malformed("an event is not JSON: \(error)")
        }
        guard event.text(at: "type") != "bookmark" else { return }
        try await take(event)
    }
}
