package import AccessControl
import EtcdAPI
package import MVCC
import NIOCore

/// Reads a snapshot: of this server, or of an etcd 3.4 or newer.
///
/// The small buckets are read when it is made, the records afterwards, one at a time.
package struct SnapshotReader {
    /// A lease with its granted time to live in seconds.
    package struct Lease: Hashable, Sendable {
        /// The identifier.
        package var id: Int64
        /// The granted time to live in seconds.
        package var ttlSeconds: Int64
    }

    /// The compaction horizon, or zero when nothing was ever compacted.
    package let compactedRevision: Int64
    /// The leases, ascending by identifier.
    package let leases: [Lease]
    /// The users and roles.
    package let auth: AuthState
    /// The number of alarms that were raised.
    package let alarmCount: Int
    private var file: BoltFileReader

    /// Reads everything but the records.
    ///
    /// - Parameters:
    ///   - byteCount: The size of the database in bytes, without the checksum behind it.
    ///   - source: Where its bytes come from.
    /// - Throws: ``SnapshotFileError``.
    package init(byteCount: Int, source: @escaping BoltFileReader.Source) throws(SnapshotFileError) {
        var file = try BoltFileReader(byteCount: byteCount, source: source)
        guard file.bucketNames.contains(EtcdBuckets.key), file.bucketNames.contains(EtcdBuckets.meta) else {
            throw .foreign(reason: "it is a bbolt database, but not etcd's: buckets are missing")
        }
        do {
            self.auth = try Self.readAuth(&file)
            self.compactedRevision = try Self.readHorizon(&file)
            self.leases = try Self.readLeases(&file)
            self.alarmCount = try Self.countAlarms(&file)
        } catch let error as SnapshotFileError {
            throw error
        } catch {
            preconditionFailure("only the reader's own errors are thrown here")
        }
        self.file = file
    }

    /// Calls `body` with each record, ascending by revision and position; once.
    ///
    /// Records below the horizon that a compaction did not get to may be among them.
    ///
    /// - Throws: ``SnapshotFileError``, or what `body` throws.
    package mutating func forEachRecord(_ body: (Record) throws -> Void) throws {
        var previous = (Int64(0), 0)
        try self.file.forEachElement(of: EtcdBuckets.key) { key, value in
            let record = try Self.record(key, value)
            let position = (record.modRevision, record.sub)
            guard previous < position else { throw Self.damage(EtcdBuckets.key, key, "it is there twice") }
            previous = position
            try body(record)
        }
    }

    // MARK: - Buckets

    private static func record(
        _ key: ArraySlice<UInt8>,
        _ value: ArraySlice<UInt8>
    ) throws(SnapshotFileError) -> Record {
        func damage(_ reason: String) -> SnapshotFileError {
            Self.damage(EtcdBuckets.key, key, reason)
        }
        // The first change of a store has revision 2 (etcd).
        guard let revision = EtcdBuckets.revision(key), revision.main > 1,
            let sub = Int32(exactly: revision.sub)
        else { throw damage("it is not a revision") }
        let mark = key.dropFirst(EtcdBuckets.revisionByteCount)
        guard mark.isEmpty || mark.elementsEqual([EtcdBuckets.tombstoneMark]) else {
            throw damage("it is not a revision")
        }
        let message = ByteBuffer(bytes: value)
        guard let layout = KeyValueLayout.decode(message.readableBytesSpan), !layout.key.isEmpty,
            let name = message.getSlice(at: layout.key.lowerBound, length: layout.key.count),
            let value = message.getSlice(at: layout.value.lowerBound, length: layout.value.count)
        else { throw damage("its value is not a key with a value") }
        // Encoded anew, so that the bytes are ours whoever wrote them.
        let record = Record(
            key: name,
            value: value,
            createRevision: layout.createRevision,
            modRevision: layout.modRevision,
            sub: Int(sub),
            version: layout.version,
            lease: layout.lease
        )
        guard mark.isEmpty else {
            return Record(tombstoneOf: record, modRevision: revision.main, sub: Int(sub))
        }
        guard record.modRevision == revision.main, 1...revision.main ~= record.createRevision,
            1...revision.main ~= record.version
        else { throw damage("its value belongs to another revision") }
        return record
    }

    /// Returns the last revision up to which a compaction was begun: etcd finishes it at its next start.
    private static func readHorizon(_ file: inout BoltFileReader) throws -> Int64 {
        let names = [EtcdBuckets.Meta.scheduledCompactRevision, EtcdBuckets.Meta.finishedCompactRevision]
        var horizon: Int64 = 0
        try file.forEachElement(of: EtcdBuckets.meta) { key, value in
            guard names.contains(where: { key.elementsEqual($0.utf8) }) else { return }
            guard value.count == EtcdBuckets.revisionByteCount, let revision = EtcdBuckets.revision(value)
            else { throw Self.damage(EtcdBuckets.meta, key, "it is not a revision") }
            horizon = max(horizon, revision.main)
        }
        return horizon
    }

    private static func countAlarms(_ file: inout BoltFileReader) throws -> Int {
        var count = 0
        try file.forEachElement(of: EtcdBuckets.alarm) { _, _ in count += 1 }
        return count
    }

    private static func readLeases(_ file: inout BoltFileReader) throws -> [Lease] {
        var leases: [Lease] = []
        try file.forEachElement(of: EtcdBuckets.lease) { key, value in
            guard key.count == 8, let message = LeaseMessage(value), message.id != 0,
                key.bigEndian(at: 0, as: Int64.self) == message.id,
                1...LeaseTable.maximumTimeToLive.components.seconds ~= message.ttlSeconds
            else { throw Self.damage(EtcdBuckets.lease, key, "it is not a lease") }
            leases.append(Lease(id: message.id, ttlSeconds: message.ttlSeconds))
        }
        return leases.sorted { $0.id < $1.id }
    }

    private static func readAuth(_ file: inout BoltFileReader) throws -> AuthState {
        var isEnabled = false
        var revision: UInt64 = 1
        try file.forEachElement(of: EtcdBuckets.auth) { key, value in
            if key.elementsEqual(EtcdBuckets.Auth.isEnabled.utf8) {
                guard value.count == 1, let flag = value.first, flag <= 1 else {
                    throw Self.damage(EtcdBuckets.auth, key, "it is neither on nor off")
                }
                isEnabled = flag == 1
            } else if key.elementsEqual(EtcdBuckets.Auth.revision.utf8) {
                guard value.count == 8 else { throw Self.damage(EtcdBuckets.auth, key, "it is not a number") }
                revision = max(1, value.bigEndian(at: 0, as: UInt64.self))
                guard revision <= UInt64(EtcdBuckets.maximumRevision) else {
                    throw Self.damage(EtcdBuckets.auth, key, "it is too large")
                }
            }
        }
        var roles: [(name: String, permissions: [Permission])] = []
        try file.forEachElement(of: EtcdBuckets.authRoles) { key, value in
            guard let role = AuthMessages.role(value, name: key) else {
                throw Self.damage(EtcdBuckets.authRoles, key, "it is not a role")
            }
            roles.append(role)
        }
        var users: [(name: String, passwordHash: String?, roles: [String])] = []
        try file.forEachElement(of: EtcdBuckets.authUsers) { key, value in
            guard let user = AuthMessages.user(value, name: key) else {
                throw Self.damage(EtcdBuckets.authUsers, key, "it is not a user")
            }
            users.append(user)
        }
        return AuthState(isEnabled: isEnabled, revision: revision, roles: roles, users: users)
    }

    private static func damage(
        _ bucket: String,
        _ key: ArraySlice<UInt8>,
        _ reason: String
    ) -> SnapshotFileError {
        let shown = key.prefix(40).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        return .damagedElement(bucket: bucket, key: shown, reason: reason)
    }
}
