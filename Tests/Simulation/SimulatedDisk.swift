import MVCC
import Persistence

/// The file of the log: what is surely on the disk, and what only the page cache has.
///
/// A process that dies leaves the page cache alone; a power cut takes any tail of what was not synced.
final class SimulatedDisk {
    /// What the file says at some moment.
    struct Image {
        var state: StoreState
        var records: [RecordPosition: Record] = [:]
        var leases: [Int64: Int64] = [:]
        var documents: [String: [UInt8]] = [:]

        mutating func apply(_ write: Write) {
            self.state = write.state
            for position in write.deleted { self.records[position] = nil }
            guard let batch = write.batch else { return }
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
        }
    }

    /// One transaction.
    struct Write {
        var state: StoreState
        var batch: LogBatch?
        var deleted: [RecordPosition] = []
        /// The batch's number in the history.
        var number: Int?
    }

    private(set) var image: Image
    private var synced: Image
    private var unsynced: [Write] = []
    /// The kernel's boot ID: another after each power cut.
    private(set) var bootID = "boot-0"
    private var bootCount = 0

    init(identity: StoreIdentity, durability: Durability) {
        self.image = Image(state: .fresh(identity: identity, durability: durability))
        self.synced = self.image
    }

    /// How many transactions a power cut could take.
    var unsyncedCount: Int { self.unsynced.count }

    func write(_ write: Write, isSynced: Bool) {
        self.image.apply(write)
        if isSynced {
            self.synced = self.image
            self.unsynced = []
        } else {
            self.unsynced.append(write)
        }
    }

    /// Takes all but the first `kept` transactions that were not synced; returns the numbers of the batches
    /// that are gone.
    func cutPower(keeping kept: Int) -> [Int] {
        for write in self.unsynced.prefix(kept) { self.synced.apply(write) }
        let lost = self.unsynced.dropFirst(kept).compactMap(\.number)
        self.unsynced = []
        self.image = self.synced
        self.bootCount += 1
        self.bootID = "boot-\(self.bootCount)"
        return lost
    }
}
