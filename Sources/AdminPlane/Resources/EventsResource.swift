import Documents
import MeshResources
import MicroHTTP
import Persistence

/// What happens, as a stream.
struct EventsResource: Sendable {
    /// The most rows that `tail` goes back.
    private static let longestTail: Int64 = 1_000

    let environment: AdminEnvironment
    let feed: EventFeed
    /// The names of kinds by what paths have.
    let kindNames: [String: String]

    var operations: [Operation] {
        [
            Operation(
                "streamEvents",
                "GET",
                "/api/v1/events",
                .scope(.viewer),
                query: ["since", "tail", "types", "kind", "follow"],
                produces: [MediaType.eventStream, MediaType.ndjson]
            ) { (call) throws(Problem) in try await self.stream(call) }
        ]
    }

    private func stream(_ call: Call) async throws(Problem) -> Reply {
        let newest = self.environment.store.tables.resourceVersion
        let since = try await self.since(call, newest)
        guard since <= newest else {
            throw Problem(.expired, "there is no event \(since) yet; the newest is \(newest)")
        }
        let page: AdminStore.EventPage
        do {
            page = try await self.environment.store.events(after: since, limit: 1)
        } catch {
            throw Problem(error)
        }
        if case .expired(let oldest) = page {
            throw Problem(
                .expired,
                "the events after \(since) are no longer kept; the oldest is \(oldest)",
                hint: "read the state anew and follow from its resourceVersion"
            )
        }
        let request = EventRequest(
            since: since,
            newest: newest,
            follows: try self.follows(call),
            format: call.accepted == MediaType.ndjson ? .ndjson : .serverSent,
            types: call.query["types"].map { Set($0.split(separator: ",").map(String.init)) },
            kind: try self.kind(call),
            kindNames: self.kindNames
        )
        guard call.request.method == "GET" else { return Reply(200, .bytes([], type: call.accepted)) }
        return Reply(200, .stream(try self.feed.open(request), type: call.accepted))
    }

    /// Where to begin: what the client has seen last, a number of rows back, or now.
    private func since(_ call: Call, _ newest: Int64) async throws(Problem) -> Int64 {
        if let tail = try AuditResource.number(call.query["tail"], "tail", in: 0...Self.longestTail) {
            guard call.query["since"] == nil else {
                throw Problem(.invalidParameter, "the parameters since and tail exclude each other")
            }
            // A browser that comes back says what it has seen; that counts more than where it once began.
            guard call.request.fields["Last-Event-ID"] == nil else {
                return try self.lastSeen(call) ?? newest
            }
            return try await self.start(of: tail, newest)
        }
        if let since = try self.lastSeen(call) { return since }
        return try AuditResource.number(call.query["since"], "since", in: 0...Int64.max) ?? newest
    }

    /// The row so many rows back, or the oldest that is kept.
    private func start(of tail: Int64, _ newest: Int64) async throws(Problem) -> Int64 {
        let start = max(0, newest - tail)
        do {
            switch try await self.environment.store.events(after: start, limit: 1) {
            case .events: return start
            case .expired(let oldest): return min(oldest - 1, newest)
            }
        } catch {
            throw Problem(error)
        }
    }

    private func lastSeen(_ call: Call) throws(Problem) -> Int64? {
        try AuditResource.number(call.request.fields["Last-Event-ID"], "Last-Event-ID", in: 0...Int64.max)
    }

    private func follows(_ call: Call) throws(Problem) -> Bool {
        switch call.query["follow"] {
        case nil, "true": return true
        case "false": return false
        case _?: throw Problem(.invalidParameter, "the parameter follow must be true or false")
        }
    }

    private func kind(_ call: Call) throws(Problem) -> String? {
        guard let kind = call.query["kind"] else { return nil }
        let names = self.kindNames.sorted { $0.key < $1.key }
        guard let name = names.first(where: { $0.key == kind || $0.value == kind }) else {
            throw Problem(
                .invalidParameter,
                "the parameter kind must be one of \(names.map(\.value).joined(separator: ", "))"
            )
        }
        return name.key
    }
}
