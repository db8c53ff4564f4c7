/// Sizes of encoded protobuf parts, in bytes.
package enum ProtoSize {
    /// Returns the size of `value` as a varint: 1 to 10.
    @inline(__always)
    package static func varint(_ value: UInt64) -> Int {
        (70 - (value | 1).leadingZeroBitCount) / 7
    }

    /// Returns the size of a scalar field with a one-byte tag, which proto3 leaves out when the value is
    /// zero.
    @inline(__always)
    package static func field(_ value: Int64) -> Int {
        value == 0 ? 0 : 1 + self.varint(UInt64(bitPattern: value))
    }

    /// Returns the size of a Boolean field with a one-byte tag, which proto3 leaves out when it is false.
    @inline(__always)
    package static func field(_ value: Bool) -> Int {
        value ? 2 : 0
    }

    /// Returns the size of a length-delimited field with a one-byte tag, written even when it is empty.
    @inline(__always)
    package static func delimited(_ count: Int) -> Int {
        1 + self.varint(UInt64(count)) + count
    }
}

/// Writes protobuf fields into memory that the caller has sized exactly.
///
/// Writing past the end is a programmer error and traps. The memory must outlive the writer; it is used only
/// inside the closure that lends the memory.
package struct ProtoWriter {
    private let base: UnsafeMutableRawPointer
    private let capacity: Int
    /// The number of bytes written so far.
    package private(set) var count = 0

    /// Creates a writer over `buffer`.
    package init(_ buffer: UnsafeMutableRawBufferPointer) {
        // An empty buffer may have no address; nothing is ever written to it then.
        self.base = buffer.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 1).unsafelyUnwrapped
        self.capacity = buffer.count
    }

    /// Appends one byte, for tags and fixed parts.
    @inline(__always)
    package mutating func byte(_ value: UInt8) {
        precondition(self.count < self.capacity, "an encoded message is larger than its computed size")
        self.base.storeBytes(of: value, toByteOffset: self.count, as: UInt8.self)
        self.count += 1
    }

    /// Appends a varint.
    @inline(__always)
    package mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            self.byte(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.byte(UInt8(truncatingIfNeeded: rest))
    }

    /// Appends a scalar field, or nothing when the value is zero.
    @inline(__always)
    package mutating func field(_ tag: UInt8, _ value: Int64) {
        guard value != 0 else { return }
        self.byte(tag)
        self.varint(UInt64(bitPattern: value))
    }

    /// Appends a Boolean field, or nothing when it is false.
    @inline(__always)
    package mutating func field(_ tag: UInt8, _ value: Bool) {
        guard value else { return }
        self.byte(tag)
        self.byte(1)
    }

    /// Appends the tag and the length of a field whose `count` bytes the caller writes next.
    @inline(__always)
    package mutating func prefix(_ tag: UInt8, _ count: Int) {
        self.byte(tag)
        self.varint(UInt64(count))
    }

    /// Appends a length-delimited field.
    @inline(__always)
    package mutating func delimited(_ tag: UInt8, _ bytes: UnsafeRawBufferPointer) {
        self.prefix(tag, bytes.count)
        self.raw(bytes)
    }

    /// Appends bytes as they are.
    @inline(__always)
    package mutating func raw(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        precondition(
            bytes.count <= self.capacity - self.count,
            "an encoded message is larger than its computed size"
        )
        (self.base + self.count).copyMemory(from: source, byteCount: bytes.count)
        self.count += bytes.count
    }
}
