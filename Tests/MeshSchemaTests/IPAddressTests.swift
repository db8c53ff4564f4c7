import Foundation
import MeshSchema
import TestSupport
import Testing

@Suite struct IPAddressTests {
    @Test(
        "texts of the C library are read and written alike",
        arguments: [
            "0.0.0.0", "255.255.255.255", "10.1.0.11", "::", "::1", "1::", "fd00::b", "2001:db8::1:0:0:1",
            "1:0:0:2:0:0:0:3", "1:2:3:4:5:6:7:8", "0:1:2:3:4:5:6:7", "1:2:3:4:5:6:7:0", "FE80::A", "::2:3",
            "1:2:3:4:5:6:1.2.3.4", "::1.2.3.4", "64:ff9b::1.2.3.4",
        ]
    )
    func agreesWithTheLibrary(text: String) {
        #expect(IPAddress(text)?.bytes == Self.library(text))
        #expect(IPAddress(text).map(\.description).flatMap { IPAddress($0) } == IPAddress(text))
    }

    @Test(
        "what is not an address is refused",
        arguments: [
            "", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1..2.3", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4/8",
            ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "::12345", "::g", "fe80::1%eth0",
            "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1.2.3.4::", "::1.2.3", "1:2:3:4:5:6:7:1.2.3.4",
            ":1::2",
            "1::2:", "+1.2.3.4", "１.2.3.4", "::1.2.3.4:5",
        ]
    )
    func refuses(text: String) {
        #expect(IPAddress(text) == nil)
        #expect(Self.library(text) == nil)
    }

    @Test func randomTextsAgreeWithTheLibrary() {
        var random = SeededGenerator(seed: 7)
        let alphabet = Array("0123456789abf:::...")
        for _ in 0..<50_000 {
            let text = String((0..<2 + random.below(14)).map { _ in alphabet[random.below(alphabet.count)] })
            #expect(IPAddress(text)?.bytes == Self.library(text), "\(text)")
        }
    }

    @Test(
        "the canonical text",
        arguments: [
            ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
            ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"), ("::ffff:10.0.0.1", "10.0.0.1"),
            ("0:0:0:0:0:0:0:0", "::"), ("1:0:0:0:0:0:0:0", "1::"),
        ]
    )
    func canonical(text: String, expected: String) {
        #expect(IPAddress(text)?.description == expected)
    }

    @Test(
        "blocks",
        arguments: [
            ("10.1.2.3/24", "10.1.2.0/24"), ("10.1.2.3/0", "0.0.0.0/0"), ("10.1.2.3/32", "10.1.2.3/32"),
            ("fd00::ff/120", "fd00::/120"), ("10.0.0.0/9", "10.0.0.0/9"), ("10.255.0.0/9", "10.128.0.0/9"),
        ]
    )
    func blocks(text: String, expected: String) throws {
        let block = try #require(AddressBlock(text))
        #expect(block.description == expected)
        #expect(AddressBlock(containing: block.network, mask: block.mask) == block)
    }

    @Test(
        "what is not a block is refused",
        arguments: [
            "10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/", "/8", "::/129", "a/8",
        ]
    )
    func refusesBlocks(text: String) {
        #expect(AddressBlock(text) == nil)
    }

    @Test func aMaskOfOnesAfterZerosIsNoBlock() throws {
        let address = try #require(IPAddress("10.0.0.0"))
        for mask: [UInt8] in [[255, 0, 255, 0], [0, 255, 0, 0], [255, 0x81, 0, 0], [255, 255], []] {
            #expect(AddressBlock(containing: address, mask: mask) == nil)
        }
    }

    @Test func aBlockContainsItsAddressesAndSmallerBlocks() throws {
        let block = try #require(AddressBlock("10.8.0.0/13"))
        #expect(block.contains(try #require(IPAddress("10.15.255.255"))))
        #expect(!block.contains(try #require(IPAddress("10.16.0.0"))))
        #expect(!block.contains(try #require(IPAddress("::10.8.0.0"))))
        #expect(block.contains(try #require(AddressBlock("10.9.0.0/16"))))
        #expect(!block.contains(try #require(AddressBlock("10.0.0.0/8"))))
    }

    /// What the C library makes of a text; IPv4 in IPv6 is unmapped, as the type under test does.
    private static func library(_ text: String) -> [UInt8]? {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 { return withUnsafeBytes(of: &v4) { Array($0) } }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        let bytes = withUnsafeBytes(of: &v6) { Array($0) }
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]
        return bytes.starts(with: mapped) ? Array(bytes[12...]) : bytes
    }
}
