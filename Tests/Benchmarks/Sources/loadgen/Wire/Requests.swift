import NIOCore

/// Writes etcd's requests with the five bytes that gRPC puts in front of a message.
enum Requests {
    /// Writes a Range of one key.
    static func range(_ number: Int, of keys: KeyNames, into buffer: inout ByteBuffer) {
        self.framed(into: &buffer) { buffer in
            self.appendTag(1, count: keys.length, to: &buffer)
            keys.append(number, to: &buffer)
        }
    }

    /// Writes a Range of one page, as Cilium lists: pinned to `revision` unless that is zero.
    static func page(
        from key: [UInt8],
        to end: [UInt8],
        limit: Int,
        revision: Int64,
        into buffer: inout ByteBuffer
    ) {
        self.framed(into: &buffer) { buffer in
            self.append(1, key, to: &buffer)
            self.append(2, end, to: &buffer)
            self.append(3, UInt64(limit), to: &buffer)
            if revision != 0 { self.append(4, UInt64(revision), to: &buffer) }
        }
    }

    /// Writes a Put whose value is `head` and then filler up to `size` bytes.
    static func put(
        _ number: Int,
        of keys: KeyNames,
        size: Int,
        filler: ByteBuffer,
        into buffer: inout ByteBuffer,
        head: (inout ByteBuffer) -> Void
    ) {
        self.framed(into: &buffer) { buffer in
            self.appendTag(1, count: keys.length, to: &buffer)
            keys.append(number, to: &buffer)
            self.appendTag(2, count: size, to: &buffer)
            let begin = buffer.writerIndex
            head(&buffer)
            let rest = size - (buffer.writerIndex - begin)
            precondition(rest >= 0 && rest <= filler.readableBytes, "the head must fit into the value")
            buffer.writeImmutableBuffer(filler.getSlice(at: filler.readerIndex, length: rest) ?? filler)
        }
    }

    /// Writes the creation of a watch of all keys.
    static func watch(_ keys: KeyNames, into buffer: inout ByteBuffer) {
        var create = ByteBuffer()
        self.append(1, keys.prefix, to: &create)
        self.append(2, keys.end, to: &create)
        self.framed(into: &buffer) { buffer in
            self.appendTag(1, count: create.readableBytes, to: &buffer)
            buffer.writeImmutableBuffer(create)
        }
    }

    private static func framed(into buffer: inout ByteBuffer, _ body: (inout ByteBuffer) -> Void) {
        let begin = buffer.writerIndex
        buffer.writeInteger(UInt8(0))
        buffer.writeInteger(UInt32(0))
        body(&buffer)
        buffer.setInteger(UInt32(buffer.writerIndex - begin - 5), at: begin + 1)
    }

    private static func append(_ field: UInt64, _ bytes: [UInt8], to buffer: inout ByteBuffer) {
        self.appendTag(field, count: bytes.count, to: &buffer)
        buffer.writeBytes(bytes)
    }

    private static func append(_ field: UInt64, _ value: UInt64, to buffer: inout ByteBuffer) {
        self.appendVarint(field << 3, to: &buffer)
        self.appendVarint(value, to: &buffer)
    }

    private static func appendTag(_ field: UInt64, count: Int, to buffer: inout ByteBuffer) {
        self.appendVarint(field << 3 | 2, to: &buffer)
        self.appendVarint(UInt64(count), to: &buffer)
    }

    private static func appendVarint(_ value: UInt64, to buffer: inout ByteBuffer) {
        var rest = value
        while rest >= 0x80 {
            buffer.writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        buffer.writeInteger(UInt8(rest))
    }
}
