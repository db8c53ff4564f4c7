import PKI
import Testing

@Suite struct CertificateVerifierTests {
    private let root: CertificateAuthority
    private let verifier: CertificateVerifier
    private let key: PrivateKey
    private let life = Validity(notBefore: noon - day, notAfter: noon + 30 * day)

    init() throws {
        self.root = try makeRoot()
        self.verifier = try CertificateVerifier(roots: [self.root.certificate])
        self.key = try PrivateKey.generate()
    }

    @Test(arguments: CertificateProfile.allCases)
    func leafIsTrustedForItsOwnPurposeOnly(profile: CertificateProfile) throws {
        let leaf = try self.root.leaf(profile, key: self.key)
        for purpose in CertificatePurpose.allCases {
            let expected: CertificateVerdict =
                purpose == profile.purpose ? .trusted : .rejected(CertificateRejection(.wrongPurpose))
            #expect(try self.verifier.verify(leaf, purpose: purpose, at: noon) == expected)
        }
    }

    @Test func leafIsTrustedFromItsFirstSecondToBeforeItsLast() throws {
        let leaf = try self.root.leaf(.server, key: self.key, validity: self.life)
        let cases: [(Int64, CertificateVerdict)] = [
            (self.life.notBefore - 1, .rejected(CertificateRejection(.notYetValid))),
            (self.life.notBefore, .trusted),
            (self.life.notAfter - 1, .trusted),
            (self.life.notAfter, .rejected(CertificateRejection(.expired))),
        ]
        for (now, expected) in cases {
            #expect(try self.verifier.verify(leaf, purpose: .server, at: now) == expected)
            #expect(leaf.validity.contains(now) == (expected == .trusted))
        }
    }

    @Test func expiredRootIsNamedByItsDepth() throws {
        let short = Validity(notBefore: noon - 2 * day, notAfter: noon + day)
        let root = try makeRoot(validity: short)
        let leaf = try root.leaf(
            .server,
            key: self.key,
            validity: Validity(notBefore: noon, notAfter: noon + day)
        )
        let verifier = try CertificateVerifier(roots: [root.certificate])
        let late = CertificateVerdict.rejected(CertificateRejection(.expired, depth: 1))
        #expect(try verifier.verify(leaf, purpose: .server, at: noon + day) == late)
        let early = CertificateVerdict.rejected(CertificateRejection(.notYetValid, depth: 1))
        #expect(try verifier.verify(leaf, purpose: .server, at: noon - 3 * day) == early)
    }

    @Test func leafOfAnotherRootIsNotTrustedEvenUnderTheSameName() throws {
        let other = try makeRoot()
        let leaf = try other.leaf(.server, key: self.key)
        let unknown = CertificateVerdict.rejected(CertificateRejection(.unknownIssuer))
        #expect(try self.verifier.verify(leaf, purpose: .server, at: noon) == unknown)
        let both = try CertificateVerifier(roots: [self.root.certificate, other.certificate])
        #expect(try both.verify(leaf, purpose: .server, at: noon) == .trusted)
        let none = try CertificateVerifier(roots: [])
        #expect(try none.verify(leaf, purpose: .server, at: noon) == unknown)
    }

    @Test func rootThatCameWithTheLeafIsNotTrusted() throws {
        let other = try makeRoot("stranger")
        let leaf = try other.leaf(.server, key: self.key)
        let verdict = try self.verifier.verify(
            leaf,
            intermediates: [other.certificate],
            purpose: .server,
            at: noon
        )
        #expect(verdict == .rejected(CertificateRejection(.untrustedRoot, depth: 1)))
        #expect(
            try self.verifier.verify(other.certificate, purpose: .server, at: noon)
                == .rejected(CertificateRejection(.selfSigned))
        )
    }

    @Test func changedLeafHasABadSignature() throws {
        var der = try self.root.leaf(.server, key: self.key).der
        der[der.count - 1] ^= 1
        let changed = try Certificate(der: der)
        #expect(
            try self.verifier.verify(changed, purpose: .server, at: noon)
                == .rejected(CertificateRejection(.badSignature))
        )
    }

    @Test func sameRootTwiceIsOneRoot() throws {
        let again = try Certificate(der: self.root.certificate.der)
        let verifier = try CertificateVerifier(roots: [self.root.certificate, again])
        let leaf = try self.root.leaf(.admin, key: self.key)
        #expect(try verifier.verify(leaf, purpose: .client, at: noon) == .trusted)
    }

    @Test func verifierServesManyTasksAtOnce() async throws {
        let good = try self.root.leaf(.admin, key: self.key)
        let bad = try makeRoot().leaf(.admin, key: self.key)
        let verifier = self.verifier
        let trusted = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var trusted = 0
                    for _ in 0..<50 {
                        if try verifier.verify(good, purpose: .client, at: noon) == .trusted { trusted += 1 }
                        if try verifier.verify(bad, purpose: .client, at: noon) == .trusted {
                            trusted += 1000
                        }
                    }
                    return trusted
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(trusted == 400)
    }
}
