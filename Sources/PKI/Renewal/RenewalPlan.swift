/// When a leaf is renewed, and for how long.
package enum RenewalPlan {
    /// What to do about a leaf now.
    package enum Decision: Hashable, Sendable {
        /// Look again at this time, in seconds since 1970.
        case wait(until: Int64)
        /// Issue a new one for this period.
        case renew(Validity)
        /// It is time, but the issuer ends no later than the leaf: a new leaf would not live longer. The
        /// authority's turn comes first.
        case issuerEnds(at: Int64)
        /// It is time, but the issuer does not count at `now`.
        case issuerInvalid(Validity)
    }

    /// Returns when a leaf is renewed: two thirds into its life and up to a twentieth of its life later.
    ///
    /// The delay spreads the leaves that were issued together. It depends on nothing but the arguments, so
    /// that a restart does not move it.
    ///
    /// - Parameters:
    ///   - validity: The leaf's life.
    ///   - seed: What tells this leaf from others, such as ``seed(of:)``.
    /// - Returns: Seconds since 1970; before the leaf's end.
    package static func renewalTime(_ validity: Validity, seed: UInt64) -> Int64 {
        let spread = validity.seconds / 20
        guard spread > 0 else { return validity.renewalTime }
        // SplitMix64: neighbouring seeds fall far apart.
        var mixed = seed &+ 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return validity.renewalTime + Int64((mixed ^ (mixed >> 31)) % UInt64(spread))
    }

    /// Returns a seed that is the certificate's own: eight bytes of its fingerprint.
    package static func seed(of certificate: Certificate) -> UInt64 {
        certificate.fingerprint.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Decides what to do about a leaf.
    ///
    /// - Parameters:
    ///   - validity: The leaf's life.
    ///   - issuer: The life of its issuer and all above it (``CertificateAuthority/validity``).
    ///   - lifetime: How long a new leaf shall live, in seconds from `now`.
    ///   - backdating: How far in the past it begins, in seconds.
    ///   - seed: What tells this leaf from others.
    ///   - now: The time in seconds since 1970.
    /// - Returns: What to do.
    package static func decide(
        _ validity: Validity,
        issuer: Validity,
        lifetime: Int64,
        backdating: Int64,
        seed: UInt64,
        now: Int64
    ) -> Decision {
        let due = self.renewalTime(validity, seed: seed)
        guard now >= due else { return .wait(until: due) }
        guard issuer.contains(now) else { return .issuerInvalid(issuer) }
        let wanted = Validity(notBefore: now - max(backdating, 0), notAfter: now + max(lifetime, 1))
        let next = wanted.clamped(to: issuer)
        // A leaf that ends with its issuer is renewed when there is another issuer, and not every hour.
        guard next.notAfter > validity.notAfter || next.notAfter < issuer.notAfter else {
            return .issuerEnds(at: issuer.notAfter)
        }
        return .renew(next)
    }
}
