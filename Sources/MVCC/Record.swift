package import EtcdAPI
package import NIOCore

/// One revision of one key: a put or a tombstone.
///
/// A record is one heap allocation that holds its metadata and the encoded `mvccpb.KeyValue`, written once at
/// commit and spliced into every response, event and database row after that. It never changes, so copies
/// share it.
@safe package struct Record: @unchecked Sendable {
    // Unchecked: the storage is written only while it is created, before anyone else has a reference to it.
    private let storage: RecordStorage

    /// Creates the record of a put.
    ///
    /// - Parameters:
    ///   - key: The key; not empty.
    ///   - value: The value; may be empty.
    ///   - createRevision: The revision of the put that began this generation of the key.
    ///   - modRevision: The revision that writes this record.
    ///   - sub: The position of this change inside its revision, from zero.
    ///   - version: One for the first put of a generation, then one more with each put.
    ///   - lease: The lease that the key is attached to, or zero.
    package init(
        key: ByteBuffer,
        value: ByteBuffer,
        createRevision: Int64,
        modRevision: Int64,
        sub: Int,
        version: Int64,
        lease: Int64
    ) {
        self.storage = unsafe key.withUnsafeReadableBytes { key in
            unsafe value.withUnsafeReadableBytes { value in
                unsafe RecordStorage.make(
                    key: key,
                    value: value,
                    createRevision: createRevision,
                    modRevision: modRevision,
                    version: version,
                    lease: lease,
                    sub: sub,
                    isTombstone: false
                )
            }
        }
    }

    /// Creates the tombstone of the key that `deleted` holds.
    package init(tombstoneOf deleted: Record, modRevision: Int64, sub: Int) {
        self.storage = unsafe deleted.withUnsafeKey { key in
            unsafe RecordStorage.make(
                key: key,
                value: UnsafeRawBufferPointer(start: nil, count: 0),
                createRevision: 0,
                modRevision: modRevision,
                version: 0,
                lease: 0,
                sub: sub,
                isTombstone: true
            )
        }
    }

    /// Restores a record from its encoded bytes, or returns `nil` when they are not a key-value message.
    package init?(encoded: UnsafeRawBufferPointer, sub: Int, isTombstone: Bool) {
        guard let storage = unsafe RecordStorage.make(encoded: encoded, sub: sub, isTombstone: isTombstone)
        else {
            return nil
        }
        self.storage = storage
    }

    /// The revision of the put that began this generation of the key; zero for a tombstone.
    package var createRevision: Int64 { self.header.createRevision }
    /// The revision that wrote this record.
    package var modRevision: Int64 { self.header.modRevision }
    /// The position of this change inside its revision.
    package var sub: Int { Int(self.header.sub) }
    /// The number of puts since the key was created; zero for a tombstone.
    package var version: Int64 { self.header.version }
    /// The lease that the key is attached to, or zero.
    package var lease: Int64 { self.header.lease }
    /// Whether this record deletes its key.
    package var isTombstone: Bool { self.header.isTombstone }
    /// The size of the key in bytes.
    package var keyByteCount: Int { Int(self.header.keyByteCount) }
    /// The size of the value in bytes.
    package var valueByteCount: Int { Int(self.header.valueByteCount) }
    /// The size of the encoded key-value message in bytes.
    package var encodedByteCount: Int { Int(self.header.encodedByteCount) }

    /// Where the parts of the encoded message are.
    package var layout: KeyValueLayout {
        let header = self.header
        return KeyValueLayout(
            key: Int(header.keyOffset)..<Int(header.keyOffset + header.keyByteCount),
            value: Int(header.valueOffset)..<Int(header.valueOffset + header.valueByteCount),
            createRevision: header.createRevision,
            modRevision: header.modRevision,
            version: header.version,
            lease: header.lease
        )
    }

    /// A copy of the key.
    package var key: ByteBuffer { unsafe self.withUnsafeKey { unsafe ByteBuffer(bytes: $0) } }
    /// A copy of the value.
    package var value: ByteBuffer { unsafe self.withUnsafeValue { unsafe ByteBuffer(bytes: $0) } }

    /// Lends the key's bytes for the time of `body`.
    @inline(__always)
    package func withUnsafeKey<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        let header = self.header
        return try unsafe body(self.bytes(Int(header.keyOffset), Int(header.keyByteCount)))
    }

    /// Lends the value's bytes for the time of `body`.
    @inline(__always)
    package func withUnsafeValue<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R
    {
        let header = self.header
        return try unsafe body(self.bytes(Int(header.valueOffset), Int(header.valueByteCount)))
    }

    /// Lends the encoded key-value message for the time of `body`.
    @inline(__always)
    package func withUnsafeEncoded<R, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try unsafe body(self.bytes(0, Int(self.header.encodedByteCount)))
    }

    /// The metadata, read past the dynamic check of exclusive access: it never changes.
    @inline(__always)
    private var header: RecordHeader {
        unsafe self.storage.withUnsafeMutablePointerToHeader { unsafe $0.pointee }
    }

    @inline(__always)
    private func bytes(_ offset: Int, _ count: Int) -> UnsafeRawBufferPointer {
        // The pointer is valid while `storage` lives, which `self` keeps alive during the callers' bodies.
        unsafe self.storage.withUnsafeMutablePointerToElements {
            unsafe UnsafeRawBufferPointer(start: $0 + offset, count: count)
        }
    }
}

/// The metadata of a record, kept beside its bytes.
struct RecordHeader {
    var createRevision: Int64
    var modRevision: Int64
    var version: Int64
    var lease: Int64
    var sub: Int32
    var keyOffset: Int32
    var keyByteCount: Int32
    var valueOffset: Int32
    var valueByteCount: Int32
    var encodedByteCount: Int32
    var isTombstone: Bool
}

/// The single allocation of a record: metadata, then the encoded message.
@safe private final class RecordStorage: ManagedBuffer<RecordHeader, UInt8> {
    static func make(
        key: UnsafeRawBufferPointer,
        value: UnsafeRawBufferPointer,
        createRevision: Int64,
        modRevision: Int64,
        version: Int64,
        lease: Int64,
        sub: Int,
        isTombstone: Bool
    ) -> RecordStorage {
        let count = KeyValueLayout.encodedByteCount(
            keyByteCount: key.count,
            valueByteCount: value.count,
            createRevision: createRevision,
            modRevision: modRevision,
            version: version,
            lease: lease
        )
        return unsafe self.allocate(byteCount: count, sub: sub, isTombstone: isTombstone) { memory in
            var writer = unsafe ProtoWriter(memory)
            let layout = unsafe KeyValueLayout.encode(
                key: key,
                value: value,
                createRevision: createRevision,
                modRevision: modRevision,
                version: version,
                lease: lease,
                into: &writer
            )
            assert(writer.count == count)
            return layout
        }
    }

    static func make(encoded: UnsafeRawBufferPointer, sub: Int, isTombstone: Bool) -> RecordStorage? {
        guard let layout = unsafe KeyValueLayout.decode(RawSpan(_unsafeBytes: encoded)), !layout.key.isEmpty
        else {
            return nil
        }
        return unsafe self.allocate(byteCount: encoded.count, sub: sub, isTombstone: isTombstone) { memory in
            unsafe memory.copyMemory(from: encoded)
            return layout
        }
    }

    private static func allocate(
        byteCount: Int,
        sub: Int,
        isTombstone: Bool,
        fill: (UnsafeMutableRawBufferPointer) -> KeyValueLayout
    ) -> RecordStorage {
        let buffer = RecordStorage.create(minimumCapacity: byteCount) { buffer in
            let layout = unsafe buffer.withUnsafeMutablePointerToElements {
                unsafe fill(UnsafeMutableRawBufferPointer(start: $0, count: byteCount))
            }
            return RecordHeader(
                createRevision: layout.createRevision,
                modRevision: layout.modRevision,
                version: layout.version,
                lease: layout.lease,
                sub: Int32(sub),
                keyOffset: Int32(layout.key.lowerBound),
                keyByteCount: Int32(layout.key.count),
                valueOffset: Int32(layout.value.lowerBound),
                valueByteCount: Int32(layout.value.count),
                encodedByteCount: Int32(byteCount),
                isTombstone: isTombstone
            )
        }
        return unsafe unsafeDowncast(buffer, to: RecordStorage.self)
    }
}
