/// Everything of a `WatchResponse` but its events.
///
/// The events have the highest field number, so a response is the bytes of its head followed by a segment
/// that ``EventWriter`` made.
package struct WatchResponseHead: Hashable, Sendable {
    /// The response's header; no response goes without one.
    package var header: ResponseHeader
    /// The watcher that the response is for; -1 for all of the stream.
    package var watchID: Int64
    /// Whether this answers the request that created the watcher.
    package var created = false
    /// Whether the watcher exists no longer, or never did.
    package var canceled = false
    /// The oldest revision that is left, when the watcher asked for an older one; else zero.
    package var compactRevision: Int64 = 0
    /// Why the watcher was canceled, in etcd's words, or empty.
    package var cancelReason = ""
    /// Whether more responses with the same header follow for the same revision.
    package var fragment = false

    /// Creates the head of a response that delivers events, or progress when none follow.
    package init(header: ResponseHeader, watchID: Int64) {
        self.header = header
        self.watchID = watchID
    }

    /// The size of the head in bytes.
    package var byteCount: Int {
        let reason = self.cancelReason.utf8.count
        return self.header.byteCount + ProtoSize.field(self.watchID) + ProtoSize.field(self.created)
            + ProtoSize.field(self.canceled) + ProtoSize.field(self.compactRevision)
            + (reason == 0 ? 0 : ProtoSize.delimited(reason)) + ProtoSize.field(self.fragment)
    }

    /// Writes the head, ``byteCount`` bytes.
    package func write(into writer: inout ProtoWriter) {
        self.header.write(into: &writer)
        writer.field(0x10, self.watchID)
        writer.field(0x18, self.created)
        writer.field(0x20, self.canceled)
        writer.field(0x28, self.compactRevision)
        if !self.cancelReason.isEmpty {
            var reason = self.cancelReason
            reason.withUTF8 { writer.delimited(0x32, UnsafeRawBufferPointer($0)) }
        }
        writer.field(0x38, self.fragment)
    }
}
