import FoundationEssentials
import GRDB

extension AdminStore {
    /// A part of the events, or that they are no longer kept.
    package enum EventPage: Sendable, Hashable {
        /// The events, oldest first.
        case events([AdminEvent])
        /// Some of those asked for are gone; the oldest kept has this row.
        case expired(oldest: Int64)
    }

    /// Reads the events after the row `id`, oldest first.
    package func events(after id: Int64, limit: Int) async throws(AdminStoreError) -> EventPage {
        if let events = self.recentEvents(after: id, limit: limit) { return .events(events) }
        return try await self.read { db in
            let oldest = try Int64.fetchOne(db, sql: "SELECT min(id) FROM events") ?? Int64.max
            guard id >= oldest - 1 else { return .expired(oldest: oldest) }
            let rows = try Row.fetchAll(
                db,
                sql: "SELECT * FROM events WHERE id > ? ORDER BY id LIMIT ?",
                arguments: [id, limit]
            )
            return .events(
                rows.map { row in
                    AdminEvent(
                        id: row["id"],
                        time: row["time"],
                        type: row["type"],
                        kind: row["kind"],
                        name: row["name"],
                        body: Array(row["body"] as Data)
                    )
                }
            )
        }
    }

    /// Reads lines of the audit after the line `id`, oldest first.
    package func audit(after id: Int64, limit: Int) async throws(AdminStoreError) -> [AuditRecord] {
        try await self.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT * FROM audit WHERE id > ? ORDER BY id LIMIT ?",
                arguments: [id, limit]
            ).map(Self.auditRecord)
        }
    }

    /// Checks the chain of the audit.
    ///
    /// - Returns: The first line that is not what was written, or is missing; `nil` when all are in order.
    package func firstBrokenAuditLine() async throws(AdminStoreError) -> Int64? {
        let sha256 = self.environment.sha256
        return try await self.read { db in try Self.firstBrokenAuditLine(db, sha256) }
    }

    /// See ``firstBrokenAuditLine()``.
    static func firstBrokenAuditLine(_ db: Database, _ sha256: ([UInt8]) -> [UInt8]) throws -> Int64? {
        var id: Int64 = 0
        var hash: [UInt8] = []
        let rows = try Row.fetchCursor(db, sql: "SELECT * FROM audit ORDER BY id")
        while let record = try rows.next().map(Self.auditRecord) {
            id += 1
            let bytes = AuditRecord.hashedBytes(
                id: id,
                time: record.time,
                draft: record.draft,
                previous: hash
            )
            hash = sha256(bytes)
            guard record.id == id, record.hash == hash else { return id }
        }
        // The sequence tells of lines that were cut off at the end.
        let last = try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'audit'")
        return id < last ?? 0 ? id + 1 : nil
    }

    /// Deletes the events that are neither among the newest `count` nor younger than `time`, and the answers
    /// older than `answersBefore`; times in nanoseconds since 1970.
    package func prune(
        keepingNewest count: Int64,
        eventsBefore time: Int64,
        answersBefore: Int64
    ) async throws(AdminStoreError) {
        try await self.read { db in
            try db.inTransaction(.immediate) {
                try db.execute(
                    sql: """
                        DELETE FROM events WHERE time < ? OR
                            id <= (SELECT seq FROM sqlite_sequence WHERE name = 'events') - ?
                        """,
                    arguments: [time, count]
                )
                try db.execute(sql: "DELETE FROM answers WHERE time < ?", arguments: [answersBefore])
                return .commit
            }
        }
    }

    /// Copies the database, as of one moment, to a new file while everything goes on.
    ///
    /// - Throws: ``AdminStoreError``; also when there is already something at `path`.
    package func backUp(to path: String) async throws(AdminStoreError) {
        try await self.read { db in
            // SQLite itself refuses to write over what is there.
            try db.execute(sql: "VACUUM INTO ?", arguments: [path])
        }
    }

    private static func auditRecord(_ row: Row) -> AuditRecord {
        var draft = AuditRecord.Draft()
        draft.actor = row["actor"]
        draft.method = row["method"]
        draft.address = row["address"]
        draft.requestID = row["request_id"]
        draft.verb = row["verb"]
        draft.kind = row["kind"]
        draft.name = row["name"]
        draft.result = row["result"]
        draft.difference = Array(row["difference"] as Data)
        return AuditRecord(id: row["id"], time: row["time"], draft: draft, hash: Array(row["hash"] as Data))
    }

    /// Runs `body` on the connection, between mutations.
    private func read<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws(AdminStoreError) -> Result {
        do {
            return try await self.queue.writeWithoutTransaction { db in try body(db) }
        } catch {
            throw .persistence(PersistenceError(error, path: self.path, systemError: 0))
        }
    }
}
