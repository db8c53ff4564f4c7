/// The layout of an encoded `mvccpb.KeyValue`: the bytes that a record keeps and every response splices.
///
/// Fields (`mvccpb.proto`): key 1, create_revision 2, mod_revision 3, version 4, value 5, lease 6; written in
/// field order, zero scalars and empty bytes left out, so that equal records have equal bytes.
package struct KeyValueLayout: Hashable, Sendable {
    /// Where the key's bytes are, relative to the message.
    package var key: Range<Int>
    /// Where the value's bytes are, relative to the message.
    package var value: Range<Int>
    /// The revision of the put that began this generation of the key; zero for a tombstone.
    package var createRevision: Int64
    /// The revision that wrote this record.
    package var modRevision: Int64
    /// The number of puts since the key was created; zero for a tombstone.
    package var version: Int64
    /// The lease that the key is attached to, or zero.
    package var lease: Int64

    /// Creates the layout of a message whose parts are known.
    package init(
        key: Range<Int>,
        value: Range<Int>,
        createRevision: Int64 = 0,
        modRevision: Int64 = 0,
        version: Int64 = 0,
        lease: Int64 = 0
    ) {
        self.key = key
        self.value = value
        self.createRevision = createRevision
        self.modRevision = modRevision
        self.version = version
        self.lease = lease
    }

    /// Returns the size of the message in bytes for a key and a value of these sizes.
    package static func encodedByteCount(
        keyByteCount: Int,
        valueByteCount: Int,
        createRevision: Int64,
        modRevision: Int64,
        version: Int64,
        lease: Int64
    ) -> Int {
        (keyByteCount == 0 ? 0 : ProtoSize.delimited(keyByteCount))
            + ProtoSize.field(createRevision) + ProtoSize.field(modRevision) + ProtoSize.field(version)
            + (valueByteCount == 0 ? 0 : ProtoSize.delimited(valueByteCount)) + ProtoSize.field(lease)
    }

    /// Writes the message and returns its layout, relative to where the message begins.
    package static func encode(
        key: UnsafeRawBufferPointer,
        value: UnsafeRawBufferPointer,
        createRevision: Int64,
        modRevision: Int64,
        version: Int64,
        lease: Int64,
        into writer: inout ProtoWriter
    ) -> KeyValueLayout {
        let start = writer.count
        if key.count > 0 { writer.delimited(0x0a, key) }
        let keyEnd = writer.count - start
        writer.field(0x10, createRevision)
        writer.field(0x18, modRevision)
        writer.field(0x20, version)
        if value.count > 0 { writer.delimited(0x2a, value) }
        let valueEnd = writer.count - start
        writer.field(0x30, lease)
        return KeyValueLayout(
            key: (keyEnd - key.count)..<keyEnd,
            value: (valueEnd - value.count)..<valueEnd,
            createRevision: createRevision,
            modRevision: modRevision,
            version: version,
            lease: lease
        )
    }

    /// Returns the layout of an encoded message, or `nil` when it is malformed.
    ///
    /// The last of a repeated field wins and unknown fields are skipped, as protobuf asks.
    package static func decode(_ bytes: RawSpan) -> KeyValueLayout? {
        var layout = KeyValueLayout(key: 0..<0, value: 0..<0)
        var cursor = ProtoCursor(0..<bytes.byteCount)
        while !cursor.isAtEnd {
            guard let (field, wire) = cursor.tag(in: bytes) else { return nil }
            switch (field, wire) {
            case (1, 2):
                guard let range = cursor.lengthDelimited(in: bytes) else { return nil }
                layout.key = range
            case (5, 2):
                guard let range = cursor.lengthDelimited(in: bytes) else { return nil }
                layout.value = range
            case (2...4, 0), (6, 0):
                guard let raw = cursor.varint(in: bytes) else { return nil }
                layout.setScalar(field, Int64(bitPattern: raw))
            default:
                guard cursor.skip(wire: wire, in: bytes) else { return nil }
            }
        }
        return layout
    }

    /// The size in bytes of the same message without its value, as a range of keys only answers it.
    package var byteCountWithoutValue: Int {
        Self.encodedByteCount(
            keyByteCount: self.key.count,
            valueByteCount: 0,
            createRevision: self.createRevision,
            modRevision: self.modRevision,
            version: self.version,
            lease: self.lease
        )
    }

    /// Writes the message again without its value, ``byteCountWithoutValue`` bytes; the lease stays.
    ///
    /// - Parameters:
    ///   - encoded: The message that this layout describes.
    ///   - writer: Where to write.
    package func writeWithoutValue(of encoded: UnsafeRawBufferPointer, into writer: inout ProtoWriter) {
        _ = Self.encode(
            key: UnsafeRawBufferPointer(rebasing: encoded[self.key]),
            value: UnsafeRawBufferPointer(start: nil, count: 0),
            createRevision: self.createRevision,
            modRevision: self.modRevision,
            version: self.version,
            lease: self.lease,
            into: &writer
        )
    }

    // Not inlined: without whole-module optimisation Swift 6.3.1 loses the field inside the caller's loop.
    @inline(never)
    private mutating func setScalar(_ field: Int, _ value: Int64) {
        switch field {
        case 2: self.createRevision = value
        case 3: self.modRevision = value
        case 4: self.version = value
        default: self.lease = value
        }
    }
}
