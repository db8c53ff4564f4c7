extension RawSpan {
    /// Returns the byte at `index`, which must be in bounds.
    func byte(at index: Int) -> UInt8 {
        precondition((0..<self.byteCount).contains(index), "a byte outside of a span")
        return unsafe self.unsafeLoad(fromByteOffset: index, as: UInt8.self)
    }

    /// Where the text without the white space around it lies.
    var withoutWhiteSpace: Range<Int> {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
        var start = 0
        var end = self.byteCount
        while start < end, isSpace(self.byte(at: start)) { start += 1 }
        while start < end, isSpace(self.byte(at: end - 1)) { end -= 1 }
        return start..<end
    }

    /// Whether the bytes are the same, in a time that depends on their number only.
    func isEqual(to other: RawSpan) -> Bool {
        guard self.byteCount == other.byteCount else { return false }
        var difference: UInt8 = 0
        for index in 0..<self.byteCount { difference |= self.byte(at: index) ^ other.byte(at: index) }
        return difference == 0
    }
}
