import MVCC
import NIOCore

/// The bucket of all revisions of all keys.
struct RecordElements: BoltElements {
    /// In (revision, sub) order, which is the order of their keys in the bucket.
    let records: [Record]

    var count: Int { self.records.count }

    func byteCounts(at index: Int) -> (key: Int, value: Int) {
        let record = self.records[index]
        let keyByteCount = EtcdBuckets.revisionByteCount + (record.isTombstone ? 1 : 0)
        return (keyByteCount, record.storedMessageByteCount)
    }

    func appendKey(at index: Int, to buffer: inout ByteBuffer) {
        buffer.writeBytes(self.records[index].revisionBytes)
    }

    func appendValue(at index: Int, to buffer: inout ByteBuffer) {
        self.records[index].appendStoredMessage(to: &buffer)
    }
}
