import EtcdAPI

extension Keyspace {
    /// Returns etcd's `HashKV` of the history up to `revision`, which must be readable.
    ///
    /// CRC-32C of the word `key`, then of every record that compaction keeps, in (revision, sub) order: its
    /// revision, its key-value message; a tombstone's message has only the key, and one exactly at the
    /// horizon is left out (etcd `mvcc/hash.go`). The same history gives the same number on every server.
    /// Takes O(*n* log *n*); not on an event loop.
    package func hash(through revision: Int64) -> UInt32 {
        var hash = CRC32C()
        hash.update(Array("key".utf8))
        for record in self.keptRecords where record.modRevision <= revision {
            guard !record.isTombstone || record.modRevision != self.compactedRevision else { continue }
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
