import Documents
import MeshResources
import MicroHTTP
import Persistence

/// The long jobs, as REST shows them.
struct JobsResource: Sendable {
    let environment: AdminEnvironment
    let jobs: JobRunner
    let snapshots: SnapshotKeeper

    /// The path of a job.
    static func path(_ name: String) -> String { "/api/v1/operations/\(name)" }

    var operations: [Operation] {
        [
            Operation(
                "listOperations",
                "GET",
                "/api/v1/operations",
                .scope(.viewer),
                query: ["limit", "continue"]
            ) { (call) throws(Problem) in try self.list(call) },
            Operation(
                "getOperation",
                "GET",
                Self.path("{id}"),
                .scope(.viewer),
                query: Waiting.parameters
            ) { (call) throws(Problem) in try await self.get(call) },
        ]
    }

    private func get(_ call: Call) async throws(Problem) -> Reply {
        let name = call.parameter("id")
        let waiting = try Waiting.read(call.query, now: self.environment.now(), for: "done")
        var record = try self.find(name)
        if let waiting {
            try await self.jobs.wait(for: name, until: waiting.deadline)
            record = try self.find(name)
            guard record.isOver else {
                var problem = Problem(.waitTimeout, "the operation was not over in time")
                problem.object = JSONWriter.write(record.document)
                throw problem
            }
        }
        return Reply(document: record.document)
    }

    private func find(_ name: String) throws(Problem) -> JobRecord {
        guard let record = self.jobs.record(name) else {
            throw Problem(.notFound, "there is no operation named \(name)")
        }
        return record
    }

    private func list(_ call: Call) throws(Problem) -> Reply {
        let window = try ListWindow(call.query)
        let now = self.environment.now()
        let tables = try self.snapshots.tables(window.token, of: self.environment.store, now: now)
        let records = JobRunner.records(in: tables)
        let last = window.token?.last
        let start = last.map { last in records.firstIndex { $0.name == last }.map { $0 + 1 } ?? records.count
        }
        let rest = records[(start ?? 0)...]
        let items = rest.prefix(window.limit)
        var metadata = DocumentObject()
        metadata["resourceVersion"] = .string(String(tables.resourceVersion))
        var fields: HeaderFields = [:]
        if rest.count > items.count, let last = items.last {
            self.snapshots.keep(tables, now: now)
            let token = ContinueToken(version: tables.resourceVersion, last: last.name).text
            metadata["continue"] = .string(token)
            metadata["remainingItemCount"] = .integer(Int64(rest.count - items.count))
            fields.add("Link", call.link(next: token))
        }
        return Reply(
            document: [
                "kind": "OperationList", "items": .array(items.map(\.document)),
                "metadata": .object(metadata),
            ],
            fields: fields
        )
    }
}
