/// Reads the fields of one protobuf message from borrowed bytes; the bytes must outlive the reader.
struct ProtoReader {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// Returns the number and the wire type of the next field, or nil at the end.
    mutating func next() throws(LoadError) -> (field: Int, type: Int)? {
        guard self.offset < self.bytes.count else { return nil }
        let tag = try self.varint()
        return (Int(tag >> 3), Int(tag & 7))
    }

    mutating func varint() throws(LoadError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while self.offset < self.bytes.count, shift < 64 {
            let byte = self.bytes[self.offset]
            self.offset += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .malformed("a varint without an end")
    }

    mutating func int64() throws(LoadError) -> Int64 {
        Int64(bitPattern: try self.varint())
    }

    mutating func delimited() throws(LoadError) -> UnsafeRawBufferPointer {
        let count = try self.varint()
        guard count <= UInt64(self.bytes.count - self.offset) else {
            throw .malformed("a field that is longer than its message")
        }
        let begin = self.offset
        self.offset += Int(count)
        return UnsafeRawBufferPointer(rebasing: self.bytes[begin..<self.offset])
    }

    mutating func skip(type: Int) throws(LoadError) {
        switch type {
        case 0: _ = try self.varint()
        case 1: try self.advance(by: 8)
        case 2: _ = try self.delimited()
        case 5: try self.advance(by: 4)
        default: throw .malformed("wire type \(type)")
        }
    }

    private mutating func advance(by count: Int) throws(LoadError) {
        guard count <= self.bytes.count - self.offset else {
            throw .malformed("a field that is longer than its message")
        }
        self.offset += count
    }
}
