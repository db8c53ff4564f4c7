/// What ``MeshTrust`` concludes about one side of a connection.
package enum TrustVerdict: Hashable, Sendable {
    /// One bundle vouches for it, and it was not revoked.
    case trusted(VerifiedParty)
    /// None does, or it was revoked.
    case rejected(TrustRejection)
}

/// Who the other side is.
package struct VerifiedParty: Hashable, Sendable {
    /// The cluster whose bundle vouches for it.
    package let bundle: String
    /// The peer that it belongs to; `nil` for our own agents and administrators, and for a remote client of
    /// our own authority that does not name its cluster.
    package let peer: String?
    /// The chain that was found: the leaf first, the root last.
    package let chain: [Certificate]
}

/// Why the other side is refused, and whose bundle says so.
package struct TrustRejection: Hashable, Sendable {
    /// The cluster whose bundle came nearest, or `nil` when no bundle knows the issuer.
    package let bundle: String?
    /// The reason, and which certificate it is about.
    package let rejection: CertificateRejection

    /// Whether it only says that the issuer is not known.
    var isAboutAnUnknownIssuer: Bool {
        switch self.rejection.reason {
        case .unknownIssuer, .untrustedRoot, .selfSigned: true
        default: false
        }
    }

    /// Returns whichever of the two tells more.
    func orBetter(_ other: CertificateRejection, of bundle: TrustBundle) -> TrustRejection {
        let candidate = TrustRejection(bundle: bundle.cluster, rejection: other)
        guard self.isAboutAnUnknownIssuer else { return self }
        guard candidate.isAboutAnUnknownIssuer else { return candidate }
        // Neither knows the issuer; the reason may still be more exact.
        return TrustRejection(bundle: nil, rejection: other)
    }
}

extension TrustRejection: CustomStringConvertible {
    /// The reason, for people.
    package var description: String {
        guard let bundle else { return self.rejection.description }
        return "\(self.rejection) (by the roots of \(bundle))"
    }
}
