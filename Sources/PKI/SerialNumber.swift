/// The number that an issuer gives to one certificate: a big-endian magnitude of 1 to 20 bytes.
package struct SerialNumber: Hashable, Sendable {
    /// The bytes, most significant first, without leading zeros (one zero byte for the number zero).
    package let bytes: [UInt8]

    /// Creates a number from its magnitude, as it stands in a certificate.
    package init(magnitude: some Sequence<UInt8>) {
        let significant = Array(magnitude.drop { $0 == 0 })
        self.bytes = significant.isEmpty ? [0] : significant
    }

    /// Creates a number that counts something.
    package init(_ value: UInt64) {
        self.init(magnitude: (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) })
    }

    /// Creates an unpredictable number of 127 bits: positive, never zero, within RFC 5280's 20 bytes.
    package static func random(using generator: inout some RandomNumberGenerator) -> SerialNumber {
        var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        // The top bit is a sign in DER; the bit below it keeps every number at the same length.
        bytes[0] = bytes[0] & 0x3f | 0x40
        return SerialNumber(magnitude: bytes)
    }
}

extension SerialNumber: Comparable {
    /// Compares the numbers.
    package static func < (left: SerialNumber, right: SerialNumber) -> Bool {
        guard left.bytes.count == right.bytes.count else { return left.bytes.count < right.bytes.count }
        return left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension SerialNumber: CustomStringConvertible {
    /// The number in upper-case hexadecimal, two digits a byte, as OpenSSL's tools print it.
    package var description: String {
        hexadecimal(self.bytes, uppercase: true)
    }
}

/// Returns two hexadecimal digits for each byte.
func hexadecimal(_ bytes: some Sequence<UInt8>, uppercase: Bool = false) -> String {
    bytes.reduce(into: "") { text, byte in
        let digits = String(byte, radix: 16, uppercase: uppercase)
        text += digits.count == 1 ? "0\(digits)" : digits
    }
}
