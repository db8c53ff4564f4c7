import Foundation
import Persistence
import Synchronization

/// Opens an admin store whose clock ticks once per question.
func openAdminStore(
    _ path: String,
    didCommit: @escaping @Sendable ([AdminObjectID]) -> Void = { _ in }
) throws(PersistenceError) -> AdminStore {
    let clock = TestClock()
    return try AdminStore.open(
        path: path,
        mark: 7,
        environment: AdminStore.Environment(
            now: { clock.tick() },
            newUID: { UUID().uuidString },
            sha256: weakHash,
            didCommit: didCommit
        )
    )
}

/// A clock that moves by one nanosecond with each look at it.
private final class TestClock: Sendable {
    private let time = Mutex<Int64>(1_000)

    func tick() -> Int64 {
        self.time.withLock { time in
            time += 1
            return time
        }
    }
}

/// A hash that is good enough to notice accidents.
@Sendable private func weakHash(_ bytes: [UInt8]) -> [UInt8] {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return withUnsafeBytes(of: hash) { Array($0) }
}

/// Returns a draft with a spec that holds one number.
func draft(_ name: String, kind: String = "peers", number: Int = 0) -> AdminObjectDraft {
    var draft = AdminObjectDraft(kind: kind, name: name)
    draft.spec = Array("{\"number\":\(number)}".utf8)
    return draft
}

extension AdminStore {
    /// Puts one object with its audit line.
    @discardableResult
    func put(_ draft: AdminObjectDraft) async throws -> AdminObject {
        try await self.write { (transaction) throws(PersistenceError) in
            let object = try transaction.put(draft, event: "peer.changed")
            var line = AuditRecord.Draft()
            line.actor = "test"
            line.verb = "put"
            line.kind = draft.kind
            line.name = draft.name
            try transaction.audit(line)
            return .commit(object)
        }
    }

    /// Deletes one object.
    @discardableResult
    func delete(_ name: String) async throws -> AdminObject? {
        try await self.write { (transaction) throws(PersistenceError) in
            .commit(try transaction.delete("peers", name, event: "peer.deleted"))
        }
    }
}

/// An object as a value that compares.
struct ObjectEntry: Equatable {
    var draft: AdminObjectDraft
    var uid: String
    var version: Int64
    var generation: Int64
    var createdAt: Int64

    init(_ object: AdminObject) {
        self.draft = object.draft
        self.uid = object.uid
        self.version = object.resourceVersion
        self.generation = object.generation
        self.createdAt = object.createdAt
    }
}
