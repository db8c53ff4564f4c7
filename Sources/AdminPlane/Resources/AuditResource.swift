import Documents
import MeshResources
import MicroHTTP
import Persistence

/// Who did what, as a list that goes on from any line.
struct AuditResource: Sendable {
    let environment: AdminEnvironment
    /// The names of kinds by what paths have.
    let kindNames: [String: String]

    var operations: [Operation] {
        [
            Operation(
                "listAudit",
                "GET",
                "/api/v1/audit",
                .scope(.admin),
                query: ["since", "limit"],
                produces: MediaType.documents + [MediaType.ndjson]
            ) { (call) throws(Problem) in try await self.list(call) }
        ]
    }

    private func list(_ call: Call) async throws(Problem) -> Reply {
        let since = try Self.number(call.query["since"], "since", in: 0...Int64.max) ?? 0
        let limit = try Self.number(call.query["limit"], "limit", in: 1...1_000) ?? 100
        let records: [AuditRecord]
        do {
            records = try await self.environment.store.audit(after: since, limit: Int(limit) + 1)
        } catch {
            throw Problem(error)
        }
        let items = records.prefix(Int(limit)).map(self.document)
        if call.accepted == MediaType.ndjson {
            let bytes = items.flatMap { JSONWriter.write($0) + [UInt8(ascii: "\n")] }
            return Reply(200, .bytes(bytes, type: MediaType.ndjson))
        }
        var metadata: DocumentObject = DocumentObject()
        if records.count > items.count, let last = records.prefix(Int(limit)).last {
            metadata["continue"] = .string(String(last.id))
        }
        return Reply(document: ["kind": "AuditList", "items": .array(items), "metadata": .object(metadata)])
    }

    /// A whole number of the query.
    ///
    /// - Throws: 400 when it is not one in `range`.
    static func number(
        _ text: String?,
        _ name: String,
        in range: ClosedRange<Int64>
    ) throws(Problem) -> Int64? {
        guard let text else { return nil }
        guard let number = Int64(text), range.contains(number), String(number) == text else {
            throw Problem(
                .invalidParameter,
                "the parameter \(name) must be a whole number"
                    + (range.upperBound < .max ? " from \(range.lowerBound) to \(range.upperBound)" : "")
            )
        }
        return number
    }

    private func document(_ record: AuditRecord) -> DocumentValue {
        let draft = record.draft
        return [
            "id": .string(String(record.id)),
            "time": .string(Moment.text(record.time)),
            "actor": .string(draft.actor),
            "method": .string(draft.method),
            "address": .string(draft.address),
            "requestID": .string(draft.requestID),
            "verb": .string(draft.verb),
            "kind": .string(self.kindNames[draft.kind] ?? draft.kind),
            "name": .string(draft.name),
            "result": .integer(Int64(draft.result)),
            "difference": (try? JSONReader.read(draft.difference)) ?? .null,
            "hash": .string(AuditLine.hexadecimal(record.hash)),
        ]
    }
}
