import FoundationEssentials
import GRDB

/// One mutation of `admin.db`: everything it writes is there afterwards, or nothing.
///
/// Not Sendable; only inside the closure that it was given to.
package final class AdminTransaction {
    /// The moment of the mutation, in nanoseconds since 1970.
    package let time: Int64
    /// What the batch has changed so far.
    var state: AdminBatchState
    private let db: Database
    private let store: AdminStore

    init(_ db: Database, store: AdminStore, state: AdminBatchState) {
        self.db = db
        self.store = store
        self.state = state
        self.time = store.environment.now()
    }

    /// The object of that name as this mutation and those before it left it.
    package func object(_ kind: String, _ name: String) -> AdminObject? {
        if let change = self.state.changes[AdminObjectID(kind: kind, name: name)] { return change.object }
        return self.store.tables.object(kind, name)
    }

    /// All objects as this mutation and those before it left them.
    ///
    /// - Complexity: O(*n*) for *n* objects of the kinds that the batch changed.
    package var tables: AdminTables {
        var tables = self.store.tables
        self.state.apply(to: &tables)
        return tables
    }

    /// Creates or replaces an object, and says so in an event.
    ///
    /// The generation grows when the spec differs.
    ///
    /// - Returns: The object, whose resource version is the event's row.
    package func put(
        _ draft: AdminObjectDraft,
        event type: String,
        body: [UInt8] = Array("{}".utf8)
    ) throws(PersistenceError) -> AdminObject {
        let old = self.object(draft.kind, draft.name)
        let event = try self.emit(type, kind: draft.kind, name: draft.name, body: body)
        let generation = old.map { $0.spec == draft.spec ? $0.generation : $0.generation + 1 } ?? 1
        let object = AdminObject(
            draft,
            uid: old?.uid ?? self.store.environment.newUID(),
            resourceVersion: event.id,
            generation: generation,
            createdAt: old?.createdAt ?? self.time
        )
        try self.insert(object)
        return object
    }

    /// Puts an object of a backup: what it was, with its own number and time, whatever has its name now.
    ///
    /// Resource version and generation do not go back: somebody may have seen the newer ones.
    ///
    /// - Returns: The object as it is now.
    @discardableResult
    package func restore(_ backup: AdminObject, event type: String) throws(PersistenceError) -> AdminObject {
        let old = self.object(backup.kind, backup.name)
        if let old, old.uid != backup.uid {
            try self.execute("DELETE FROM objects WHERE kind = ? AND name = ?", [old.kind, old.name])
        }
        let event = try self.emit(type, kind: backup.kind, name: backup.name)
        var generation = backup.generation
        if let old {
            generation = old.spec == backup.spec ? old.generation : max(old.generation + 1, generation)
        }
        let object = AdminObject(
            backup.draft,
            uid: backup.uid,
            resourceVersion: event.id,
            generation: generation,
            createdAt: backup.createdAt
        )
        try self.insert(object)
        return object
    }

    private func insert(_ object: AdminObject) throws(PersistenceError) {
        try self.execute(
            """
            INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (kind, name) DO UPDATE SET resource_version = excluded.resource_version,
                generation = excluded.generation, deleted_at = excluded.deleted_at, labels = excluded.labels,
                annotations = excluded.annotations, spec = excluded.spec, status = excluded.status,
                secret = excluded.secret
            """,
            [
                object.kind, object.name, object.uid, object.resourceVersion, object.generation,
                object.createdAt, object.deletedAt, TextMap.encode(object.labels),
                TextMap.encode(object.annotations), Data(object.spec), Data(object.status),
                Data(object.secret),
            ]
        )
        self.state.changes[AdminObjectID(kind: object.kind, name: object.name)] = .init(object: object)
    }

    /// Deletes an object, if it is there, and says so in an event.
    ///
    /// - Returns: The object that was there.
    @discardableResult
    package func delete(
        _ kind: String,
        _ name: String,
        event type: String,
        body: [UInt8] = Array("{}".utf8)
    ) throws(PersistenceError) -> AdminObject? {
        guard let old = self.object(kind, name) else { return nil }
        try self.emit(type, kind: kind, name: name, body: body)
        try self.execute("DELETE FROM objects WHERE kind = ? AND name = ?", [kind, name])
        self.state.changes[AdminObjectID(kind: kind, name: name)] = .init(object: nil)
        return old
    }

    /// Adds an event.
    @discardableResult
    package func emit(
        _ type: String,
        kind: String = "",
        name: String = "",
        body: [UInt8] = Array("{}".utf8)
    ) throws(PersistenceError) -> AdminEvent {
        let event = AdminEvent(
            id: self.state.tail.eventID + 1,
            time: self.time,
            type: type,
            kind: kind,
            name: name,
            body: body
        )
        try self.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)",
            [event.id, event.time, type, kind, name, Data(body)]
        )
        self.state.tail.eventID = event.id
        self.state.events.append(event)
        return event
    }

    /// Adds a line to the audit, chained to the one before it.
    @discardableResult
    package func audit(_ draft: AuditRecord.Draft) throws(PersistenceError) -> AuditRecord {
        let id = self.state.tail.auditID + 1
        let bytes = AuditRecord.hashedBytes(
            id: id,
            time: self.time,
            draft: draft,
            previous: self.state.tail.auditHash
        )
        let record = AuditRecord(
            id: id,
            time: self.time,
            draft: draft,
            hash: self.store.environment.sha256(bytes)
        )
        try self.execute(
            "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                id, record.time, draft.actor, draft.method, draft.address, draft.requestID, draft.verb,
                draft.kind, draft.name, draft.result, Data(draft.difference), Data(record.hash),
            ]
        )
        self.state.tail.auditID = id
        self.state.tail.auditHash = record.hash
        return record
    }

    /// The answer that was stored under an idempotency key, if it is still kept.
    package func answer(forKey key: String) throws(PersistenceError) -> StoredAnswer? {
        try self.store.translate {
            try Row.fetchOne(self.db, sql: "SELECT * FROM answers WHERE key = ?", arguments: [key]).map {
                StoredAnswer(
                    requestHash: Array($0["request_hash"] as Data),
                    status: $0["status"],
                    bytes: Array($0["bytes"] as Data)
                )
            }
        }
    }

    /// Stores the answer of a request under its idempotency key.
    package func store(_ answer: StoredAnswer, forKey key: String) throws(PersistenceError) {
        try self.execute(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)",
            [key, self.time, Data(answer.requestHash), answer.status, Data(answer.bytes)]
        )
    }

    private func execute(
        _ sql: String,
        _ arguments: [(any DatabaseValueConvertible)?]
    ) throws(PersistenceError) {
        try self.store.translate {
            try self.db.cachedStatement(sql: sql).execute(arguments: StatementArguments(arguments))
        }
    }
}

/// What names an object.
package struct AdminObjectID: Sendable, Hashable, Comparable {
    /// The resource.
    package let kind: String
    /// The name.
    package let name: String

    /// Names an object.
    package init(kind: String, name: String) {
        self.kind = kind
        self.name = name
    }

    /// Orders by kind, then by name.
    package static func < (left: AdminObjectID, right: AdminObjectID) -> Bool {
        (left.kind, left.name) < (right.kind, right.name)
    }
}

/// Where events and audit end.
struct AdminTail: Sendable {
    var eventID: Int64 = 0
    var auditID: Int64 = 0
    var auditHash: [UInt8] = []
}

/// What the mutations of one transaction have changed: a value, so that a mutation that is rolled back leaves
/// the state of those before it.
struct AdminBatchState {
    /// The new state of an object; `nil` when it was deleted.
    struct Change {
        let object: AdminObject?
    }

    var tail: AdminTail
    var changes: [AdminObjectID: Change] = [:]
    var events: [AdminEvent] = []

    /// Applies the changes to the tables.
    func apply(to tables: inout AdminTables) {
        for (id, change) in self.changes.sorted(by: { $0.key < $1.key }) {
            if let object = change.object {
                tables.set(object)
            } else {
                tables.remove(id.kind, id.name)
            }
        }
        tables.resourceVersion = self.tail.eventID
    }
}

/// A map of texts as one JSON text, its members sorted.
enum TextMap {
    static func encode(_ map: [String: String]) -> String {
        guard !map.isEmpty else { return "{}" }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Text encodes always.
        let data = (try? encoder.encode(map)) ?? Data()
        return String(decoding: data, as: UTF8.self)
    }

    static func decode(_ text: String) throws -> [String: String] {
        guard text != "{}" else { return [:] }
        return try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
    }
}
