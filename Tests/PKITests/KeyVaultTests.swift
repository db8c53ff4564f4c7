import PKI
import TestSupport
import Testing

@Suite struct KeyVaultTests {
    private let vault: KeyVault
    private let key: PrivateKey

    init() throws {
        self.vault = KeyVault(current: try EncryptionKey.generate())
        self.key = try PrivateKey.generate()
    }

    private func seal(_ vault: KeyVault? = nil, seed: UInt64 = 1) throws -> SealedSecret {
        var generator = SeededGenerator(seed: seed)
        return try (vault ?? self.vault).seal(self.key, for: "authority/east/1", using: &generator)
    }

    @Test func sealedKeyOpensForItsObjectOnly() throws {
        let sealed = try SealedSecret(envelope: self.seal().envelope)
        #expect(try self.vault.openKey(sealed, for: "authority/east/1").publicKey == self.key.publicKey)
        #expect(throws: PKIError.sealed(.tampered(object: "authority/east/2"))) {
            try self.vault.openKey(sealed, for: "authority/east/2")
        }
    }

    @Test func nothingOfTheKeyIsInTheEnvelope() throws {
        let der = try self.key.der().copy()
        let sealed = try self.seal()
        #expect(sealed.envelope.count == der.count + 40)
        for start in stride(from: 0, to: der.count - 8, by: 8) {
            let piece = der[start..<start + 8]
            #expect(!sealed.envelope.indices.contains { sealed.envelope[$0...].starts(with: piece) })
        }
        #expect(try self.seal(seed: 2).envelope != sealed.envelope)
    }

    @Test func everyChangedBitIsNoticed() throws {
        let envelope = try self.seal().envelope
        for index in envelope.indices {
            var changed = envelope
            changed[index] ^= 1 << UInt8(index % 8)
            #expect(throws: PKIError.self, "byte \(index)") {
                try self.vault.open(SealedSecret(envelope: changed), for: "authority/east/1")
            }
        }
    }

    @Test func truncatedEnvelopeIsRefusedAtEveryLength() throws {
        let envelope = try self.seal().envelope
        for count in 0..<envelope.count {
            let error = #expect(throws: PKIError.self) {
                try self.vault.open(
                    SealedSecret(envelope: Array(envelope[..<count])),
                    for: "authority/east/1"
                )
            }
            let expected: SealedProblem = count < 40 ? .truncated : .tampered(object: "authority/east/1")
            #expect(error == .sealed(expected), "\(count) bytes")
        }
        #expect(throws: PKIError.sealed(.unknownFormat)) {
            try SealedSecret(envelope: Array("-----BEGIN PRIVATE KEY-----".utf8))
        }
    }

    @Test func otherKeyIsNamed() throws {
        let sealed = try self.seal()
        let other = KeyVault(current: try EncryptionKey.generate())
        let problem = SealedProblem.otherKey(needed: sealed.keyID, present: [other.current.id])
        #expect(throws: PKIError.sealed(problem)) { try other.open(sealed, for: "authority/east/1") }
    }

    @Test func rotationResealsWhatIsOldAndLeavesTheRest() throws {
        var generator = SeededGenerator(seed: 9)
        let sealed = try self.seal()
        let next = KeyVault(current: try EncryptionKey.generate(), former: [self.vault.current])
        let again = try #require(try next.reseal(sealed, for: "authority/east/1", using: &generator))
        #expect(again.keyID == next.current.id)
        #expect(try next.reseal(again, for: "authority/east/1", using: &generator) == nil)
        // Without the former key: the old envelope is lost, the new one is not.
        let alone = KeyVault(current: next.current)
        #expect(throws: PKIError.self) { try alone.openKey(sealed, for: "authority/east/1") }
        #expect(try alone.openKey(again, for: "authority/east/1").publicKey == self.key.publicKey)
    }

    @Test func secretsOfAnySizeUpToTheLimitAreSealed() throws {
        var generator = SeededGenerator(seed: 3)
        for count in [0, 1, 15, 16, 17, 65_536] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            let sealed = try self.vault.seal(SecretBytes(bytes), for: "x", using: &generator)
            #expect(try self.vault.open(SealedSecret(envelope: sealed.envelope), for: "x").copy() == bytes)
        }
        #expect(throws: PKIError.sealed(.tooLarge(limitBytes: 65_536))) {
            let large = SecretBytes([UInt8](repeating: 1, count: 65_537))
            return try self.vault.seal(large, for: "x", using: &generator)
        }
    }

    @Test func oneKeyHasOneNameInEverySpelling() throws {
        let bytes = (0..<32).map { UInt8($0) ^ 0xf3 }
        let spellings = [
            hexadecimal(bytes), hexadecimal(bytes).uppercased(),
            "8/Lx8Pf29fT7+vn4//79/OPi4eDn5uXk6+rp6O/u7ew=", "8_Lx8Pf29fT7-vn4__79_OPi4eDn5uXk6-rp6O_u7ew",
            " 8/Lx8Pf29fT7+vn4//79/OPi4eDn5uXk6+rp6O/u7ew=\r\n",
        ]
        let keys = try spellings.map { try EncryptionKey(text: SecretBytes(Array($0.utf8))) }
        #expect(Set(keys.map(\.id)).count == 1)
        let written = try EncryptionKey(text: keys[0].text())
        #expect(written.id == keys[0].id)
        #expect(keys[0].text().copy() == Array(spellings[2].utf8))
        #expect("\(keys[0])" == "key-encryption key \(keys[0].id)")
        for text in [
            "\(keys[0])", String(reflecting: keys[0]), String(reflecting: KeyVault(current: keys[0])),
        ] {
            #expect(!text.contains(hexadecimal(bytes.prefix(4))), "\(text)")
        }
    }

    @Test(arguments: [
        "", "secret", String(repeating: "0", count: 64), String(repeating: "A", count: 43) + "=",
        String(repeating: "xy", count: 32), String(repeating: "ab", count: 31),
        "8/Lx8Pf29fT7+vn4//79/OPi4eDn5uXk6+rp6O/u7e=", "8/Lx8Pf29fT7+vn4//79/OPi4eDn5uXk6+rp6O/u7ex=",
        String(repeating: "7", count: 300),
    ])
    func textThatIsNoKeyIsRefusedWithoutQuotingIt(text: String) throws {
        let error = #expect(throws: PKIError.self) {
            try EncryptionKey(text: SecretBytes(Array(text.utf8)))
        }
        guard case .invalidEncryptionKey(let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.isEmpty || !reason.contains(text))
    }

    @Test func rsaKeysAreMadeFrom2048To4096Bits() throws {
        let key = try PrivateKey.generate(.rsa(bits: 2048))
        let root = try makeRoot(key: key)
        let leaf = try root.leaf(.admin, key: PrivateKey.generate(.rsa(bits: 3072)))
        let verifier = try CertificateVerifier(roots: [root.certificate])
        #expect(try verifier.verify(leaf, purpose: .client, at: noon) == .trusted)
        for bits in [0, 1024, 2047, 2049, 8192, .max] {
            #expect(throws: PKIError.unsupportedKey(found: "RSA of \(bits) bits")) {
                try PrivateKey.generate(.rsa(bits: bits))
            }
        }
    }
}

/// Two digits for each byte.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
