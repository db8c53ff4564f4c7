/// What every response of the API begins with, as field 1.
///
/// Which revision it carries is the operation's business (a read's, a write's own, or none); this type only
/// encodes it.
package struct ResponseHeader: Hashable, Sendable {
    /// The cluster that answers; clients pin it and treat another one as another cluster.
    package var clusterID: UInt64
    /// The server that answers.
    package var memberID: UInt64
    /// The revision of the key space that the answer belongs to; zero when it has none.
    package var revision: Int64
    /// The term of the server's reign; grows with each restart.
    package var raftTerm: UInt64

    /// Creates a header; one inside a transaction's answer has nothing but a revision.
    package init(clusterID: UInt64 = 0, memberID: UInt64 = 0, revision: Int64 = 0, raftTerm: UInt64 = 0) {
        self.clusterID = clusterID
        self.memberID = memberID
        self.revision = revision
        self.raftTerm = raftTerm
    }

    /// The same header as a generated message, for the answers that are not worth a fast path.
    package var message: Etcdserverpb_ResponseHeader {
        var message = Etcdserverpb_ResponseHeader()
        message.clusterID = self.clusterID
        message.memberID = self.memberID
        message.revision = self.revision
        message.raftTerm = self.raftTerm
        return message
    }

    /// The size of the header message in bytes, without the tag and length before it.
    package var bodyByteCount: Int {
        ProtoSize.field(Int64(bitPattern: self.clusterID)) + ProtoSize.field(Int64(bitPattern: self.memberID))
            + ProtoSize.field(self.revision) + ProtoSize.field(Int64(bitPattern: self.raftTerm))
    }

    /// The size in bytes of field 1 of a response: tag, length and header.
    package var byteCount: Int { ProtoSize.delimited(self.bodyByteCount) }

    /// Writes field 1 of a response, ``byteCount`` bytes; an empty header is written too.
    package func write(into writer: inout ProtoWriter) {
        writer.prefix(0x0a, self.bodyByteCount)
        writer.field(0x08, Int64(bitPattern: self.clusterID))
        writer.field(0x10, Int64(bitPattern: self.memberID))
        writer.field(0x18, self.revision)
        writer.field(0x20, Int64(bitPattern: self.raftTerm))
    }
}
