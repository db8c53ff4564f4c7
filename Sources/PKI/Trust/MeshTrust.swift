/// Whom a server of the mesh trusts: its own authority, each peer's, and what was revoked.
///
/// A value; any thread. How a server decides: the leaf's common name selects the bundles that may vouch for
/// it (the peer's own, and ours), and the chain must verify under one of these alone. The bundles are never
/// one pool, so a certificate that another peer's root signed is refused, whatever it says.
package struct MeshTrust: Sendable {
    /// The most certificates that one side may present; more would make verification a weapon.
    package static let longestChain = 32

    /// Our own authority's bundle.
    package let own: TrustBundle
    /// The peers' bundles, in the order of their names.
    package let peers: [TrustBundle]
    /// What was revoked.
    package let denied: DenyList

    /// Puts the bundles together.
    ///
    /// - Throws: ``PKIError/invalidName(_:reason:)`` when two bundles would vouch for one name, except for
    ///   the shared one, or when a peer is called like our own cluster.
    package init(own: TrustBundle, peers: [TrustBundle], denied: DenyList = DenyList()) throws(PKIError) {
        var names: Set<String> = []
        for peer in peers {
            guard peer.cluster != own.cluster else {
                throw .invalidName(peer.cluster, reason: "a peer is called like this cluster")
            }
            for name in peer.clientNames ?? [] where name != TrustBundle.sharedClientName {
                guard names.insert(name).inserted else {
                    throw .invalidName(name, reason: "two peers' bundles would vouch for it")
                }
            }
        }
        self.own = own
        self.peers = peers.sorted { $0.cluster < $1.cluster }
        self.denied = denied
    }

    /// Every root once: what a server names as acceptable in its certificate request.
    package var acceptableRoots: [Certificate] {
        var seen: Set<Certificate> = []
        return (self.own.roots + self.peers.flatMap(\.roots)).filter { seen.insert($0).inserted }
    }

    /// Verifies a client.
    ///
    /// - Parameters:
    ///   - presented: The leaf first, then whatever the client sent with it, in any order.
    ///   - now: The time in seconds since 1970.
    /// - Returns: Who it is and who vouches for it, or why it is refused.
    /// - Throws: ``PKIError/cryptography(attempted:reason:)`` for want of memory.
    package func verifyClient(_ presented: [Certificate], at now: Int64) throws(PKIError) -> TrustVerdict {
        if let problem = Self.problem(presented) { return .rejected(problem) }
        let name = presented[0].commonName
        var rejection = TrustRejection(bundle: nil, rejection: CertificateRejection(.unknownIssuer))
        for bundle in self.peers.filter({ $0.mayVouch(for: name) }) + [self.own] {
            switch try bundle.verify(presented, purpose: .client, at: now) {
            case .found(let chain): return self.accept(chain, vouchedForBy: bundle)
            case .rejected(let found): rejection = rejection.orBetter(found, of: bundle)
            }
        }
        guard rejection.isAboutAnUnknownIssuer else { return .rejected(rejection) }
        return .rejected(try self.explain(rejection, presented, at: now))
    }

    /// Verifies a peer's server that we dialled.
    ///
    /// - Parameters:
    ///   - presented: The leaf first, then whatever the server sent with it, in any order.
    ///   - peer: The peer that was dialled; only its bundle counts.
    ///   - host: The name or address that was dialled, or that is expected instead.
    ///   - now: The time in seconds since 1970.
    /// - Returns: The chain, or why it is refused.
    /// - Throws: ``PKIError/cryptography(attempted:reason:)`` for want of memory.
    package func verifyServer(
        _ presented: [Certificate],
        of peer: String,
        host: String,
        at now: Int64
    ) throws(PKIError) -> TrustVerdict {
        if let problem = Self.problem(presented) { return .rejected(problem) }
        guard let bundle = self.peers.first(where: { $0.cluster == peer }) else {
            return .rejected(TrustRejection(bundle: nil, rejection: CertificateRejection(.unknownIssuer)))
        }
        switch try bundle.verify(presented, purpose: .server, at: now) {
        case .rejected(let rejection):
            return .rejected(TrustRejection(bundle: peer, rejection: rejection))
        case .found(let chain):
            guard presented[0].isValid(forHost: host) else {
                let names = presented[0].alternativeNames.map(\.description).joined(separator: ", ")
                let reason = CertificateRejection.Reason.nameMismatch(
                    expected: host,
                    found: names.isEmpty ? presented[0].commonName : names
                )
                return .rejected(TrustRejection(bundle: peer, rejection: CertificateRejection(reason)))
            }
            return self.verdict(chain, bundle: peer, peer: peer)
        }
    }

    private func accept(_ chain: [Certificate], vouchedForBy bundle: TrustBundle) -> TrustVerdict {
        guard bundle.clientNames == nil else {
            return self.verdict(chain, bundle: bundle.cluster, peer: bundle.cluster)
        }
        let prefix = "remote-"
        let name = chain[0].commonName
        let peer = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
        return self.verdict(chain, bundle: bundle.cluster, peer: peer)
    }

    private func verdict(_ chain: [Certificate], bundle: String, peer: String?) -> TrustVerdict {
        if let (denial, depth) = self.denied.denial(of: chain, peer: peer) {
            let rejection = CertificateRejection(.revoked(denial), depth: depth)
            return .rejected(TrustRejection(bundle: bundle, rejection: rejection))
        }
        return .trusted(VerifiedParty(bundle: bundle, peer: peer, chain: chain))
    }

    /// Finds out whether a bundle that may not vouch for the name would do so: that is what people look for.
    private func explain(
        _ rejection: TrustRejection,
        _ presented: [Certificate],
        at now: Int64
    ) throws(PKIError) -> TrustRejection {
        let name = presented[0].commonName
        var rejection = rejection
        for bundle in self.peers where !bundle.mayVouch(for: name) && bundle.knowsAnIssuer(of: presented) {
            switch try bundle.verify(presented, purpose: .client, at: now) {
            case .found:
                let allowed = (bundle.clientNames ?? []).joined(separator: ", ")
                let reason = CertificateRejection.Reason.nameMismatch(expected: allowed, found: name)
                return TrustRejection(bundle: bundle.cluster, rejection: CertificateRejection(reason))
            case .rejected(let found): rejection = rejection.orBetter(found, of: bundle)
            }
        }
        return rejection
    }

    private static func problem(_ presented: [Certificate]) -> TrustRejection? {
        let reason: CertificateRejection.Reason
        switch presented.count {
        case 0: reason = .noCertificate
        case 1...self.longestChain: return nil
        default: reason = .chainTooLong
        }
        return TrustRejection(bundle: nil, rejection: CertificateRejection(reason))
    }
}
