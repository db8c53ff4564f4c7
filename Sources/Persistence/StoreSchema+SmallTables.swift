import Foundation
import GRDB

/// Leases and documents: few rows, read once and written seldom.
extension StoreSchema {
    /// Applies changes of leases in order.
    static func apply(_ changes: [LeaseChange], to db: Database) throws {
        for change in changes {
            switch change {
            case .grant(let id, let ttlSeconds):
                let lease = RecoveredLease(id: id, ttlSeconds: ttlSeconds)
                try db.cachedStatement(
                    sql: "INSERT OR REPLACE INTO leases (id, ttl_seconds, checksum) VALUES (?, ?, ?)"
                ).execute(arguments: [id, ttlSeconds, Self.checksum(of: lease)])
            case .revoke(let id):
                try db.cachedStatement(sql: "DELETE FROM leases WHERE id = ?").execute(arguments: [id])
            }
        }
    }

    /// Returns the leases, ascending by identifier.
    static func readLeases(from db: Database) throws -> [RecoveredLease] {
        var leases: [RecoveredLease] = []
        let rows = try Row.fetchCursor(db, sql: "SELECT id, ttl_seconds, checksum FROM leases ORDER BY id")
        while let row = try rows.next() {
            guard let id = Int64.fromDatabaseValue(row[0]), let ttlSeconds = Int64.fromDatabaseValue(row[1])
            else {
                throw StoreSchemaError.damaged("a lease is not what was written")
            }
            let lease = RecoveredLease(id: id, ttlSeconds: ttlSeconds)
            guard Int64.fromDatabaseValue(row[2]) == Self.checksum(of: lease) else {
                throw StoreSchemaError.damaged("the lease \(id) is not what was written")
            }
            leases.append(lease)
        }
        return leases
    }

    /// Applies changes of documents in order.
    static func apply(_ changes: [DocumentChange], to db: Database) throws {
        for change in changes {
            if let bytes = change.bytes {
                let document = Document(name: change.name, bytes: bytes)
                try db.cachedStatement(
                    sql: "INSERT OR REPLACE INTO documents (name, bytes, checksum) VALUES (?, ?, ?)"
                ).execute(arguments: [document.name, Data(bytes), Self.checksum(of: document)])
            } else {
                try db.cachedStatement(sql: "DELETE FROM documents WHERE name = ?")
                    .execute(arguments: [change.name])
            }
        }
    }

    /// Returns the documents, ascending by name.
    static func readDocuments(from db: Database) throws -> [Document] {
        var documents: [Document] = []
        let rows = try Row.fetchCursor(db, sql: "SELECT name, bytes, checksum FROM documents ORDER BY name")
        while let row = try rows.next() {
            guard let name = String.fromDatabaseValue(row[0]), let bytes = Data.fromDatabaseValue(row[1])
            else {
                throw StoreSchemaError.damaged("a document is not what was written")
            }
            let document = Document(name: name, bytes: Array(bytes))
            guard Int64.fromDatabaseValue(row[2]) == Self.checksum(of: document) else {
                throw StoreSchemaError.damaged("the document \(name) is not what was written")
            }
            documents.append(document)
        }
        return documents
    }

    private static func checksum(of lease: RecoveredLease) -> Int64 {
        var checksum = Checksum()
        checksum.add(lease.id)
        checksum.add(lease.ttlSeconds)
        return checksum.value
    }

    private static func checksum(of document: Document) -> Int64 {
        var checksum = Checksum()
        checksum.add(document.name)
        document.bytes.withUnsafeBytes { checksum.add($0) }
        return checksum.value
    }
}
