import Foundation
import MeshResources
import Persistence
import Testing

/// Backups of what the admin plane keeps, and the way back.
@Suite struct BackupTests {
    private static let type = ("Content-Type", "application/vnd.sqlite3")
    private static let node = #"{"spec":{"addresses":[{"type":"InternalIP","ip":"192.168.1.10"}]}}"#

    private func backUp(_ plane: AdminHarness) async throws -> [UInt8] {
        let answer = try await plane.ask("POST", "/api/v1/system/backup")
        #expect(answer.status == 200)
        #expect(answer.body.starts(with: "SQLite format 3\0".utf8))
        return answer.body
    }

    private func restore(
        _ plane: AdminHarness,
        _ backup: [UInt8],
        _ query: String = "",
        fields: [(String, String)] = []
    ) async throws -> Answer {
        try await plane.ask("POST", "/api/v1/system/restore" + query, backup, fields: fields + [Self.type])
    }

    /// Has jobs done while `body` runs.
    private func running(_ plane: AdminHarness, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await plane.jobs.run() }
            try await body()
            group.cancelAll()
        }
    }

    /// Restores, waits for the end and returns the operation.
    private func restoreToTheEnd(_ plane: AdminHarness, _ backup: [UInt8]) async throws -> Answer {
        let accepted = try await self.restore(plane, backup)
        #expect(accepted.status == 202, "\(accepted.text)")
        let path = try #require(accepted.fields["Location"])
        return try await plane.ask("GET", path + "?wait=done&timeout=1m")
    }

    private func state(_ operation: Answer) -> String? { operation.json["status"]?.object?["state"]?.string }

    @Test func aRestoreMakesTheObjectsThoseOfTheBackup() async throws {
        try await withAdminPlane { plane in
            _ = try await plane.ask("PUT", "/api/v1/nodes/kept", Self.node)
            _ = try await plane.ask("PUT", "/api/v1/nodes/deleted", Self.node)
            let token = try await plane.makeToken("looker", .viewer)
            let before = plane.store.tables
            let backup = try await self.backUp(plane)

            let other = Self.node.replacingOccurrences(of: "1.10", with: "1.11")
            _ = try await plane.ask("PUT", "/api/v1/nodes/kept", other)
            _ = try await plane.ask("DELETE", "/api/v1/nodes/deleted")
            _ = try await plane.ask("PUT", "/api/v1/nodes/added", Self.node)
            _ = try await plane.ask("DELETE", "/api/v1/tokens/looker")
            let version = plane.store.tables.resourceVersion
            let lines = try await plane.store.audit(after: 0, limit: 1_000).count

            let dry = try await self.restore(plane, backup, "?dryRun=All")
            #expect(dry.status == 200)
            #expect(dry.fields["Isthmus-Dry-Run"] == "true")
            #expect(dry.json["summary"] == ["create": 2, "update": 1, "delete": 1, "unchanged": 3])
            #expect(plane.store.tables.resourceVersion == version)

            try await self.running(plane) {
                let operation = try await self.restoreToTheEnd(plane, backup)
                #expect(self.state(operation) == "succeeded", "\(operation.text)")
                #expect(operation.json["status"]?.object?["result"] == dry.json["summary"])
            }
            let after = plane.store.tables
            #expect(Array(after.objects("nodes")).map(\.name) == ["deleted", "kept"])
            for name in ["deleted", "kept"] {
                let old = try #require(before.object("nodes", name))
                let new = try #require(after.object("nodes", name))
                #expect(new.draft == old.draft && new.uid == old.uid && new.createdAt == old.createdAt)
                #expect(new.resourceVersion > version)
            }
            #expect(after.object("nodes", "kept")?.generation == 3, "generations do not go back")
            #expect(after.object("tombstones", "nodes/added") != nil, "its key has to go")
            #expect(try await plane.ask("GET", "/api/v1/nodes", as: token).status == 200)
            let audit = try await plane.store.audit(after: Int64(lines), limit: 10)
            #expect(audit.map(\.draft.verb) == ["restore"])
            #expect(audit.first?.draft.actor == "bootstrap")
            #expect(try await plane.store.firstBrokenAuditLine() == nil)
        }
    }

    @Test func aBackupHasSecretsAndNothingElseHas() async throws {
        try await withAdminPlane { plane in
            let hash = try #require(plane.store.object("tokens", "bootstrap")?.secret)
            let backup = Data(try await self.backUp(plane))
            #expect(backup.range(of: Data(hash)) != nil)
            try await self.running(plane) {
                _ = try await plane.ask("PUT", "/api/v1/nodes/a", Self.node)
                let operation = try await self.restoreToTheEnd(plane, Array(backup))
                #expect(Data(operation.body).range(of: Data(hash)) == nil)
                let events = try await plane.ask("GET", "/api/v1/events?since=0&follow=false")
                #expect(Data(events.body).range(of: Data(hash)) == nil)
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: plane.directory + "/scratch")
            #expect(names.isEmpty, "nothing is left: \(names)")
            let lines = try await plane.store.audit(after: 0, limit: 100).map(\.draft.verb)
            #expect(lines.contains("backup"))
        }
    }

    @Test func whatIsNoBackupIsRefusedAndChangesNothing() async throws {
        try await withAdminPlane { plane in
            _ = try await plane.ask("PUT", "/api/v1/nodes/a", Self.node)
            let backup = try await self.backUp(plane)
            let version = plane.store.tables.resourceVersion
            var foreign = backup
            foreign[70] ^= 1
            var newer = backup
            newer[63] = 99
            var bodies = [[], Array("nonsense".utf8), Array(backup.prefix(50)), foreign, newer]
            bodies.append(Array(backup.dropLast(4_096)))
            // One bit of each page but the first, whose header says what the file is.
            for page in 1..<(backup.count / 4_096) {
                var damaged = backup
                for index in (page * 4_096)..<(page * 4_096 + 12) { damaged[index] = 0xff }
                bodies.append(damaged)
            }
            for body in bodies {
                let answer = try await self.restore(plane, body)
                #expect(answer.status == 400, "\(answer.status) \(answer.text)")
                #expect(answer.slug == "malformed-body")
                #expect(!answer.text.contains(plane.directory), "no path of the server is shown")
            }
            #expect(plane.store.tables.resourceVersion == version)
        }
    }

    @Test func aBackupWhoseAuditWasChangedIsRefused() async throws {
        try await withAdminPlane { plane in
            _ = try await plane.ask("PUT", "/api/v1/nodes/a", Self.node)
            var backup = try await self.backUp(plane)
            let found = try #require(Data(backup).range(of: Data("192.0.2.1".utf8)))
            backup[found.lowerBound] = UInt8(ascii: "2")
            let answer = try await self.restore(plane, backup)
            #expect(answer.status == 400)
            #expect(answer.json["detail"]?.string?.contains("audit") == true, "\(answer.text)")
        }
    }

    @Test func aBackupOfObjectsThatAreNotValidHereIsRefused() async throws {
        try await withAdminPlane { plane in
            try await plane.store.write { (transaction) throws(PersistenceError) in
                var draft = AdminObjectDraft(kind: "nodes", name: "bad")
                draft.spec = Array(#"{"colour":"red"}"#.utf8)
                _ = try transaction.put(draft, event: "node.created")
                return .commit(())
            }
            let answer = try await self.restore(plane, try await self.backUp(plane))
            #expect(answer.status == 400)
            #expect(answer.json["detail"]?.string?.contains("Node bad") == true, "\(answer.text)")
        }
    }

    @Test func aBackupDuringWritesIsOneMoment() async throws {
        try await withAdminPlane { plane in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        for number in 0..<40 {
                            // Two objects in each transaction: a backup has both or neither.
                            try await plane.store.write { (transaction) throws(PersistenceError) in
                                for half in ["left", "right"] {
                                    let name = "\(half)-\(writer)-\(number)"
                                    var draft = AdminObjectDraft(kind: "nodes", name: name)
                                    draft.spec = Array(#"{"addresses":[]}"#.utf8)
                                    _ = try transaction.put(draft, event: "node.created")
                                }
                                return .commit(())
                            }
                        }
                    }
                }
                for number in 0..<5 {
                    let path = plane.directory + "/copy-\(number).db"
                    try await plane.store.backUp(to: path)
                    let backup = try await AdminBackup.read(path: path, sha256: plane.environment.sha256)
                    let names = backup.tables.objects("nodes").map(\.name)
                    let left = names.filter { $0.hasPrefix("left") }.map { $0.dropFirst(4) }
                    #expect(left == names.filter { $0.hasPrefix("right") }.map { $0.dropFirst(5) })
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func oneRestoreAtATimeAndAKeyMakesARepetitionHarmless() async throws {
        try await withAdminPlane { plane in
            let backup = try await self.backUp(plane)
            let key = [("Idempotency-Key", "once")]
            let first = try await self.restore(plane, backup, fields: key)
            #expect(first.status == 202)
            let again = try await self.restore(plane, backup, fields: key)
            #expect(again.status == 202)
            #expect(again.fields["Idempotency-Replayed"] == "true")
            #expect(again.fields["Location"] == first.fields["Location"])
            #expect(try await self.restore(plane, backup).slug == "conflict")
            let other = try await self.backUp(plane)
            #expect(try await self.restore(plane, other, fields: key).slug == "idempotency-mismatch")
        }
    }

    @Test func onlyAnAdministratorMaySendAndGetBackups() async throws {
        try await withAdminPlane { plane in
            let token = try await plane.makeToken("ops", .operator, .certificates)
            #expect(try await plane.ask("POST", "/api/v1/system/backup", as: token).status == 403)
            let answer = try await plane.ask(
                "POST",
                "/api/v1/system/restore",
                [1, 2, 3],
                as: token,
                fields: [Self.type]
            )
            #expect(answer.status == 403)
        }
    }
}
