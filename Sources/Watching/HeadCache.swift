import EtcdAPI
import NIOCore

/// The heads of event responses, encoded once per revision and watch identifier.
///
/// Agents have a handful of watches each, so the same few identifiers recur on every stream of a loop.
struct HeadCache {
    private static let cachedIDs: Int64 = 64

    private var header: ResponseHeader
    private var heads: [ByteBuffer?] = Array(repeating: nil, count: Int(cachedIDs))

    init(header: ResponseHeader) {
        self.header = header
    }

    /// Returns the head of a response that delivers everything up to `revision`.
    mutating func head(_ watchID: Int64, _ revision: Int64) -> ByteBuffer {
        if revision != self.header.revision {
            self.header.revision = revision
            for index in self.heads.indices { self.heads[index] = nil }
        }
        guard watchID >= 0, watchID < Self.cachedIDs else {
            return self.makeHead(watchID, revision, isFragment: false)
        }
        if let cached = self.heads[Int(watchID)] { return cached }
        let head = self.makeHead(watchID, revision, isFragment: false)
        self.heads[Int(watchID)] = head
        return head
    }

    /// Returns a new head.
    func makeHead(_ watchID: Int64, _ revision: Int64, isFragment: Bool) -> ByteBuffer {
        var header = self.header
        header.revision = revision
        var head = WatchResponseHead(header: header, watchID: watchID)
        head.fragment = isFragment
        var buffer = ByteBufferAllocator().buffer(capacity: head.byteCount)
        buffer.writeMessage(byteCount: head.byteCount) { head.write(into: &$0) }
        return buffer
    }
}
