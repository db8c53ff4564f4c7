import NIOCore

/// The keys of the benchmark: a prefix as Cilium uses it and a number of ten digits, so that key order is
/// the order of the numbers.
struct KeyNames: Sendable {
    static let digits = 10
    let prefix: [UInt8]

    init(prefix: String) {
        self.prefix = Array(prefix.utf8)
    }

    var length: Int { self.prefix.count + Self.digits }

    /// The first key that is behind all keys of the prefix.
    var end: [UInt8] {
        var end = self.prefix
        end[end.count - 1] += 1
        return end
    }

    func append(_ number: Int, to buffer: inout ByteBuffer) {
        buffer.writeBytes(self.prefix)
        Self.appendDigits(number, to: &buffer)
    }

    static func appendDigits(_ number: Int, to buffer: inout ByteBuffer) {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.digits) { bytes in
            var rest = number
            for index in stride(from: Self.digits - 1, through: 0, by: -1) {
                bytes[index] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            return Self.digits
        }
    }

    /// Returns the number that `bytes` begin with, or nil when they do not begin with ten digits.
    static func number(in bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= Self.digits else { return nil }
        var number = 0
        for byte in bytes.prefix(Self.digits) {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            number = number * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return number
    }

    /// Returns the number of a key of this prefix, or nil when it is another key.
    func number(ofKey key: UnsafeRawBufferPointer) -> Int? {
        guard key.count == self.length else { return nil }
        return Self.number(in: UnsafeRawBufferPointer(rebasing: key[self.prefix.count...]))
    }
}
