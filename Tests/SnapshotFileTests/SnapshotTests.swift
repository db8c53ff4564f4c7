import AccessControl
import Foundation
import MVCC
import NIOCore
import SnapshotFile
import TestSupport
import Testing

@Suite struct SnapshotTests {
    private static func read(_ bytes: [UInt8]) throws(SnapshotFileError) -> SnapshotReader {
        try SnapshotReader(byteCount: bytes.count) { offset, count in Array(bytes[offset..<offset + count]) }
    }

    private static func records(_ reader: SnapshotReader) throws -> [Record] {
        var reader = reader
        var records: [Record] = []
        try reader.forEachRecord { records.append($0) }
        return records
    }

    private static func contents(_ keyspace: Keyspace, _ auth: AuthState = AuthState()) -> SnapshotContents {
        SnapshotContents(
            keyspace: keyspace,
            auth: auth,
            alarms: [1],
            memberID: 0xfeed_0000_0000_0001,
            term: 7,
            storageVersion: "3.6.0"
        )
    }

    private static func write(_ contents: SnapshotContents) throws -> [UInt8] {
        var writer = try contents.layOut()
        var buffer = ByteBuffer()
        writer.appendPages(to: &buffer, byteCount: .max)
        return Array(buffer.readableBytesView)
    }

    private static func put(
        _ key: String,
        _ value: String,
        lease: Int64 = 0,
        in keyspace: inout Keyspace
    ) throws {
        var put = Put(key: ByteBuffer(string: key), value: ByteBuffer(string: value))
        put.lease = lease
        _ = try keyspace.put(put)
    }

    private static func facts(_ record: Record) -> [String] {
        [
            String(buffer: record.key), String(buffer: record.value), "\(record.createRevision)",
            "\(record.modRevision)", "\(record.sub)", "\(record.version)", "\(record.lease)",
            "\(record.isTombstone)",
        ]
    }

    // MARK: - There and back

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func aKeySpaceComesBack(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var keyspace = Keyspace()
        for lease in 1...5 as ClosedRange<Int64> {
            _ = try keyspace.grant(lease: lease * 1_000, timeToLive: .seconds(lease * 60), now: .zero)
        }
        for step in 0..<400 {
            switch random.below(10) {
            case 0:
                let end = ByteBuffer(string: "k\(random.below(30))")
                let range = KeyRange(key: ByteBuffer(string: "k1"), rangeEnd: end)
                _ = keyspace.deleteRange(DeleteRange(range))
            case 1 where keyspace.revision > keyspace.compactedRevision + 20:
                try keyspace.compact(through: keyspace.revision - Int64(random.below(20)))
                // Sometimes the garbage is still there.
                if random.chance(50) { while keyspace.needsTrimming { _ = keyspace.trim(limit: 100) } }
            default:
                let lease = random.chance(20) ? Int64(1 + random.below(5)) * 1_000 : 0
                try Self.put("k\(random.below(30))", "v\(step)", lease: lease, in: &keyspace)
            }
        }
        let reader = try Self.read(try Self.write(Self.contents(keyspace)))
        #expect(reader.compactedRevision == max(0, keyspace.compactedRevision))
        #expect(reader.leases.map(\.id) == [1_000, 2_000, 3_000, 4_000, 5_000])
        #expect(reader.leases.map(\.ttlSeconds) == [60, 120, 180, 240, 300])
        #expect(reader.alarmCount == 1)
        let records = try Self.records(reader)
        #expect(records.map(Self.facts) == keyspace.keptRecords.map(Self.facts))
        #expect(records.map(\.modRevision).max() == keyspace.revision)

        var restored = Keyspace(
            revision: 1,
            compactedRevision: reader.compactedRevision == 0 ? -1 : reader.compactedRevision
        )
        for record in records { restored.restore(record) }
        #expect(restored.hash(through: keyspace.revision) == keyspace.hash(through: keyspace.revision))
        #expect(restored.keyCount == keyspace.keyCount)
    }

    @Test func anEmptyStoreComesBack() throws {
        let reader = try Self.read(try Self.write(Self.contents(Keyspace())))
        #expect(reader.compactedRevision == 0)
        #expect(reader.leases == [])
        #expect(!reader.auth.isEnabled && reader.auth.users.isEmpty && reader.auth.roles.isEmpty)
        #expect(try Self.records(reader).isEmpty)
    }

    @Test func usersAndRolesComeBack() throws {
        var auth = AuthState()
        let commands: [AuthCommand] = [
            .addUser(name: "root", passwordHash: "$2a$10$abc"), .addUser(name: "zoë", passwordHash: nil),
            .addRole(name: "root"), .addRole(name: "reader"), .grantRole(user: "root", role: "root"),
            .grantRole(user: "zoë", role: "reader"),
            .grantPermission(role: "reader", Permission(.read, key: [1], rangeEnd: [0])),
            .grantPermission(role: "reader", Permission(.readWrite, key: Array("a".utf8))),
            .grantPermission(role: "reader", Permission(.write, key: [0xff], rangeEnd: [0xff, 0xff])),
            .enable,
        ]
        for command in commands { _ = try auth.apply(command) }
        let found = try Self.read(try Self.write(Self.contents(Keyspace(), auth))).auth
        #expect(found.isEnabled)
        #expect(found.revision == auth.revision)
        #expect(found.roles == auth.roles)
        #expect(found.users.map(\.name) == auth.users.map(\.name))
        #expect(found.users.map(\.passwordHash) == auth.users.map(\.passwordHash))
        #expect(found.users.map(\.permissions) == auth.users.map(\.permissions))
        // Tokens of before are withdrawn.
        #expect(found.users.allSatisfy { $0.credentialRevision == auth.revision })
    }

    @Test func aNameThatTheFormatCannotHoldIsRefused() throws {
        var auth = AuthState()
        let name = String(repeating: "x", count: 32_769)
        _ = try auth.apply(.addRole(name: name))
        #expect(throws: SnapshotFileError.nameTooLong(limitBytes: 32_768)) {
            try Self.contents(Keyspace(), auth).layOut()
        }
    }

    // MARK: - What etcd reads and writes

    @Test func theFieldsAreEtcds() throws {
        var keyspace = Keyspace()
        for index in 0..<3 { try Self.put("k", "\(index)", in: &keyspace) }
        _ = keyspace.deleteRange(DeleteRange(KeyRange(ByteBuffer(string: "k"))))
        try keyspace.compact(through: 3)
        let file = BoltBytes(bytes: try Self.write(Self.contents(keyspace)))
        #expect(
            try file.reader().bucketNames == [
                "alarm", "auth", "authRoles", "authUsers", "cluster", "key", "lease", "members",
                "members_removed", "meta",
            ]
        )
        let horizon: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 3, 0x5f, 0, 0, 0, 0, 0, 0, 0, 0]
        let confState = #"{"voters":[18369338455114121217],"auto_leave":false}"#
        #expect(
            try file.elements(of: "meta") == [
                .init(key: Array("confState".utf8), value: Array(confState.utf8)),
                .init(key: Array("consistent_index".utf8), value: [0, 0, 0, 0, 0, 0, 0, 5]),
                .init(key: Array("finishedCompactRev".utf8), value: horizon),
                .init(key: Array("scheduledCompactRev".utf8), value: horizon),
                .init(key: Array("storageVersion".utf8), value: Array("3.6.0".utf8)),
                .init(key: Array("term".utf8), value: [0, 0, 0, 0, 0, 0, 0, 7]),
            ]
        )
        // The record at 2 is garbage; a tombstone says nothing but its key.
        let keys = try file.elements(of: "key")
        #expect(keys.map(\.key[7]) == [3, 4, 5])
        #expect(keys.map(\.key.count) == [17, 17, 18])
        #expect(keys.last?.key.last == UInt8(ascii: "t"))
        #expect(keys.last?.value == [0x0a, 1, UInt8(ascii: "k")])
    }

    @Test(arguments: ["3.4", "3.5"])
    func whatARealEtcdWroteIsRead(version: String) throws {
        // Made by `etcdctl snapshot save`: k1 to k6 put, k2 deleted, compacted at 6, users, a lease.
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "Fixtures/etcd-\(version).db")
        let bytes = Array(try Data(contentsOf: path).dropLast(32))
        let reader = try Self.read(bytes)
        #expect(reader.compactedRevision == 6)
        #expect(reader.leases.map(\.ttlSeconds) == [500])
        #expect(reader.auth.isEnabled)
        #expect(reader.auth.users.map(\.name) == ["nopw", "root"])
        #expect(reader.auth.users.map { $0.passwordHash?.utf8.count } == [nil, 60])
        #expect(reader.auth.user("nopw")?.roles == ["r1"])
        #expect(
            reader.auth.role("r1")?.permissions == [Permission(.readWrite, key: [0x61], rangeEnd: [0x62])]
        )
        let records = try Self.records(reader)
        #expect(records.map { String(buffer: $0.key) } == ["k1", "k2", "k3", "k4", "k5", "k6", "k2"])
        #expect(records.map(\.modRevision) == [2, 3, 4, 5, 6, 7, 8])
        #expect(records.map(\.isTombstone) == [false, false, false, false, false, false, true])
    }

    /// Damages of all kinds in etcd's own file: whatever comes out, the process lives.
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func randomDamageToARealSnapshotNeverCrashes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "Fixtures/etcd-3.5.db")
        let sound = Array(try Data(contentsOf: path).dropLast(32))
        for _ in 0..<60 {
            var bytes = sound
            for _ in 0...random.below(6) {
                // Behind the meta pages, whose checksums would end it at once.
                bytes[8_192 + random.below(bytes.count - 8_192)] = UInt8(truncatingIfNeeded: random.next())
            }
            do {
                let reader = try Self.read(bytes)
                _ = try Self.records(reader)
            } catch let error as SnapshotFileError {
                #expect(!error.description.isEmpty)
            }
        }
    }

    // MARK: - Contents that make no sense

    private static func check(
        _ bucket: String,
        _ elements: [BoltList.Element],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var buckets = ["key", "meta", "lease", "auth", "authUsers", "authRoles"].filter { $0 != bucket }
            .map { BoltFileWriter.Bucket($0, BoltList([])) }
        buckets.append(BoltFileWriter.Bucket(bucket, BoltList(elements)))
        let bytes = BoltBytes(buckets).bytes
        let error = #expect(throws: SnapshotFileError.self, sourceLocation: sourceLocation) {
            try Self.records(try Self.read(bytes))
        }
        guard case .damagedElement(bucket, _, _) = error else {
            Issue.record("unexpected: \(String(describing: error))", sourceLocation: sourceLocation)
            return
        }
    }

    private static func revision(_ main: UInt8, _ sub: UInt8 = 0) -> [UInt8] {
        [0, 0, 0, 0, 0, 0, 0, main, 0x5f, 0, 0, 0, 0, 0, 0, 0, sub]
    }

    /// A key-value message of the key `k` at its first revision.
    private static func message(_ revision: UInt8) -> [UInt8] {
        [0x0a, 1, 0x6b, 0x10, revision, 0x18, revision, 0x20, 1]
    }

    @Test func elementsThatEtcdWouldNotWriteAreRefused() {
        Self.check("key", [.init(key: [1], value: Self.message(2))])
        // Below the first revision that a store can have, and above those that leave room.
        Self.check("key", [.init(key: Self.revision(1), value: Self.message(1))])
        Self.check("key", [.init(key: [0x7f] + Self.revision(2).dropFirst(), value: Self.message(2))])
        Self.check("key", [.init(key: Self.revision(2) + [0x75], value: Self.message(2))])
        Self.check("key", [.init(key: Self.revision(2), value: [])])
        Self.check("key", [.init(key: Self.revision(2), value: [0xff, 0xff])])
        Self.check("key", [.init(key: Self.revision(3), value: Self.message(2))])
        // A put and a tombstone at one position.
        Self.check(
            "key",
            [
                .init(key: Self.revision(2), value: Self.message(2)),
                .init(key: Self.revision(2) + [0x74], value: Self.message(2)),
            ]
        )
        Self.check("meta", [.init(key: Array("finishedCompactRev".utf8), value: [1])])
        Self.check(
            "meta",
            [.init(key: Array("scheduledCompactRev".utf8), value: [0x7f] + Self.revision(1).dropFirst())]
        )
        Self.check("lease", [.init(key: [0, 0, 0, 0, 0, 0, 0, 1], value: [0x08, 2, 0x10, 9])])
        Self.check("lease", [.init(key: [0, 0, 0, 0, 0, 0, 0, 1], value: [0x08, 1])])
        Self.check("auth", [.init(key: Array("authEnabled".utf8), value: [2])])
        Self.check("auth", [.init(key: Array("authRevision".utf8), value: [255, 0, 0, 0, 0, 0, 0, 0])])
        Self.check("authUsers", [.init(key: [0x61], value: [0x0a, 1, 0x62])])
        Self.check("authUsers", [.init(key: [0xff], value: [0x0a, 1, 0xff])])
        Self.check("authRoles", [.init(key: [0x61], value: [0x0a, 1, 0x61, 0x12, 2, 0x08, 9])])
    }

    @Test func anotherProgramsDatabaseIsForeign() {
        let bytes = BoltBytes([.init("accounts", BoltList([]))]).bytes
        let reason = "it is a bbolt database, but not etcd's: buckets are missing"
        #expect(throws: SnapshotFileError.foreign(reason: reason)) { try Self.read(bytes) }
    }
}
