import PKI
import Testing

@Suite struct PrivateKeyTests {
    @Test func keySurvivesPEMAndDER() throws {
        let key = try PrivateKey.generate()
        let fromPEM = try key.pem().withBytes { try PrivateKey(pem: $0) }
        let fromDER = try key.der().withBytes { try PrivateKey(der: $0) }
        #expect(fromPEM.publicKey == key.publicKey)
        #expect(fromDER.publicKey == key.publicKey)
        #expect(try fromDER.pem().copy() == key.pem().copy())
        #expect(
            try String(decoding: key.pem().copy(), as: UTF8.self).hasPrefix("-----BEGIN PRIVATE KEY-----\n")
        )
    }

    @Test func everyKeyIsNew() throws {
        let keys = try (0..<4).map { _ in try PrivateKey.generate().publicKey }
        #expect(Set(keys).count == 4)
    }

    @Test func bytesAfterADERKeyAreRefused() throws {
        let der = try PrivateKey.generate().der().copy() + [0]
        #expect(throws: PKIError.malformed(what: "private key in DER", reason: "1 bytes follow it")) {
            try SecretBytes(der).withBytes { try PrivateKey(der: $0) }
        }
    }

    @Test func noPrefixOfAKeyIsAKey() throws {
        let key = try PrivateKey.generate()
        let der = try key.der().copy()
        for count in 0..<der.count {
            #expect(throws: PKIError.self) {
                try SecretBytes(Array(der[..<count])).withBytes { try PrivateKey(der: $0) }
            }
        }
        let pem = try key.pem().copy()
        // Without its last newline the text is still complete.
        for count in 0..<pem.count - 1 {
            #expect(throws: PKIError.self, "\(count) of \(pem.count) bytes") {
                try SecretBytes(Array(pem[..<count])).withBytes { try PrivateKey(pem: $0) }
            }
        }
    }

    @Test(
        .enabled(if: OpenSSLTool.isInstalled),
        arguments: [
            ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            ["genrsa", "-traditional", "2048"],
            ["ecparam", "-name", "prime256v1", "-genkey", "-noout"],
            ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        ]
    )
    func keysOfOtherToolsAreAccepted(arguments: [String]) throws {
        let directory = try TemporaryDirectory()
        let made = try OpenSSLTool.run([arguments[0], "-out", "key"] + arguments[1...], in: directory)
        try #require(made.status == 0, "\(made.output)")
        let key = try SecretBytes(directory.read("key")).withBytes { try PrivateKey(pem: $0) }
        let shown = try OpenSSLTool.run(
            ["pkey", "-in", "key", "-pubout", "-outform", "DER", "-out", "pub"],
            in: directory
        )
        try #require(shown.status == 0, "\(shown.output)")
        #expect(try key.publicKey.der == directory.read("pub"))
    }

    @Test(
        .enabled(if: OpenSSLTool.isInstalled),
        arguments: [
            (["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"], "RSA of 1024 bits"),
            (["genpkey", "-algorithm", "ED25519"], "ED25519"),
            (["ecparam", "-name", "secp256k1", "-genkey", "-noout"], "EC on secp256k1"),
        ]
    )
    func keysThatPeersWouldRefuseAreRefused(arguments: [String], found: String) throws {
        let directory = try TemporaryDirectory()
        let made = try OpenSSLTool.run([arguments[0], "-out", "key"] + arguments[1...], in: directory)
        try #require(made.status == 0, "\(made.output)")
        let bytes = try SecretBytes(directory.read("key"))
        #expect(throws: PKIError.unsupportedKey(found: found)) {
            try bytes.withBytes { try PrivateKey(pem: $0) }
        }
    }

    @Test(.enabled(if: OpenSSLTool.isInstalled), .timeLimit(.minutes(5)))
    func encryptedKeyIsRefusedWithoutAskingForItsPassPhrase() throws {
        let directory = try TemporaryDirectory()
        let made = try OpenSSLTool.run(
            [
                "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-aes256", "-pass",
                "pass:x", "-out", "key",
            ],
            in: directory
        )
        try #require(made.status == 0, "\(made.output)")
        let bytes = try SecretBytes(directory.read("key"))
        #expect(throws: PKIError.self) { try bytes.withBytes { try PrivateKey(pem: $0) } }
    }

    @Test func keyMatchesItsOwnCertificateOnly() throws {
        let key = try PrivateKey.generate()
        let root = try makeRoot(key: key)
        #expect(key.matches(root.certificate))
        #expect(try !PrivateKey.generate().matches(root.certificate))
    }
}
