import Foundation
import MVCC
import NIOCore
import Persistence

/// A directory of its own, removed with the value's last reference.
final class TemporaryDirectory {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "persistence-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        self.path = url.path
    }

    deinit {
        // A directory that cannot be removed must not fail a test that passed.
        try? FileManager.default.removeItem(atPath: self.path)
    }

    /// The path of a store in the directory.
    func store(_ name: String = "store.db") -> String { self.path + "/" + name }

    /// The contents of every file in the directory.
    func contents() throws -> [String: Data] {
        var contents: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: self.path) {
            contents[name] = try Data(contentsOf: URL(fileURLWithPath: self.path + "/" + name))
        }
        return contents
    }

    /// Copies every file as it is now, also while a log has it open: what a crash of the process would leave.
    func copy(to other: TemporaryDirectory) throws {
        for (name, data) in try self.contents() {
            try data.write(to: URL(fileURLWithPath: other.path + "/" + name))
        }
    }

    /// Replaces bytes of one file.
    func overwrite(_ name: String, at offset: Int, with bytes: [UInt8]) throws {
        let url = URL(fileURLWithPath: self.path + "/" + name)
        var data = try Data(contentsOf: url)
        data.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        try data.write(to: url)
    }

    /// Cuts one file.
    func truncate(_ name: String, to byteCount: Int) throws {
        let url = URL(fileURLWithPath: self.path + "/" + name)
        try Data(contentsOf: url).prefix(byteCount).write(to: url)
    }
}

/// What a log was opened with and answered.
struct Opened {
    var log: SQLiteRevisionLog
    var store: RecoveredStore

    init(
        _ path: String,
        _ durability: Durability = .relaxed,
        boot: String = "boot-1"
    ) throws(PersistenceError) {
        (self.log, self.store) = try SQLiteRevisionLog.open(
            path: path,
            durability: durability,
            bootID: boot,
            newIdentity: { StoreIdentity(clusterID: 0xc0ff_ee00_0000_0001, memberID: 7) }
        )
    }

    /// All records of the log, in order.
    func records() throws(PersistenceError) -> [Entry] {
        var entries: [Entry] = []
        try self.log.forEachRecord { entries.append(Entry($0)) }
        return entries
    }
}

/// A record as a value that compares.
struct Entry: Hashable, Comparable, CustomStringConvertible {
    var revision: Int64
    var sub: Int
    var isTombstone: Bool
    var encoded: [UInt8]

    init(_ record: Record) {
        self.revision = record.modRevision
        self.sub = record.sub
        self.isTombstone = record.isTombstone
        self.encoded = record.withUnsafeEncoded { Array($0) }
    }

    var position: RecordPosition { RecordPosition(revision: self.revision, sub: self.sub) }
    var description: String { "\(self.revision)/\(self.sub)\(self.isTombstone ? " tombstone" : "")" }

    static func < (lhs: Entry, rhs: Entry) -> Bool { lhs.position < rhs.position }
}

/// Returns a put whose value has `byteCount` bytes that depend on the revision.
func put(_ revision: Int64, sub: Int = 0, key: String = "key", byteCount: Int = 300) -> Record {
    let value = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ Int(revision) &+ sub) }
    return Record(
        key: ByteBuffer(string: "cilium/state/\(key)/\(revision)/\(sub)"),
        value: ByteBuffer(bytes: value),
        createRevision: revision,
        modRevision: revision,
        sub: sub,
        version: 1,
        lease: revision % 3 == 0 ? 42 : 0
    )
}

/// Returns a batch of one put for each of `revisions`.
func batch(_ revisions: ClosedRange<Int64>, byteCount: Int = 300) -> LogBatch {
    LogBatch(records: revisions.map { put($0, byteCount: byteCount) }, headRevision: revisions.upperBound)
}
