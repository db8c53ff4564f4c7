import PKI
import TestSupport
import Testing

@Suite struct MeshTrustTests {
    private let east: AuthorityGeneration
    private let west: AuthorityGeneration
    private let north: AuthorityGeneration
    private let trust: MeshTrust
    private let life = Validity(notBefore: noon - day, notAfter: noon + 10 * day)

    init() throws {
        self.east = try .make(cluster: "east", seed: 1)
        self.west = try .make(cluster: "west", seed: 2)
        self.north = try .make(cluster: "north", seed: 3)
        self.trust = try MeshTrust(
            own: .own(cluster: "east", certificates: [self.east.root]),
            peers: [
                TrustBundle(peer: "west", certificates: [self.west.root], clientNames: ["spiffe-west"]),
                TrustBundle(peer: "north", certificates: [self.north.root], acceptsSharedName: true),
            ]
        )
    }

    private func leaf(
        _ name: String,
        of generation: AuthorityGeneration,
        names: [AlternativeName] = [],
        purpose: CertificatePurpose = .client
    ) throws -> Certificate {
        var generator = SeededGenerator(seed: 77)
        return try generation.signer().issue(
            CertificateTemplate(commonName: name, alternativeNames: names, purpose: purpose),
            publicKey: PrivateKey.generate().publicKey,
            serialNumber: .random(using: &generator),
            validity: self.life,
            now: noon
        )
    }

    private func client(
        _ name: String,
        of generation: AuthorityGeneration,
        trust: MeshTrust? = nil,
        at now: Int64 = noon
    ) throws -> TrustVerdict {
        let presented = try [self.leaf(name, of: generation)] + generation.intermediates
        return try (trust ?? self.trust).verifyClient(presented, at: now)
    }

    private func rejection(_ verdict: TrustVerdict) throws -> TrustRejection {
        guard case .rejected(let rejection) = verdict else { throw Unexpected(verdict: verdict) }
        return rejection
    }

    private struct Unexpected: Error {
        let verdict: TrustVerdict
    }

    @Test func eachAuthorityVouchesForItsOwnNamesOnly() throws {
        let generations = [("east", self.east), ("west", self.west), ("north", self.north)]
        // Who may vouch for a name, and whose client it then is.
        let allowed: [String: [String: String?]] = [
            "admin-east": ["east": nil], "local-east": ["east": nil], "root": ["east": nil],
            "remote": ["east": nil, "north": "north"],
            "remote-west": ["east": "west", "west": "west"],
            "remote-north": ["east": "north", "north": "north"],
            "spiffe-west": ["east": nil, "west": "west"], "admin-west": ["east": nil],
            "remote-east": ["east": "east"],
        ]
        for (name, bundles) in allowed.sorted(by: { $0.key < $1.key }) {
            for (cluster, generation) in generations {
                let verdict = try self.client(name, of: generation)
                if let peer = bundles[cluster] {
                    guard case .trusted(let party) = verdict else {
                        Issue.record("\(name) of \(cluster): \(verdict)")
                        continue
                    }
                    #expect(party.bundle == cluster && party.peer == peer, "\(name) of \(cluster)")
                    #expect(party.chain.map(\.commonName).first == name)
                    #expect(Array(party.chain.dropFirst()) == [generation.certificate, generation.root])
                } else {
                    let rejection = try self.rejection(verdict)
                    #expect(rejection.bundle == cluster, "\(name) of \(cluster)")
                    guard case .nameMismatch(_, name) = rejection.rejection.reason else {
                        Issue.record("\(name) of \(cluster): \(rejection)")
                        continue
                    }
                }
            }
        }
    }

    @Test func rejectionsSayWhichAndWhose() throws {
        let stranger = try AuthorityGeneration.make(cluster: "west", seed: 4)
        let cases: [(TrustVerdict, String?, CertificateRejection.Reason)] = [
            (try self.trust.verifyClient([], at: noon), nil, .noCertificate),
            (try self.client("remote-west", of: self.west, at: noon + 10 * day), "west", .expired),
            (try self.client("remote-west", of: self.west, at: noon - 2 * day), "west", .notYetValid),
            (try self.client("remote-west", of: stranger), nil, .unknownIssuer),
            (
                try self.trust.verifyClient(
                    [self.leaf("remote-west", of: self.west, purpose: .server)] + self.west.intermediates,
                    at: noon
                ), "west", .wrongPurpose
            ),
            // Without the authority between it and the root.
            (
                try self.trust.verifyClient([self.leaf("remote-west", of: self.west)], at: noon), nil,
                .unknownIssuer
            ),
            (
                try self.trust.verifyClient(
                    [Certificate](repeating: self.west.root, count: 33),
                    at: noon
                ), nil, .chainTooLong
            ),
        ]
        for (index, (verdict, bundle, reason)) in cases.enumerated() {
            let rejection = try self.rejection(verdict)
            #expect(rejection.bundle == bundle, "case \(index): \(rejection)")
            #expect(rejection.rejection.reason == reason, "case \(index): \(rejection)")
        }
    }

    @Test func rootThatIsSentAlongIsNotTrusted() throws {
        let stranger = try AuthorityGeneration.make(cluster: "west", seed: 4)
        let presented = try [self.leaf("remote-west", of: stranger), stranger.certificate, stranger.root]
        let rejection = try self.rejection(self.trust.verifyClient(presented, at: noon))
        #expect(rejection.bundle == nil)
        #expect([.untrustedRoot, .unknownIssuer].contains(rejection.rejection.reason), "\(rejection)")
    }

    @Test func bundleSuppliesIntermediatesThatClientsDoNotSend() throws {
        let trust = try MeshTrust(
            own: self.trust.own,
            peers: [TrustBundle(peer: "west", certificates: [self.west.certificate, self.west.root])]
        )
        let verdict = try trust.verifyClient([self.leaf("remote-west", of: self.west)], at: noon)
        guard case .trusted(let party) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(party.peer == "west")
        #expect(trust.acceptableRoots == [self.east.root, self.west.root])
    }

    @Test func bothRootsOfARolloverAreTrusted() throws {
        let next = try AuthorityGeneration.make(cluster: "west", number: 2, seed: 5)
        let both = try MeshTrust(
            own: self.trust.own,
            peers: [TrustBundle(peer: "west", certificates: [self.west.root, next.root])]
        )
        for generation in [self.west, next] {
            guard case .trusted = try self.client("remote-west", of: generation, trust: both) else {
                Issue.record("\(generation.root.commonName)")
                continue
            }
        }
    }

    @Test func revokedPartiesAreRefusedAtOnce() throws {
        let leaf = try self.leaf("remote-west", of: self.west)
        let presented = [leaf] + self.west.intermediates
        let denials: [(Denial, Int)] = [
            (.serialNumber(leaf.serialNumber, issuer: leaf.issuer), 0), (.key(leaf.keyDigest), 0),
            (.peer("west"), 0), (.key(self.west.certificate.keyDigest), 1),
            (.key(self.west.root.keyDigest), 2),
        ]
        for (denial, depth) in denials {
            var denied = DenyList()
            denied.insert(denial)
            let trust = try MeshTrust(own: self.trust.own, peers: self.trust.peers, denied: denied)
            let rejection = try self.rejection(trust.verifyClient(presented, at: noon))
            #expect(rejection.rejection == CertificateRejection(.revoked(denial), depth: depth))
            #expect(rejection.bundle == "west")
            guard case .trusted = try self.client("remote-north", of: self.north, trust: trust) else {
                Issue.record("\(denial)")
                continue
            }
        }
        // A peer that was revoked is so with a certificate of ours, too.
        var denied = DenyList()
        denied.insert(.peer("west"))
        let trust = try MeshTrust(own: self.trust.own, peers: [], denied: denied)
        let rejection = try self.rejection(self.client("remote-west", of: self.east, trust: trust))
        #expect(rejection.rejection.reason == .revoked(.peer("west")))
    }

    @Test func serverIsVerifiedByItsPeersBundleAndItsName() throws {
        let names: [AlternativeName] = [.dns("*.mesh.cilium.io"), .address([192, 0, 2, 7])]
        let server = try self.leaf("server", of: self.west, names: names, purpose: .server)
        let presented = [server] + self.west.intermediates
        func verdict(_ peer: String, _ host: String, _ presented: [Certificate]) throws -> TrustVerdict {
            try self.trust.verifyServer(presented, of: peer, host: host, at: noon)
        }
        for host in ["west.mesh.cilium.io", "192.0.2.7"] {
            guard case .trusted(let party) = try verdict("west", host, presented) else {
                Issue.record("\(host)")
                continue
            }
            #expect(party.peer == "west" && party.bundle == "west")
        }
        let mismatch = CertificateRejection.Reason.nameMismatch(
            expected: "other.example",
            found: "*.mesh.cilium.io, 192.0.2.7"
        )
        #expect(try self.rejection(verdict("west", "other.example", presented)).rejection.reason == mismatch)
        // The same certificate at another peer's address, and one that our own authority made.
        for (peer, chain) in [
            ("north", presented),
            (
                "west",
                try [self.leaf("server", of: self.east, names: names, purpose: .server)]
                    + self.east.intermediates
            ), ("nobody", presented),
        ] {
            let rejection = try self.rejection(verdict(peer, "west.mesh.cilium.io", chain))
            #expect(rejection.rejection.reason == .unknownIssuer)
        }
        let client = try [self.leaf("remote-west", of: self.west, names: names)] + self.west.intermediates
        let rejection = try self.rejection(verdict("west", "west.mesh.cilium.io", client))
        #expect(rejection.rejection.reason == .wrongPurpose)
    }

    @Test func bundlesThatWouldVouchForOthersAreRefused() throws {
        for name in ["root", "remote", "admin-east", "local-east", "remote-north", "", "a\nb"] {
            #expect(throws: PKIError.self, "\(name)") {
                try TrustBundle(peer: "west", certificates: [self.west.root], clientNames: [name])
            }
        }
        let bundle = try TrustBundle(peer: "west", certificates: [self.west.root])
        let named = try TrustBundle(peer: "a", certificates: [self.north.root], clientNames: ["x"])
        let also = try TrustBundle(peer: "b", certificates: [self.north.root], clientNames: ["x"])
        for peers in [[bundle, bundle], [named, also]] {
            #expect(throws: PKIError.self) { try MeshTrust(own: self.trust.own, peers: peers) }
        }
        let east = try TrustBundle(peer: "east", certificates: [self.west.root])
        #expect(throws: PKIError.self) { try MeshTrust(own: self.trust.own, peers: [east]) }
        for certificates in [[], [self.west.certificate], [try self.leaf("x", of: self.west)]] {
            #expect(throws: PKIError.self) { try TrustBundle(peer: "west", certificates: certificates) }
        }
    }
}
