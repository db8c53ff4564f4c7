import PKI
import TestSupport
import Testing

@Suite struct CertificateTests {
    @Test func certificateSurvivesPEMAndDER() throws {
        let root = try makeRoot().certificate
        let fromDER = try Certificate(der: root.der)
        let fromPEM = try Certificate.single(pem: root.pem)
        #expect(fromDER == root)
        #expect(fromPEM == root)
        #expect(fromPEM.fingerprint == root.fingerprint)
        #expect(fromPEM.pem == root.pem)
    }

    @Test func fieldsAreRead() throws {
        let key = try PrivateKey.generate()
        let root = try makeRoot()
        let validity = Validity(notBefore: noon - 300, notAfter: noon + 7 * day)
        let leaf = try root.leaf(.server, key: key, validity: validity, seed: 9)
        #expect(leaf.commonName == "clustermesh-apiserver.cilium.io")
        #expect(leaf.issuerCommonName == "Isthmus mesh CA east")
        #expect(leaf.validity == validity)
        #expect(leaf.publicKey == key.publicKey)
        #expect(!leaf.isAuthority)
        #expect(!leaf.isSelfIssued)
        #expect(root.certificate.isAuthority)
        #expect(root.certificate.isSelfIssued)
        #expect(leaf.isSigned(by: root.certificate))
        #expect(!root.certificate.isSigned(by: leaf))
        var generator = SeededGenerator(seed: 9)
        #expect(leaf.serialNumber == .random(using: &generator))
        #expect(leaf.serialNumber.description.count == 32)
        #expect(
            leaf.alternativeNames.map(\.description) == [
                "clustermesh-apiserver.cilium.io", "clustermesh-apiserver.kube-system.svc",
                "*.mesh.cilium.io",
                "localhost", "127.0.0.1", "::1",
            ]
        )
    }

    @Test func bundleKeepsItsOrderAndIgnoresComments() throws {
        let first = try makeRoot("first").certificate
        let second = try makeRoot("second").certificate
        let text = Array("# who: first\n".utf8) + first.pem + Array("\n# who: second\n".utf8) + second.pem
        #expect(try Certificate.bundle(pem: text) == [first, second])
        #expect([first, second].pem == first.pem + second.pem)
        #expect(throws: PKIError.malformed(what: "certificate in PEM", reason: "2 certificates, not one")) {
            try Certificate.single(pem: text)
        }
    }

    @Test func bundleThatIsCutShortIsRefused() throws {
        let first = try makeRoot("first").certificate
        let text = try first.pem + makeRoot("second").certificate.pem
        for count in 0..<text.count - 1 {
            // Right after the first block the text is a complete bundle of one, with or without the newline.
            if count == first.pem.count || count == first.pem.count - 1 { continue }
            #expect(throws: PKIError.self, "\(count) of \(text.count) bytes") {
                try Certificate.bundle(pem: Array(text[..<count]))
            }
        }
    }

    @Test func blocksOfOtherKindsAreRefused() throws {
        let text = try makeRoot().certificate.pem + PrivateKey.generate().pem().copy()
        #expect(throws: PKIError.self) { try Certificate.bundle(pem: text) }
    }

    @Test func bundleHasALimit() throws {
        let pem = try makeRoot().certificate.pem
        let largest = (0..<Certificate.largestBundle).flatMap { _ in pem }
        #expect(try Certificate.bundle(pem: largest).count == Certificate.largestBundle)
        #expect(throws: PKIError.self) { try Certificate.bundle(pem: largest + pem) }
    }

    @Test func noPrefixOfACertificateIsACertificate() throws {
        let der = try makeRoot().certificate.der
        for count in 0..<der.count {
            #expect(throws: PKIError.self) { try Certificate(der: Array(der[..<count])) }
        }
        #expect(throws: PKIError.malformed(what: "certificate in DER", reason: "1 bytes follow it")) {
            try Certificate(der: der + [0])
        }
    }

    @Test(arguments: [
        ("db.example.org", AlternativeName.dns("db.example.org")),
        ("DB.Example.ORG", .dns("db.example.org")),
        ("*.example.org", .dns("*.example.org")),
        ("192.0.2.7", .address([192, 0, 2, 7])),
        ("2001:db8::1", .address([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
    ])
    func namesAreReadFromText(text: String, expected: AlternativeName) throws {
        #expect(try AlternativeName(text) == expected)
        #expect(expected.description == text.lowercased())
    }

    @Test(arguments: [
        "", ".", "a..b", "-a.example", "a-.example", "a b", "a,DNS:b", "b\u{0}.example", "*", "*.org",
        "a.*.example.org",
        "*a.example.org", "ex\u{e4}mple.org", String(repeating: "a", count: 64) + ".example",
        String(repeating: "abcdefg.", count: 32),
    ])
    func namesThatMeanSomethingElseAreRefused(text: String) {
        #expect(throws: PKIError.self) { try AlternativeName(text) }
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"), (951_868_799, "2000-02-29T23:59:59Z"),
            (1_800_000_000, "2027-01-15T08:00:00Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] as [(Int64, String)]
    )
    func timesReadAsUTC(seconds: Int64, text: String) {
        #expect(Validity(notBefore: seconds, notAfter: seconds).description == "\(text) to \(text)")
    }
}
