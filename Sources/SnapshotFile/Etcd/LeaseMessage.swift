import EtcdAPI
import NIOCore

/// What etcd stores of a lease (`lease/leasepb/lease.proto`).
struct LeaseMessage: Hashable {
    var id: Int64
    /// The granted time to live in seconds.
    var ttlSeconds: Int64

    init(id: Int64, ttlSeconds: Int64) {
        self.id = id
        self.ttlSeconds = ttlSeconds
    }

    /// Reads a stored lease, or returns `nil` when the bytes are not one.
    init?(_ bytes: ArraySlice<UInt8>) {
        self.init(id: 0, ttlSeconds: 0)
        let copy = ByteBuffer(bytes: bytes)
        let span = copy.readableBytesSpan
        var cursor = ProtoCursor(0..<span.byteCount)
        while !cursor.isAtEnd {
            guard let (field, wire) = cursor.tag(in: span) else { return nil }
            switch (field, wire) {
            case (1, 0), (2, 0):
                guard let number = cursor.varint(in: span) else { return nil }
                if field == 1 {
                    self.id = Int64(bitPattern: number)
                } else {
                    self.ttlSeconds = Int64(bitPattern: number)
                }
            default:
                // What is left of the lease, which etcd notes now and then: a restart refreshes leases here.
                guard cursor.skip(wire: wire, in: span) else { return nil }
            }
        }
    }

    var encoded: [UInt8] {
        let count = ProtoSize.field(self.id) + ProtoSize.field(self.ttlSeconds)
        return encode(byteCount: count) { writer in
            writer.field(0x08, self.id)
            writer.field(0x10, self.ttlSeconds)
        }
    }
}

/// What etcd stores of a raised alarm (`etcdserverpb/rpc.proto`, AlarmMember).
struct AlarmMessage: Hashable {
    var memberID: UInt64
    /// etcd's number of the alarm.
    var alarm: UInt8

    var encoded: [UInt8] {
        let member = Int64(bitPattern: self.memberID)
        let alarm = Int64(self.alarm)
        return encode(byteCount: ProtoSize.field(member) + ProtoSize.field(alarm)) { writer in
            writer.field(0x08, member)
            writer.field(0x10, alarm)
        }
    }
}

private func encode(byteCount: Int, _ body: (inout ProtoWriter) -> Void) -> [UInt8] {
    var buffer = ByteBuffer()
    buffer.writeMessage(byteCount: byteCount, body)
    return Array(buffer.readableBytesView)
}
