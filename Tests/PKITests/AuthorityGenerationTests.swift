import PKI
import TestSupport
import Testing

extension AuthorityGeneration {
    /// A root and an issuing authority for cluster `east` around ``noon``.
    static func make(
        cluster: String = "east",
        number: Int = 1,
        rootValidity: Validity = Validity(notBefore: noon - 100 * day, notAfter: noon + 3000 * day),
        issuingValidity: Validity = Validity(notBefore: noon - 50 * day, notAfter: noon + 1000 * day),
        seed: UInt64 = 11
    ) throws -> AuthorityGeneration {
        var generator = SeededGenerator(seed: seed)
        return try .make(
            Settings(
                clusterName: cluster,
                number: number,
                rootValidity: rootValidity,
                issuingValidity: issuingValidity
            ),
            rootKey: .generate(),
            issuingKey: .generate(),
            now: noon,
            using: &generator
        )
    }
}

@Suite struct AuthorityGenerationTests {
    private let life = Validity(notBefore: noon - day, notAfter: noon + 10 * day)

    @Test func leafOfTheIssuingAuthorityIsTrustedThroughItsChain() throws {
        let generation = try AuthorityGeneration.make(number: 2)
        let leaf = try generation.signer().leaf(.server, key: .generate(), validity: self.life)
        #expect(generation.root.commonName == "Isthmus mesh CA east G2")
        #expect(generation.certificate.commonName == "Isthmus issuing CA east G2")
        #expect(generation.root.pathLength == 1 && generation.certificate.pathLength == 0)
        #expect(leaf.issuer == generation.certificate.subject)
        #expect("\(leaf.issuer)" == "CN=Isthmus issuing CA east G2")
        #expect(generation.issued(leaf))
        #expect(try !AuthorityGeneration.make(number: 2).issued(leaf))
        let verifier = try CertificateVerifier(roots: [generation.root])
        let through = try verifier.verify(
            leaf,
            intermediates: generation.intermediates,
            purpose: .server,
            at: noon
        )
        #expect(through == .trusted)
        let without = try verifier.verify(leaf, purpose: .server, at: noon)
        #expect(without == .rejected(CertificateRejection(.unknownIssuer)))
    }

    @Test func issuingAuthorityMakesNoFurtherOne() throws {
        let generation = try AuthorityGeneration.make()
        let issuer = generation.certificate.commonName
        #expect(throws: PKIError.pathTooLong(issuer: issuer, allowed: 0)) {
            var generator = SeededGenerator(seed: 1)
            return try generation.signer().makeSubordinate(
                commonName: "third",
                key: .generate(),
                serialNumber: .random(using: &generator),
                validity: self.life,
                now: noon
            )
        }
    }

    @Test func nothingOutlivesAnyIssuerAbove() throws {
        // An issuing authority that claims to live longer than its root, as others make them.
        let rootKey = try PrivateKey.generate()
        let long = try makeRoot(key: rootKey)
        var generator = SeededGenerator(seed: 5)
        let subordinate = try long.makeSubordinate(
            commonName: "issuing",
            key: .generate(),
            serialNumber: .random(using: &generator),
            validity: Validity(notBefore: noon - day, notAfter: noon + 100 * day),
            now: noon
        )
        let rootLife = Validity(notBefore: noon - day, notAfter: noon + 20 * day)
        let short = try makeRoot(key: rootKey, validity: rootLife)
        let issuingKey = try PrivateKey.generate()
        let issuing = try long.makeSubordinate(
            commonName: "issuing",
            key: issuingKey,
            serialNumber: .random(using: &generator),
            validity: subordinate.certificate.validity,
            now: noon
        )
        let generation = try AuthorityGeneration.importing(
            [issuing.certificate, short.certificate],
            key: issuingKey,
            now: noon
        )
        let signer = try generation.signer()
        #expect(signer.validity == rootLife)
        let beyond = Validity(notBefore: noon, notAfter: noon + 21 * day)
        #expect(throws: PKIError.outsideIssuerValidity(requested: beyond, issuer: rootLife)) {
            try signer.leaf(.admin, key: issuingKey, validity: beyond)
        }
        let name = short.certificate.commonName
        let end = noon + 20 * day
        #expect(throws: PKIError.issuerExpired(issuer: name, validity: rootLife, now: end)) {
            try signer.leaf(.admin, key: issuingKey, validity: self.life, now: end)
        }
        let tooEarly = noon - 2 * day
        #expect(throws: PKIError.self) {
            try signer.leaf(.admin, key: issuingKey, validity: self.life, now: tooEarly)
        }
    }

    @Test(arguments: [0, 1, 5, 20])
    func chainsOfAnyDepthAreServedAndVerified(depth: Int) throws {
        var generator = SeededGenerator(seed: 3)
        var authority = try makeRoot()
        var key = try PrivateKey.generate()
        for level in 0..<depth {
            key = try PrivateKey.generate()
            authority = try authority.makeSubordinate(
                commonName: "level \(level)",
                key: key,
                serialNumber: .random(using: &generator),
                validity: Validity(notBefore: noon - day, notAfter: noon + 900 * day),
                pathLength: nil,
                now: noon
            )
        }
        let all = [authority.certificate] + authority.chain
        #expect(all.count == depth + 1)
        guard depth > 0 else { return }
        // In any order, found by the key.
        for order in [all, all.reversed()] {
            let generation = try AuthorityGeneration.importing(Array(order), key: key, now: noon)
            #expect(generation.certificate == authority.certificate)
            #expect(generation.chain == authority.chain)
            #expect(generation.intermediates.count == depth)
            let leaf = try generation.signer().leaf(.remote, key: .generate(), validity: self.life)
            let verdict = try CertificateVerifier(roots: [generation.root]).verify(
                leaf,
                intermediates: generation.intermediates,
                purpose: .client,
                at: noon
            )
            #expect(verdict == .trusted)
        }
    }

    @Test func rootMayStayOffline() throws {
        let made = try AuthorityGeneration.make()
        let online = try AuthorityGeneration.importing(
            [made.certificate] + made.chain,
            key: made.key,
            now: noon
        )
        #expect(online.rootKey == nil && online.id == made.id)
        _ = try online.signer().leaf(.admin, key: .generate(), validity: self.life)
        let offline = try AuthorityGeneration.importing([made.certificate] + made.chain, key: nil, now: noon)
        #expect(throws: PKIError.keyMissing(commonName: "Isthmus issuing CA east")) { try offline.signer() }
        let restored = try AuthorityGeneration(
            certificate: made.certificate,
            chain: made.chain,
            key: made.key,
            rootKey: made.rootKey
        )
        #expect(restored.id == made.id)
    }

    @Test func importThatCannotWorkIsRefusedByName() throws {
        let made = try AuthorityGeneration.make()
        let other = try AuthorityGeneration.make(cluster: "west", seed: 12)
        let leaf = try made.signer().leaf(.admin, key: .generate(), validity: self.life)
        let root = "CN=Isthmus mesh CA east"
        let cases: [([Certificate], PrivateKey?, Int64, PKIError)] = [
            ([], nil, noon, .malformed(what: "authority", reason: "there is no certificate")),
            (
                [made.certificate], made.key, noon,
                .incompleteChain(commonName: "Isthmus issuing CA east", missingIssuer: root)
            ),
            (
                [made.certificate] + made.chain, other.key, noon,
                .keyMismatch(commonName: "Isthmus issuing CA east")
            ),
            (
                [made.certificate] + made.chain + [other.root], made.key, noon,
                .unrelatedCertificate(commonName: "Isthmus mesh CA west")
            ),
            (
                [made.certificate] + made.chain, made.key, noon + 1000 * day,
                .wouldBeRejected(
                    commonName: "Isthmus issuing CA east",
                    CertificateRejection(.expired)
                )
            ),
            (
                [made.certificate] + made.chain, made.key, noon - 60 * day,
                .wouldBeRejected(
                    commonName: "Isthmus issuing CA east",
                    CertificateRejection(.notYetValid)
                )
            ),
            (
                [leaf, made.certificate] + made.chain, nil, noon,
                .notAnAuthority(
                    commonName: "admin-east",
                    reason: "its basic constraints or key usage do not allow it"
                )
            ),
        ]
        for (certificates, key, now, expected) in cases {
            #expect(throws: expected) {
                try AuthorityGeneration.importing(certificates, key: key, now: now)
            }
        }
        #expect(throws: PKIError.keyMismatch(commonName: "Isthmus mesh CA east")) {
            try AuthorityGeneration.importing(
                [made.certificate] + made.chain,
                key: made.key,
                rootKey: other.rootKey,
                now: noon
            )
        }
    }
}
