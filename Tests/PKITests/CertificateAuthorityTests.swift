import PKI
import TestSupport
import Testing

@Suite struct CertificateAuthorityTests {
    @Test func leafMayFillItsIssuersLifeAndNotMore() throws {
        let life = Validity(notBefore: noon - day, notAfter: noon + day)
        let root = try makeRoot(validity: life)
        let key = try PrivateKey.generate()
        #expect(try root.leaf(.admin, key: key, validity: life).validity == life)
        for beyond in [
            Validity(notBefore: life.notBefore, notAfter: life.notAfter + 1),
            Validity(notBefore: life.notBefore - 1, notAfter: life.notAfter),
        ] {
            #expect(throws: PKIError.outsideIssuerValidity(requested: beyond, issuer: life)) {
                try root.leaf(.admin, key: key, validity: beyond)
            }
        }
    }

    @Test func issuerWorksOnlyDuringItsLife() throws {
        let name = "Isthmus mesh CA east"
        let life = Validity(notBefore: noon - day, notAfter: noon + day)
        let root = try makeRoot(validity: life)
        let key = try PrivateKey.generate()
        let leaf = Validity(notBefore: noon, notAfter: noon + 1)
        for now in [life.notBefore, life.notAfter - 1] {
            #expect(try root.leaf(.admin, key: key, validity: leaf, now: now).validity == leaf)
        }
        #expect(throws: PKIError.issuerExpired(issuer: name, validity: life, now: life.notAfter)) {
            try root.leaf(.admin, key: key, validity: leaf, now: life.notAfter)
        }
        #expect(throws: PKIError.issuerNotYetValid(issuer: name, validity: life, now: life.notBefore - 1)) {
            try root.leaf(.admin, key: key, validity: leaf, now: life.notBefore - 1)
        }
    }

    @Test func periodThatNoCertificateCanHaveIsRefused() throws {
        let root = try makeRoot()
        let key = try PrivateKey.generate()
        for validity in [
            Validity(notBefore: noon, notAfter: noon), Validity(notBefore: noon, notAfter: noon - 1),
            Validity(notBefore: noon, notAfter: 253_402_300_800),
        ] {
            #expect(throws: PKIError.invalidValidity(validity)) {
                try root.leaf(.admin, key: key, validity: validity)
            }
            #expect(throws: PKIError.invalidValidity(validity)) { try makeRoot(validity: validity) }
        }
    }

    @Test func authorityNeedsItsOwnKeyAndAnAuthoritysCertificate() throws {
        let key = try PrivateKey.generate()
        let root = try makeRoot()
        let leaf = try root.leaf(.server, key: key)
        #expect(throws: PKIError.keyMismatch(commonName: "Isthmus mesh CA east")) {
            try CertificateAuthority(certificate: root.certificate, key: key)
        }
        #expect(
            throws: PKIError.notAnAuthority(
                commonName: "clustermesh-apiserver.cilium.io",
                reason: "its basic constraints or key usage do not allow it"
            )
        ) {
            try CertificateAuthority(certificate: leaf, key: key)
        }
    }

    @Test func rootWhoseSignatureIsWrongIsNoAuthority() throws {
        let key = try PrivateKey.generate()
        var der = try makeRoot(key: key).certificate.der
        der[der.count - 1] ^= 1
        let damaged = try Certificate(der: der)
        #expect(
            throws: PKIError.notAnAuthority(
                commonName: "Isthmus mesh CA east",
                reason: "its signature is wrong"
            )
        ) {
            try CertificateAuthority(certificate: damaged, key: key)
        }
    }

    @Test(
        arguments: [
            (CertificateProfile.server, nil, "clustermesh-apiserver.cilium.io"), (.admin, nil, "admin-east"),
            (.local, nil, "local-east"), (.remote, nil, "remote"), (.remote, "west", "remote-west"),
        ] as [(CertificateProfile, String?, String)]
    )
    func profilesNameTheirHolders(profile: CertificateProfile, peer: String?, commonName: String) {
        let template = profile.template(cluster: "east", peer: peer)
        #expect(template.commonName == commonName)
        #expect(template.purpose == (profile == .server ? .server : .client))
        #expect(template.alternativeNames.isEmpty == (profile != .server))
    }

    @Test func serverTakesAdditionalNamesOnce() throws {
        let extra = try [
            AlternativeName("localhost"), AlternativeName("mesh.example"), AlternativeName("mesh.example"),
        ]
        let plain = CertificateProfile.server.template(cluster: "east").alternativeNames
        let template = CertificateProfile.server.template(cluster: "east", additionalNames: extra)
        #expect(template.alternativeNames == plain + [.dns("mesh.example")])
        #expect(
            CertificateProfile.admin.template(cluster: "east", additionalNames: extra).alternativeNames
                .isEmpty
        )
    }

    @Test(arguments: ["", String(repeating: "c", count: 65), "line\nbreak", "z\u{e9}ro"])
    func commonNamesThatCannotStandInACertificateAreRefused(name: String) throws {
        let root = try makeRoot()
        let key = try PrivateKey.generate()
        var generator = SeededGenerator(seed: 1)
        let serialNumber = SerialNumber.random(using: &generator)
        #expect(
            throws: PKIError.invalidName(name, reason: "a common name has 1 to 64 printable ASCII characters")
        ) {
            try root.issue(
                CertificateTemplate(commonName: name, purpose: .client),
                publicKey: key.publicKey,
                serialNumber: serialNumber,
                validity: Validity(notBefore: noon, notAfter: noon + day),
                now: noon
            )
        }
    }

    @Test func namesAreCheckedAgainWhenIssuing() throws {
        let root = try makeRoot()
        let key = try PrivateKey.generate()
        var generator = SeededGenerator(seed: 1)
        let serialNumber = SerialNumber.random(using: &generator)
        for name in [
            AlternativeName.dns("a,b"), .address([1, 2, 3]), .uri("no scheme"), .dns("UPPER.example"),
        ] {
            #expect(throws: PKIError.self, "\(name)") {
                try root.issue(
                    CertificateTemplate(commonName: "x", alternativeNames: [name], purpose: .server),
                    publicKey: key.publicKey,
                    serialNumber: serialNumber,
                    validity: Validity(notBefore: noon, notAfter: noon + day),
                    now: noon
                )
            }
        }
    }

    @Test func serialNumbersArePositiveAndOfOneLength() {
        var generator = SeededGenerator(seed: 7)
        let numbers = (0..<1000).map { _ in SerialNumber.random(using: &generator) }
        #expect(Set(numbers).count == 1000)
        for number in numbers {
            #expect(number.bytes.count == 16)
            #expect(number.bytes[0] & 0xc0 == 0x40)
        }
        #expect(SerialNumber(magnitude: [0, 0, 1, 0]).description == "0100")
        #expect(SerialNumber(magnitude: []).description == "00")
    }

    @Test func keyThatIsNoKeyIsRefused() throws {
        let root = try makeRoot()
        var generator = SeededGenerator(seed: 1)
        let serialNumber = SerialNumber.random(using: &generator)
        #expect(throws: PKIError.self) {
            try root.issue(
                CertificateTemplate(commonName: "x", purpose: .client),
                publicKey: PublicKey(der: [1, 2, 3]),
                serialNumber: serialNumber,
                validity: Validity(notBefore: noon, notAfter: noon + day),
                now: noon
            )
        }
    }
}
