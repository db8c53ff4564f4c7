import EtcdAPI
import MVCC
import NIOCore

/// The bucket of all revisions of all keys.
struct RecordElements: BoltElements {
    /// In (revision, sub) order, which is the order of their keys in the bucket.
    let records: [Record]

    var count: Int { self.records.count }

    func byteCounts(at index: Int) -> (key: Int, value: Int) {
        let record = self.records[index]
        guard record.isTombstone else { return (EtcdBuckets.revisionByteCount, record.encodedByteCount) }
        return (EtcdBuckets.revisionByteCount + 1, ProtoSize.delimited(record.keyByteCount))
    }

    func appendKey(at index: Int, to buffer: inout ByteBuffer) {
        buffer.writeBytes(self.records[index].revisionBytes)
    }

    func appendValue(at index: Int, to buffer: inout ByteBuffer) {
        let record = self.records[index]
        if record.isTombstone {
            buffer.writeBytes(record.keyOnlyMessage)
        } else {
            _ = unsafe record.withUnsafeEncoded { unsafe buffer.writeBytes($0) }
        }
    }
}
