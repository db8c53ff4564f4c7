/// The key space as its definition reads, on the history: what calls are held against.
struct NaiveStore {
    private let events: [SentEvent]
    private let newest: [Int64: [SentEvent]]
    private var position = 0
    private var state: [String: SentEvent] = [:]
    /// The states of revisions that reads ask for, made when needed.
    private var old: [Int64: [String: SentEvent]] = [:]

    init(_ events: [SentEvent]) {
        self.events = events
        self.newest = Dictionary(grouping: events, by: \.modRevision)
    }

    /// The revision whose state a call was decided on: for a write, the one before its own.
    func place(of operation: Operation) -> Int64 {
        guard case .done(let answer, let revision) = operation.outcome else { return 0 }
        switch answer {
        case .put, .guarded(succeeded: true, _): return revision - 1
        case .deleted(_, let count): return count > 0 ? revision - 1 : revision
        case .guarded, .range, .lease, .done: return revision
        }
    }

    mutating func advance(through revision: Int64) {
        while self.position < self.events.count, self.events[self.position].modRevision <= revision {
            let event = self.events[self.position]
            self.state[event.key] = event.isDelete ? nil : event.withoutPrevious
            self.position += 1
        }
    }

    /// Says how the answer of a call differs from what the state, advanced to its place, makes of it.
    mutating func problem(of operation: Operation) -> String? {
        guard case .done(let answer, let revision) = operation.outcome else { return nil }
        switch (operation.request, answer) {
        case (.put(let key, let value, let lease), .put(let previous)):
            if previous != self.state[key] { return "replaced \(String(describing: previous))" }
            let events = self.newest[revision] ?? []
            guard events.count == 1, events[0].key == key, events[0].value == value, events[0].lease == lease
            else { return "is not what happened at \(revision)" }
            return self.isSuccessor(events[0]) ? nil : "has a wrong version"
        case (.delete(let span), .deleted(let deleted, let count)):
            let expected = self.records(span)
            if deleted != expected || Int(count) != expected.count { return "deleted \(deleted)" }
            let events = self.newest[revision] ?? []
            guard count > 0 else { return nil }
            return events.map(\.key) == expected.map(\.key) && events.allSatisfy(\.isDelete)
                ? nil : "is not what happened at \(revision)"
        case (.guarded(let write), .guarded(let succeeded, let found)):
            return self.problem(of: write, succeeded, found, revision)
        case (.range(let span, let asked, let limit), .range(let found, let count, let more)):
            let all = asked == 0 ? self.records(span) : self.records(span, at: asked)
            let expected = limit == 0 ? all : Array(all.prefix(limit))
            if found != expected { return "found \(found) instead of \(expected)" }
            return Int(count) == all.count && more == (expected.count < all.count) ? nil : "counted wrongly"
        default: return nil
        }
    }

    private func problem(
        of write: Operation.GuardedWrite,
        _ succeeded: Bool,
        _ found: [SentEvent],
        _ revision: Int64
    ) -> String? {
        let current = self.state[write.key]
        if succeeded != ((current?.modRevision ?? 0) == write.modRevision) { return "compared wrongly" }
        guard succeeded else { return found == [current].compactMap { $0 } ? nil : "found \(found)" }
        let events = self.newest[revision] ?? []
        let deleted = write.deletes.filter { self.state[$0] != nil }
        guard events.map(\.key) == write.puts + deleted,
            events.prefix(write.puts.count).allSatisfy({ !$0.isDelete && $0.value == write.value }),
            events.dropFirst(write.puts.count).allSatisfy(\.isDelete)
        else { return "is not what happened at \(revision)" }
        return events.prefix(write.puts.count).allSatisfy(self.isSuccessor) ? nil : "has a wrong version"
    }

    /// Whether a put counts on from what it replaced.
    private func isSuccessor(_ event: SentEvent) -> Bool {
        let replaced = self.state[event.key]
        return event.version == (replaced?.version ?? 0) + 1
            && event.createRevision == (replaced?.createRevision ?? event.modRevision)
    }

    private func records(_ span: KeySpan) -> [SentEvent] { Self.records(span, in: self.state) }

    private mutating func records(_ span: KeySpan, at revision: Int64) -> [SentEvent] {
        if self.old[revision] == nil {
            var state: [String: SentEvent] = [:]
            for event in self.events.prefix(while: { $0.modRevision <= revision }) {
                state[event.key] = event.isDelete ? nil : event.withoutPrevious
            }
            self.old[revision] = state
        }
        return Self.records(span, in: self.old[revision] ?? [:])
    }

    private static func records(_ span: KeySpan, in state: [String: SentEvent]) -> [SentEvent] {
        state.filter { span.contains($0.key) }.sorted { $0.key < $1.key }.map(\.value)
    }
}
