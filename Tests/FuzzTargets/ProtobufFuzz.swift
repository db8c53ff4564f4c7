import EtcdAPI
import FoundationEssentials
import NIOCore
import SwiftProtobuf

/// Decodes a message by the fast path and by swift-protobuf, and writes again what was read.
///
/// The first byte of an input says which message it is; the rest are its bytes.
enum ProtobufFuzz {
    static func run(_ input: [UInt8]) {
        let bytes = Array(input.dropFirst())
        switch (input.first ?? 0) % 3 {
        case 0: self.range(bytes)
        case 1: self.put(bytes)
        default: self.keyValue(bytes)
        }
    }

    /// Reads a message as swift-protobuf does; `nil` when the fast path has to refuse it.
    ///
    /// swift-protobuf steps over groups, which proto3 has not, and the fast path refuses them.
    private static func oracle<M: Message>(_ bytes: [UInt8], _ type: M.Type) -> M? {
        guard let message = try? M(serializedBytes: bytes) else { return nil }
        let unknown = [UInt8](message.unknownFields.data)
        let span = unknown.span.bytes
        var cursor = ProtoCursor(0..<span.byteCount)
        while let (_, wire) = cursor.tag(in: span) {
            if wire == 3 { return nil }
            guard cursor.skip(wire: wire, in: span) else { break }
        }
        return message
    }

    private static func range(_ bytes: [UInt8]) {
        let request = FastRangeRequest.decode(bytes.span.bytes)
        guard let expected = self.oracle(bytes, Etcdserverpb_RangeRequest.self) else {
            return require(request == nil, "what is malformed is refused")
        }
        guard let request else { return require(false, "what is well formed is read") }
        require(Array(bytes[request.key]) == Array(expected.key), "key")
        require(Array(bytes[request.rangeEnd]) == Array(expected.rangeEnd), "range_end")
        require(request.limit == expected.limit, "limit")
        require(request.revision == expected.revision, "revision")
        require(request.sortOrder == expected.sortOrder.rawValue, "sort_order")
        require(request.sortTarget == expected.sortTarget.rawValue, "sort_target")
        require(request.serializable == expected.serializable, "serializable")
        require(request.keysOnly == expected.keysOnly, "keys_only")
        require(request.countOnly == expected.countOnly, "count_only")
        require(request.minModRevision == expected.minModRevision, "min_mod_revision")
        require(request.maxModRevision == expected.maxModRevision, "max_mod_revision")
        require(request.minCreateRevision == expected.minCreateRevision, "min_create_revision")
        require(request.maxCreateRevision == expected.maxCreateRevision, "max_create_revision")
    }

    private static func put(_ bytes: [UInt8]) {
        let request = FastPutRequest.decode(bytes.span.bytes)
        guard let expected = self.oracle(bytes, Etcdserverpb_PutRequest.self) else {
            return require(request == nil, "what is malformed is refused")
        }
        guard let request else { return require(false, "what is well formed is read") }
        require(Array(bytes[request.key]) == Array(expected.key), "key")
        require(Array(bytes[request.value]) == Array(expected.value), "value")
        require(request.lease == expected.lease, "lease")
        require(request.prevKV == expected.prevKv, "prev_kv")
        require(request.ignoreValue == expected.ignoreValue, "ignore_value")
        require(request.ignoreLease == expected.ignoreLease, "ignore_lease")
    }

    private static func keyValue(_ bytes: [UInt8]) {
        let layout = KeyValueLayout.decode(bytes.span.bytes)
        guard let expected = self.oracle(bytes, Mvccpb_KeyValue.self) else {
            return require(layout == nil, "what is malformed is refused")
        }
        guard let layout else { return require(false, "what is well formed is read") }
        require(Array(bytes[layout.key]) == Array(expected.key), "key")
        require(Array(bytes[layout.value]) == Array(expected.value), "value")
        require(layout.createRevision == expected.createRevision, "create_revision")
        require(layout.modRevision == expected.modRevision, "mod_revision")
        require(layout.version == expected.version, "version")
        require(layout.lease == expected.lease, "lease")
        self.writeAgain(bytes, layout, expected)
    }

    /// What was read is written as swift-protobuf writes it, with and without its value.
    private static func writeAgain(_ bytes: [UInt8], _ layout: KeyValueLayout, _ message: Mvccpb_KeyValue) {
        var known = message
        known.unknownFields = UnknownStorage()
        let byteCount = KeyValueLayout.encodedByteCount(
            keyByteCount: layout.key.count,
            valueByteCount: layout.value.count,
            createRevision: layout.createRevision,
            modRevision: layout.modRevision,
            version: layout.version,
            lease: layout.lease
        )
        let whole = self.written(byteCount) { writer in
            bytes.withUnsafeBytes { bytes in
                _ = KeyValueLayout.encode(
                    key: UnsafeRawBufferPointer(rebasing: bytes[layout.key]),
                    value: UnsafeRawBufferPointer(rebasing: bytes[layout.value]),
                    createRevision: layout.createRevision,
                    modRevision: layout.modRevision,
                    version: layout.version,
                    lease: layout.lease,
                    into: &writer
                )
            }
        }
        require(whole == (try? known.serializedBytes()), "the same bytes as swift-protobuf")
        known.value = .init()
        let blank = self.written(layout.byteCountWithoutValue) { writer in
            bytes.withUnsafeBytes { layout.writeWithoutValue(of: $0, into: &writer) }
        }
        require(blank == (try? known.serializedBytes()), "the same bytes without the value")
    }

    private static func written(_ byteCount: Int, _ body: (inout ProtoWriter) -> Void) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeMessage(byteCount: byteCount, body)
        return Array(buffer.readableBytesView)
    }
}
