extension Keyspace {
    /// Returns etcd's `HashKV` of the history up to `revision`, which must be readable.
    ///
    /// CRC-32C of the word `key`, then of records in (revision, sub) order: the revision, the key-value
    /// message; a tombstone's message has only the key (etcd `mvcc/hash.go`). Above the horizon every record
    /// counts. At or below it only what can be read at `revision` counts, unless no key exists then: etcd
    /// takes an empty set of what to keep for none at all, and leaves nothing out. The same history gives the
    /// same number on every server. Takes O(*n* log *n*); not on an event loop.
    package func hash(through revision: Int64) -> UInt32 {
        var records: [Record] = []
        var superseded: [Record] = []
        var isEmpty = true
        let horizon = self.compactedRevision
        self.index.visitAll { element in
            let current = element.record(at: revision)
            let exists = current.map { !$0.isTombstone } ?? false
            if exists { isEmpty = false }
            let kept = element.compacted(through: horizon) { _ in }
            kept?.forEachRecord { record in
                guard record.modRevision <= revision else { return }
                let isCurrent = record.modRevision == current?.modRevision && record.sub == current?.sub
                if record.modRevision > horizon || (exists && isCurrent) {
                    records.append(record)
                } else {
                    superseded.append(record)
                }
            }
            return true
        }
        if isEmpty { records += superseded }
        records.sort { ($0.modRevision, $0.sub) < ($1.modRevision, $1.sub) }
        var hash = CRC32C()
        hash.update(Array("key".utf8))
        for record in records {
            hash.update(record.revisionBytes)
            if record.isTombstone {
                hash.update(record.keyOnlyMessage)
            } else {
                unsafe record.withUnsafeEncoded { unsafe hash.update($0) }
            }
        }
        return hash.value
    }
}

/// The checksum with the Castagnoli polynomial (RFC 3720 appendix B.4), by table.
private struct CRC32C {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? (value >> 1) ^ 0x82f6_3b78 : value >> 1 }
    }

    private var state: UInt32 = ~0
    private let table = CRC32C.table

    var value: UInt32 { ~self.state }

    mutating func update(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe self.update($0) }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        for index in 0..<bytes.count {
            // In bounds by the loop.
            let byte = unsafe bytes[index]
            self.state = (self.state >> 8) ^ self.table[Int((self.state ^ UInt32(byte)) & 0xff)]
        }
    }
}
