/// An IPv4 or IPv6 address.
///
/// An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is the IPv4 address, as it is for Go's `net.IP`.
package struct IPAddress: Sendable, Hashable, Comparable {
    /// The two families.
    package enum Family: Sendable, Hashable {
        case v4
        case v6

        /// The number of bits of an address.
        package var bitCount: Int { self == .v4 ? 32 : 128 }
    }

    /// The 4 or 16 bytes, in network order.
    package let bytes: [UInt8]

    /// The family.
    package var family: Family { self.bytes.count == 4 ? .v4 : .v6 }

    /// Creates an address from 4 or 16 bytes in network order; `nil` for another number.
    package init?(bytes: [UInt8]) {
        switch bytes.count {
        case 4: self.bytes = bytes
        case 16: self.bytes = bytes.starts(with: Self.mappedPrefix) ? Array(bytes[12...]) : bytes
        default: return nil
        }
    }

    /// Parses the textual form (RFC 4291 section 2.2); no zone, no port, no prefix length, no leading zeros
    /// in decimal parts.
    package init?(_ text: String) {
        let parsed = text.utf8.contains(UInt8(ascii: ":")) ? Self.parseIPv6(text) : Self.parseIPv4(text[...])
        guard let parsed else { return nil }
        self.init(bytes: parsed)
    }

    private static let mappedPrefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

    private static func parseIPv4(_ text: Substring) -> [UInt8]? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
            guard part.count == 1 || part.first != UInt8(ascii: "0") else { return nil }
            guard let byte = UInt8(Substring(part)) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func parseIPv6(_ text: String) -> [UInt8]? {
        // "::" stands for as many zero groups as are missing, and may appear once.
        guard let gap = text.firstRange(of: "::") else {
            guard let bytes = self.groups(text[...]), bytes.count == 16 else { return nil }
            return bytes
        }
        let head = text[..<gap.lowerBound]
        let tail = text[gap.upperBound...]
        // An IPv4 part may only be the last.
        guard !head.utf8.contains(UInt8(ascii: ".")), !tail.hasPrefix(":") else { return nil }
        guard let left = self.groups(head), let right = self.groups(tail) else { return nil }
        guard left.count + right.count <= 14 else { return nil }
        return left + [UInt8](repeating: 0, count: 16 - left.count - right.count) + right
    }

    /// Parses groups of hexadecimal digits separated by colons, the last of which may be an IPv4 address.
    private static func groups(_ text: Substring) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 8 else { return nil }
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if part.utf8.contains(UInt8(ascii: ".")) {
                guard index == parts.count - 1, let address = self.parseIPv4(part) else { return nil }
                bytes += address
            } else {
                guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(self.isHexadecimal) else {
                    return nil
                }
                guard let group = UInt16(part, radix: 16) else { return nil }
                bytes += [UInt8(group >> 8), UInt8(group & 0xff)]
            }
        }
        return bytes
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }

    /// Orders IPv4 before IPv6, then by value.
    package static func < (left: IPAddress, right: IPAddress) -> Bool {
        guard left.bytes.count == right.bytes.count else { return left.bytes.count < right.bytes.count }
        return left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension IPAddress: CustomStringConvertible {
    /// The canonical text (RFC 5952), which is what Go writes and Cilium's keys contain.
    package var description: String {
        if self.family == .v4 { return self.bytes.map { String($0) }.joined(separator: ".") }
        let groups = (0..<8).map { UInt16(self.bytes[2 * $0]) << 8 | UInt16(self.bytes[2 * $0 + 1]) }
        let gap = Self.longestZeroRun(groups)
        let text = { (part: ArraySlice<UInt16>) in
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard gap.count >= 2 else { return text(groups[...]) }
        return text(groups[..<gap.lowerBound]) + "::" + text(groups[gap.upperBound...])
    }

    /// The first of the longest runs of zeros.
    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        for index in 0...groups.count where index == groups.count || groups[index] != 0 {
            if index - start > longest.count { longest = start..<index }
            start = index + 1
        }
        return longest
    }
}
