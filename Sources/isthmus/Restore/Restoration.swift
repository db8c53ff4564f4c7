import AccessControl
import Foundation
import MVCC
import Persistence
import SnapshotFile
import Storage

/// Writes the state directory of a new server from a snapshot; no server runs meanwhile.
struct Restoration {
    /// The most that revisions can be moved up.
    static let maximumBump: Int64 = 1 << 61

    /// What a state directory may hold before: certificates, and what file systems put at their roots.
    private static let harmless: Set<String> = ["pki", "lost+found"]

    /// The path of the snapshot.
    let file: String
    let stateDirectory: StateDirectory
    /// Whether a file without a checksum is accepted.
    let skipsHashCheck: Bool
    /// How far above the snapshot's last revision the new store begins.
    let bump: Int64

    /// Restores, and returns a sentence that says what.
    ///
    /// - Throws: ``StartFailure``; there is no new store then.
    func run() throws(StartFailure) -> String {
        try self.checkStateDirectory()
        do {
            let source = try SnapshotSource.open(self.file)
            if let checksum = try source.checksum(isRequired: !self.skipsHashCheck) {
                try source.verify(checksum)
            }
            // Before anything is written: most files that are no snapshots end here.
            let reader = try SnapshotReader(byteCount: source.databaseByteCount) {
                (offset, byteCount) throws(SnapshotFileError) in
                try source.read(at: offset, byteCount: byteCount)
            }
            return try self.write(reader)
        } catch let failure as StartFailure {
            throw failure
        } catch let error as SnapshotFileError {
            throw StartFailure(description: "\(self.file) cannot be restored: \(error)")
        } catch {
            throw StartFailure(description: "\(error)")
        }
    }

    private func checkStateDirectory() throws(StartFailure) {
        let path = self.stateDirectory.path
        guard FileManager.default.fileExists(atPath: path) else { return }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw StartFailure(description: "the state directory \(path) cannot be read: \(error)")
        }
        // What an interrupted restoration left is its own, and is replaced.
        let found = names.sorted().first { !Self.harmless.contains($0) && !$0.hasPrefix("store.db.import") }
        if let found {
            throw StartFailure(description: "the state directory \(path) is not empty: \(found) is in it")
        }
    }

    private func write(_ reader: SnapshotReader) throws -> String {
        var reader = reader
        let auth = reader.auth.encoded
        guard auth.count <= AuthState.maximumByteCount else {
            throw StartFailure(
                description: "\(self.file) cannot be restored: users, roles and permissions need more than "
                    + "\(AuthState.maximumByteCount) bytes"
            )
        }
        try self.stateDirectory.prepare()
        let identity = StoreOpening.randomIdentity()
        let path = self.stateDirectory.path + "/store.db"
        let store = try StoreImport(path: path, identity: identity)
        do {
            try reader.forEachRecord { try store.append($0) }
            var head = max(store.headRevision, reader.compactedRevision)
            var horizon = reader.compactedRevision
            if self.bump > 0 {
                head += self.bump
                horizon = head
            }
            try store.finish(
                leaseChanges: reader.leases.map { .grant(id: $0.id, ttlSeconds: $0.ttlSeconds) },
                documents: [DocumentChange(auth: auth)],
                compactedRevision: horizon,
                headRevision: head
            )
            let lost = reader.alarmCount == 0 ? "" : "; alarms that were raised are not"
            return "restored \(store.recordCount) records up to revision \(head) (compacted up to "
                + "\(horizon)), \(reader.leases.count) leases, \(reader.auth.users.count) users and "
                + "\(reader.auth.roles.count) roles into \(path)\(lost); the new cluster's ID is "
                + String(identity.clusterID, radix: 16)
        } catch {
            store.abandon()
            throw error
        }
    }
}
