import MVCC
import Persistence
import Testing

/// A log in memory that records what it is told and refuses when it is asked to.
final class FaultyLog: RevisionLog {
    /// Something that the log took.
    enum Entry {
        case append(LogBatch)
        case reserve(Int64)
        case delete([RecordPosition])
    }

    enum Call: Hashable {
        case append
        case reserve
        case delete
        case defragment
        case close
    }

    /// What the log took, in order; what it refused is not here.
    private(set) var entries: [Entry] = []
    /// How often each function was called, refusals included.
    private(set) var calls: [Call: Int] = [:]
    private(set) var isClosed = false
    /// What the log holds.
    private(set) var stored: StoredLog
    /// Called when a batch arrives, before it is taken or refused.
    var onAppend: (LogBatch) -> Void = { _ in }
    /// Refuses every call while it is set.
    var outage: PersistenceError?
    private var failures: [Call: [Int: PersistenceError]] = [:]

    static let full = PersistenceError.diskFull(path: "store.db")
    static let broken = PersistenceError.io(path: "store.db", code: 10, reason: "disk I/O error")

    /// Creates a log that goes on after what `stored` holds.
    init(_ stored: StoredLog = StoredLog()) {
        self.stored = stored
    }

    /// Refuses one later call: zero is the next of its kind.
    func fail(_ call: Call, after count: Int = 0, with error: PersistenceError) {
        self.failures[call, default: [:]][self.calls[call, default: 0] + count] = error
    }

    func append(_ batch: LogBatch) throws(PersistenceError) {
        self.onAppend(batch)
        try self.enter(.append)
        self.check(batch)
        self.take(.append(batch))
    }

    func reserveRevisions(through ceiling: Int64) throws(PersistenceError) {
        try self.enter(.reserve)
        #expect(ceiling > self.stored.ceiling, "ceilings ascend")
        self.take(.reserve(ceiling))
    }

    func deleteRecords(_ positions: [RecordPosition]) throws(PersistenceError) {
        try self.enter(.delete)
        self.take(.delete(positions))
    }

    var sizeInBytes: Int64 { Int64(self.stored.records.count) * 100 }
    var sizeInUseInBytes: Int64 { Int64(self.stored.records.count) * 90 }

    func defragment() throws(PersistenceError) {
        try self.enter(.defragment)
    }

    func close() throws(PersistenceError) {
        self.isClosed = true
        try self.enter(.close)
    }

    private func enter(_ call: Call) throws(PersistenceError) {
        let number = self.calls[call, default: 0]
        self.calls[call] = number + 1
        if let error = self.failures[call]?.removeValue(forKey: number) ?? self.outage { throw error }
    }

    private func take(_ entry: Entry) {
        self.entries.append(entry)
        self.stored.apply(entry)
    }

    private func check(_ batch: LogBatch) {
        var last = RecordPosition(revision: self.stored.head, sub: .max)
        for record in batch.records {
            let position = RecordPosition(revision: record.modRevision, sub: record.sub)
            #expect(last < position, "records ascend")
            last = position
        }
        #expect(last.revision <= batch.headRevision, "no record is above the head")
        #expect(batch.headRevision <= self.stored.ceiling, "no revision is used that was not reserved")
        if let compacted = batch.compactedRevision {
            #expect(compacted > self.stored.compacted && compacted <= batch.headRevision, "horizons ascend")
        }
    }
}

/// What a log holds after some of its entries: the model of a crash that lost the rest.
struct StoredLog {
    private(set) var records: [RecordPosition: Record] = [:]
    private(set) var leases: [Int64: Int64] = [:]
    private(set) var documents: [String: [UInt8]] = [:]
    private(set) var head: Int64 = 1
    private(set) var compacted: Int64 = 0
    private(set) var ceiling: Int64 = 1

    init() {}

    init(_ entries: some Sequence<FaultyLog.Entry>) {
        for entry in entries { self.apply(entry) }
    }

    mutating func apply(_ entry: FaultyLog.Entry) {
        switch entry {
        case .reserve(let ceiling): self.ceiling = ceiling
        case .delete(let positions):
            for position in positions { self.records[position] = nil }
        case .append(let batch):
            for record in batch.records {
                self.records[RecordPosition(revision: record.modRevision, sub: record.sub)] = record
            }
            for change in batch.leaseChanges {
                switch change {
                case .grant(let id, let ttlSeconds): self.leases[id] = ttlSeconds
                case .revoke(let id): self.leases[id] = nil
                }
            }
            for document in batch.documents { self.documents[document.name] = document.bytes }
            self.head = batch.headRevision
            self.compacted = batch.compactedRevision ?? self.compacted
        }
    }

    var recovered: RecoveredStore {
        RecoveredStore(
            identity: StoreIdentity(clusterID: 1, memberID: 2),
            startCount: 3,
            headRevision: self.head,
            compactedRevision: self.compacted,
            revisionCeiling: self.ceiling,
            leases: self.leases.map { RecoveredLease(id: $0.key, ttlSeconds: $0.value) }.sorted {
                $0.id < $1.id
            },
            documents: self.documents.map { Document(name: $0.key, bytes: $0.value) }.sorted {
                $0.name < $1.name
            },
            recovery: .exact
        )
    }

    var recordsInOrder: [Record] {
        self.records.sorted { $0.key < $1.key }.map(\.value)
    }
}
