/// A block of addresses: a network and the length of its prefix (CIDR, RFC 4632).
package struct AddressBlock: Sendable, Hashable {
    /// The first address; the bits after the prefix are zero.
    package let network: IPAddress
    /// The number of leading bits that all addresses share: 0 to 32 or 128.
    package let prefixLength: Int

    /// Creates the block of that length that contains `address`; `nil` if the length does not fit the family.
    package init?(containing address: IPAddress, prefixLength: Int) {
        guard (0...address.family.bitCount).contains(prefixLength) else { return nil }
        let mask = Self.mask(address.family, prefixLength)
        let masked = zip(address.bytes, mask).map { $0 & $1 }
        guard let network = IPAddress(bytes: masked) else { return nil }
        self.network = network
        self.prefixLength = prefixLength
    }

    /// Parses `address/length`.
    ///
    /// Bits after the prefix are dropped, as Go's `net.ParseCIDR` does.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])) else { return nil }
        let digits = parts[1].utf8
        guard (1...3).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        guard digits.count == 1 || digits.first != UInt8(ascii: "0") else { return nil }
        guard let length = Int(parts[1]) else { return nil }
        self.init(containing: address, prefixLength: length)
    }

    /// Creates a block from an address and a mask; `nil` unless the mask is as long, and ones, then zeros.
    package init?(containing address: IPAddress, mask: [UInt8]) {
        let length = mask.prefix { $0 == 0xff }.count * 8
        let rest = mask.first { $0 != 0xff }.map { (~$0).leadingZeroBitCount } ?? 0
        guard mask == Self.mask(address.family, length + rest) else { return nil }
        self.init(containing: address, prefixLength: length + rest)
    }

    /// The mask's 4 or 16 bytes.
    package var mask: [UInt8] { Self.mask(self.network.family, self.prefixLength) }

    /// Whether `address` is in the block.
    package func contains(_ address: IPAddress) -> Bool {
        address.family == self.network.family
            && AddressBlock(containing: address, prefixLength: self.prefixLength) == self
    }

    /// Whether all of `other` is in the block.
    package func contains(_ other: AddressBlock) -> Bool {
        other.prefixLength >= self.prefixLength && self.contains(other.network)
    }

    private static func mask(_ family: IPAddress.Family, _ length: Int) -> [UInt8] {
        (0..<family.bitCount / 8).map { index in
            let bits = min(8, max(0, length - 8 * index))
            return bits == 0 ? 0 : 0xff << (8 - bits)
        }
    }
}

extension AddressBlock: CustomStringConvertible {
    /// The canonical text, `network/length`.
    package var description: String { "\(self.network)/\(self.prefixLength)" }
}
