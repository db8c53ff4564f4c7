import EtcdAPI
import NIOCore
import SwiftProtobuf

/// Returns the bytes that `body` writes, which are exactly `byteCount` or the process traps.
func written(_ byteCount: Int, _ body: (inout ProtoWriter) -> Void) -> [UInt8] {
    var buffer = ByteBuffer()
    buffer.writeMessage(byteCount: byteCount, body)
    return Array(buffer.readableBytesView)
}

extension Message {
    /// The message as swift-protobuf writes it: the oracle of the fast path.
    func encoded() throws -> [UInt8] { try self.serializedBytes() }

    /// Reads the message as swift-protobuf does, or returns `nil` when it finds it malformed.
    static func decoded(_ bytes: [UInt8]) -> Self? { try? Self(serializedBytes: bytes) }

    /// Whether a field that this message does not know is a group: swift-protobuf steps over groups, which
    /// proto3 has not, and the fast path refuses them.
    var hasUnknownGroup: Bool {
        let bytes = [UInt8](self.unknownFields.data)
        let span = bytes.span.bytes
        var cursor = ProtoCursor(0..<span.byteCount)
        while let (_, wire) = cursor.tag(in: span) {
            if wire == 3 { return true }
            guard cursor.skip(wire: wire, in: span) else { return false }
        }
        return false
    }
}
