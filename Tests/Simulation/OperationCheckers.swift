import Persistence

/// Checkers of calls against the history.
extension Checkers {
    /// Linearizable: in the order of their revisions, the calls of a process do what a naive key space does.
    static func linearizable(_ operations: [Operation], _ history: History) -> [String] {
        var problems: [String] = []
        for life in Set(operations.map(\.life)).sorted() {
            var model = NaiveStore(history.events(of: life))
            let placed = operations.filter { $0.life == life && $0.revision != nil }
                .map { (operation: $0, at: model.place(of: $0)) }
                .sorted { $0.at != $1.at ? $0.at < $1.at : $0.operation.called < $1.operation.called }
            for (operation, place) in placed {
                model.advance(through: place)
                guard let problem = model.problem(of: operation) else { continue }
                problems.append("linearizable: \(operation.client) \(operation.request): \(problem)")
            }
        }
        return problems
    }

    /// In real time: who asks after somebody was told of a revision is not told of an older one.
    static func realTime(_ operations: [Operation]) -> [String] {
        operations.compactMap { operation in
            guard let revision = operation.revision, revision < operation.knownRevision else { return nil }
            return "real time: \(operation.client) \(operation.request) is told \(revision) after "
                + "\(operation.knownRevision)"
        }
    }

    /// What was refused never happened, what happened was asked for, and what was answered was logged.
    static func settled(_ operations: [Operation], _ history: History) -> [String] {
        var problems: [String] = []
        var writers: [String: Operation] = [:]
        for operation in operations { if let value = operation.value { writers[value] = operation } }
        var places: [String: Int64] = [:]
        for commit in history.commits {
            let endsLeases = commit.leaseChanges.contains { if case .revoke = $0 { true } else { false } }
            for event in commit.events where !event.isDelete {
                guard let writer = writers[event.value] else {
                    problems.append("settled: nobody asked for \(event) with \(event.value)")
                    continue
                }
                if case .refused(let code, let message) = writer.outcome {
                    problems.append("settled: \(event) was refused with \(code) \(message)")
                }
                let place = places[event.value] ?? event.modRevision
                if place != event.modRevision {
                    problems.append("settled: \(event) happened at \(place) too")
                }
                places[event.value] = event.modRevision
            }
            for (_, events) in Dictionary(grouping: commit.events, by: \.modRevision).sorted(by: {
                $0.key < $1.key
            }) {
                guard !endsLeases, events.allSatisfy(\.isDelete) else { continue }
                guard !self.isAskedFor(events, commit.life, operations) else { continue }
                problems.append("settled: nobody asked for \(events)")
            }
        }
        for (value, writer) in writers.sorted(by: { $0.key < $1.key }) {
            guard case .done(let answer, let revision) = writer.outcome else { continue }
            if case .guarded(succeeded: false, _) = answer { continue }
            if places[value] != revision {
                let place = places[value].map { "at \($0)" } ?? "nowhere"
                problems.append("settled: \(writer.request) was answered at \(revision) and is \(place)")
            }
        }
        return problems
    }

    private static func isAskedFor(_ deletes: [SentEvent], _ life: Int, _ operations: [Operation]) -> Bool {
        operations.contains { operation in
            guard case .delete(let span) = operation.request, operation.life == life else { return false }
            switch operation.outcome {
            case .done(.deleted(_, let count), let revision):
                return count > 0 && revision == deletes[0].modRevision
            case .done: return false
            case .unknown: return deletes.allSatisfy { span.contains($0.key) }
            case .refused: return false
            }
        }
    }

    /// No revision is given out twice, whatever is lost.
    static func revisionsIssuedOnce(_ history: History) -> [String] {
        var problems: [String] = []
        var last: Int64 = 1
        for commit in history.commits {
            if let first = commit.events.first, first.modRevision <= last {
                problems.append("issued once: \(first) although \(last) was given out")
            }
            if commit.revision < last {
                problems.append("issued once: the head goes back from \(last) to \(commit.revision)")
            }
            last = max(last, commit.revision)
        }
        return problems
    }

    /// Every answer names the one cluster.
    static func oneCluster(_ identities: Set<[UInt64]>) -> [String] {
        identities.count <= 1 ? [] : ["one cluster: \(identities.sorted { $0[0] < $1[0] })"]
    }

    /// An answered write survives everything but a power cut, and with `strict` that too.
    static func durable(_ operations: [Operation], _ history: History, _ durability: Durability) -> [String] {
        guard durability == .strict else { return [] }
        let lost = Set(history.commits.filter { $0.lostBy != nil }.flatMap { $0.events.map(\.modRevision) })
        return operations.compactMap { operation in
            guard operation.value != nil, let revision = operation.revision, lost.contains(revision) else {
                return nil
            }
            return "durable: \(operation.request) at \(revision) is lost"
        }
    }

    /// Who has a right is not refused, and who has none is told nothing; `mayRead` is asked of the users as
    /// they were at each moment of the call.
    static func authorized(_ operations: [Operation], of user: String, _ history: History) -> [String] {
        operations.compactMap { operation in
            guard operation.client == user, case .range = operation.request else { return nil }
            let rights = history.rights(of: user, during: operation)
            switch operation.outcome {
            case .done where !rights.contains(true): return "authorized: \(user) reads without a right"
            case .refused(code: 7, _) where !rights.contains(false):
                return "authorized: \(user) is refused in spite of a right"
            default: return nil
            }
        }
    }

    /// A watch is told nothing unless its user had the right to it at some moment between the commit and the
    /// telling; `told` says how many commits there were when each item came.
    static func withdrawn(_ watch: WatchTrace, told: [Int], of user: String, _ history: History) -> [String] {
        var problems: [String] = []
        for (item, count) in zip(watch.items, told) {
            guard case .events(let events, _, _, _) = item else { continue }
            for event in events {
                let place = history.commits.firstIndex { commit in
                    commit.isVisible(to: watch.life)
                        && commit.events.contains { $0.modRevision == event.modRevision }
                }
                guard let place, !history.rights(of: user, from: place + 1, to: count).contains(true) else {
                    continue
                }
                problems.append("withdrawn: \(user) is told \(event) without a right")
            }
        }
        return problems
    }

    /// At rest, an agent knows exactly the keys that the store has.
    static func inStep(_ map: [String: String], _ store: [String: String], name: String) -> [String] {
        let keys = Set(map.keys).union(store.keys).sorted()
        return keys.filter { map[$0] != store[$0] }.map { key in
            "in step: \(name) has \(key)=\(map[key] ?? "nothing"), the store \(store[key] ?? "nothing")"
        }
    }
}

extension History {
    /// What a user might have been allowed while a call was on its way.
    func rights(of user: String, during operation: Operation) -> Set<Bool> {
        self.rights(
            of: user,
            from: operation.commitsBefore,
            to: operation.commitsAfter ?? self.commits.count
        )
    }

    /// What a user might have been allowed since there were `start` commits and until there were `end`.
    func rights(of user: String, from start: Int, to end: Int) -> Set<Bool> {
        var rights: Set<Bool> = []
        let changes = self.commits[..<max(start, end)].enumerated().filter { $0.element.auth != nil }
        // A change that a power cut took may have counted until then.
        let before = changes.filter { $0.offset < start }
        for change in [before.last, before.last { $0.element.lostBy == nil }] {
            rights.insert(change?.element.auth?.mayRead(user) ?? false)
        }
        for change in changes where change.offset >= start {
            rights.insert(change.element.auth?.mayRead(user) ?? false)
        }
        return rights
    }
}
