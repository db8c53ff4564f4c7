import PKI
import TestSupport
import Testing

@Suite struct RevocationListTests {
    private let generation: AuthorityGeneration
    private let signer: CertificateAuthority
    private let good: Certificate
    private let bad: Certificate

    init() throws {
        self.generation = try AuthorityGeneration.make()
        self.signer = try self.generation.signer()
        self.good = try self.signer.leaf(.remote, key: .generate(), seed: 31)
        self.bad = try self.signer.leaf(.remote, key: .generate(), seed: 32)
    }

    private func list(
        _ number: UInt64 = 1,
        now: Int64 = noon,
        of signer: CertificateAuthority? = nil,
        reason: Revocation.Reason = .keyCompromise
    ) throws -> RevocationList {
        try (signer ?? self.signer).makeRevocationList(
            [Revocation(serialNumber: self.bad.serialNumber, time: noon - 60, reason: reason)],
            number: number,
            now: now,
            nextUpdate: now + 7 * day
        )
    }

    @Test func listSurvivesPEMAndDER() throws {
        let made = try self.list(7)
        #expect(try RevocationList(made.pem) == made)
        #expect(try RevocationList(made.der) == made)
        #expect(made.number == SerialNumber(7))
        #expect(made.issuer == self.generation.certificate.subject)
        #expect(made.thisUpdate == noon && made.nextUpdate == noon + 7 * day)
        #expect(made.revocationTime(of: self.bad.serialNumber) == noon - 60)
        #expect(made.revokes(self.bad) && !made.revokes(self.good))
        #expect(!made.isStale(at: noon + 7 * day - 1) && made.isStale(at: noon + 7 * day))
        for count in 0..<made.der.count {
            #expect(throws: PKIError.self) { try RevocationList(Array(made.der[..<count])) }
        }
    }

    @Test func emptyListIsAList() throws {
        let made = try self.signer.makeRevocationList([], number: 1, now: noon, nextUpdate: noon + day)
        #expect(made.count == 0 && !made.revokes(self.bad))
        #expect(throws: Never.self) {
            try made.check(from: self.generation.certificate, replacing: nil, now: noon)
        }
    }

    @Test func listEndsWithItsAuthority() throws {
        let end = self.signer.validity.notAfter
        let made = try self.signer.makeRevocationList([], number: 1, now: noon, nextUpdate: end + day)
        #expect(made.nextUpdate == end)
        #expect(throws: PKIError.self) {
            try self.signer.makeRevocationList([], number: 1, now: end, nextUpdate: end + day)
        }
    }

    @Test func foreignChangedAndOlderListsAreRefused() throws {
        let issuer = self.generation.certificate
        let root = self.generation.root
        let current = try self.list(5)
        // Of an authority with the same name and another key.
        let impostor = try self.list(6, of: AuthorityGeneration.make(seed: 99).signer())
        var der = try self.list(6).der
        der[der.count - 1] ^= 1
        let cases: [(RevocationList, Certificate, RevocationListProblem?)] = [
            (current, issuer, nil), (try self.list(6), issuer, nil),
            (try self.list(6, now: noon + 5), issuer, .notYetValid(thisUpdate: noon + 5, now: noon)),
            (try self.list(4), issuer, .older), (try self.list(5), issuer, .older),
            (try self.list(6, now: noon - 1), issuer, .older),
            (current, root, .foreign(expected: root.subject, found: issuer.subject)),
            (impostor, issuer, .wrongSignature), (try RevocationList(der), issuer, .wrongSignature),
        ]
        for (index, (list, authority, problem)) in cases.enumerated() {
            if let problem {
                #expect(throws: PKIError.revocationList(problem), "case \(index)") {
                    try list.check(from: authority, replacing: current, now: noon)
                }
            } else {
                #expect(throws: Never.self, "case \(index)") {
                    try list.check(from: authority, replacing: current, now: noon)
                }
            }
        }
    }

    @Test func denyListKnowsNumbersKeysPeersAndLists() throws {
        let chain = [self.bad, self.generation.certificate, self.generation.root]
        let number = Denial.serialNumber(self.bad.serialNumber, issuer: self.bad.issuer)
        let denials: [(Denial, Int)] = [
            (number, 0), (.key(self.bad.keyDigest), 0), (.peer("west"), 0),
            // An authority above that is denied takes everything below it along.
            (.key(self.generation.certificate.keyDigest), 1),
        ]
        for (denial, depth) in denials {
            var list = DenyList()
            list.insert(denial)
            let found = try #require(list.denial(of: chain, peer: "west"))
            #expect(found.denial == denial && found.depth == depth)
            if depth == 0 {
                let other = [self.good] + chain.dropFirst()
                #expect(list.denial(of: other, peer: "north") == nil)
            }
            list.remove(denial)
            #expect(list == DenyList() && list.isEmpty)
            #expect(list.denial(of: chain, peer: "west") == nil)
        }
    }

    @Test func importedListCountsForItsOwnAuthorityOnly() throws {
        var list = DenyList()
        list.insert(try self.list(), of: self.generation.certificate)
        let chain = [self.bad, self.generation.certificate, self.generation.root]
        let found = try #require(list.denial(of: chain, peer: nil))
        #expect(found.denial == .revocationList(issuer: self.bad.issuer))
        #expect(list.denial(of: [self.good] + chain.dropFirst(), peer: nil) == nil)
        #expect(list.list(of: self.generation.certificate)?.number == SerialNumber(1))
        // Another authority that has the same name is not bound by it.
        let twin = try AuthorityGeneration.make(seed: 99)
        let leaf = try twin.signer().leaf(.remote, key: .generate(), seed: 32)
        #expect(leaf.serialNumber == self.bad.serialNumber && leaf.issuer == self.bad.issuer)
        #expect(list.denial(of: [leaf, twin.certificate, twin.root], peer: nil) == nil)
        #expect(list.list(of: twin.certificate) == nil)
    }

    @Test(.enabled(if: OpenSSLTool.isInstalled)) func toolReadsAndEnforcesTheList() throws {
        let temporary = try TemporaryDirectory()
        try temporary.write(self.list(18).pem, to: "list.pem")
        try temporary.write(self.generation.root.pem, to: "root.crt")
        try temporary.write(self.generation.intermediates.pem, to: "sub.crt")
        try temporary.write(self.good.pem, to: "good.crt")
        try temporary.write(self.bad.pem, to: "bad.crt")
        let shown = try OpenSSLTool.run(
            ["crl", "-in", "list.pem", "-noout", "-text", "-CAfile", "sub.crt"],
            in: temporary
        )
        for text in [
            "verify OK", "Version 2", "X509v3 CRL Number: \n                18", "Key Compromise",
            "Serial Number: \(self.bad.serialNumber)", "Last Update: Jan 15 08:00:00 2027 GMT",
            "X509v3 Authority Key Identifier",
        ] {
            #expect(shown.output.contains(text), "\(text) is not in\n\(shown.output)")
        }
        for (name, text) in [("good", "good.crt: OK"), ("bad", "certificate revoked")] {
            let words = "verify -crl_check -attime \(noon + 1) -CAfile root.crt -untrusted sub.crt"
            let verified = try OpenSSLTool.run(
                words.split(separator: " ").map(String.init) + ["-CRLfile", "list.pem", "\(name).crt"],
                in: temporary
            )
            #expect(verified.output.contains(text), "\(verified.output)")
        }
    }
}
