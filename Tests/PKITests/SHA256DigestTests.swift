import PKI
import Testing

@Suite struct SHA256DigestTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
    func knownDigestsAreComputed(text: String, expected: String) throws {
        let digest = try SHA256Digest()
        for byte in Array(text.utf8) { try digest.update([byte].span.bytes) }
        let hex = try digest.finish().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        #expect(hex.joined() == expected)
    }
}
