import EtcdAPI
package import NIOCore

/// The records as etcd stores them.
extension Keyspace {
    /// The records that compaction keeps, in (revision, sub) order.
    ///
    /// Takes O(*n* log *n*); not on an event loop.
    package var keptRecords: [Record] {
        let horizon = self.compactedRevision
        var records: [Record] = []
        self.index.visitAll { element in
            let kept = element.compacted(through: horizon) { _ in }
            kept?.forEachRecord { record in
                if record.modRevision <= horizon { records.append(record) }
            }
            return true
        }
        records.sort { ($0.modRevision, $0.sub) < ($1.modRevision, $1.sub) }
        // Above the horizon, history has them all in order.
        let rest = self.history.position(of: horizon + 1)..<self.history.end
        records.reserveCapacity(records.count + rest.count)
        for position in rest { records.append(self.history[position]) }
        return records
    }
}

extension Record {
    /// etcd's key of a record: big-endian revision, `_`, big-endian sub, and `t` for a tombstone
    /// (`mvcc/revision.go`).
    package var revisionBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(18)
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: self.modRevision >> shift))
        }
        bytes.append(UInt8(ascii: "_"))
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: self.sub >> shift))
        }
        if self.isTombstone { bytes.append(UInt8(ascii: "t")) }
        return bytes
    }

    /// The size of etcd's value of a record in bytes.
    package var storedMessageByteCount: Int {
        self.isTombstone ? ProtoSize.delimited(self.keyByteCount) : self.encodedByteCount
    }

    /// Appends etcd's value of a record: its key-value message, for a tombstone with nothing but the key.
    package func appendStoredMessage(to buffer: inout ByteBuffer) {
        if self.isTombstone {
            buffer.writeBytes(self.keyOnlyMessage)
        } else {
            _ = unsafe self.withUnsafeEncoded { unsafe buffer.writeBytes($0) }
        }
    }

    /// etcd's value of a tombstone: a key-value message with nothing but the key.
    var keyOnlyMessage: [UInt8] {
        unsafe self.withUnsafeKey { key in
            let count = ProtoSize.delimited(key.count)
            return unsafe [UInt8](unsafeUninitializedCapacity: count) { memory, initialized in
                var writer = unsafe ProtoWriter(UnsafeMutableRawBufferPointer(memory))
                unsafe writer.delimited(0x0a, key)
                initialized = writer.count
            }
        }
    }
}
