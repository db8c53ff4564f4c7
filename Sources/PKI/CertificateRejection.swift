/// Why a certificate is not trusted.
package struct CertificateRejection: Hashable, Sendable {
    /// The reason.
    package let reason: Reason
    /// Which certificate of the chain it is about: 0 is the leaf, 1 its issuer, and so on.
    package let depth: Int

    /// Creates a rejection.
    package init(_ reason: Reason, depth: Int = 0) {
        self.reason = reason
        self.depth = depth
    }

    /// The reasons that callers act on; the rest carries OpenSSL's own code and text.
    package enum Reason: Hashable, Sendable {
        /// Its life has ended.
        case expired
        /// Its life has not begun.
        case notYetValid
        /// Its issuer is neither among the roots nor among the certificates that came with it.
        case unknownIssuer
        /// The leaf is its own issuer, and not a root.
        case selfSigned
        /// The chain ends in a self-signed certificate that is not among the roots.
        case untrustedRoot
        /// Its key usage forbids the purpose.
        case wrongPurpose
        /// Its signature is not that of its issuer.
        case badSignature
        /// It issued another certificate, and may not.
        case issuerNotAuthority
        /// The chain is longer than an authority in it allows.
        case chainTooLong
        /// An authority above it may not vouch for its names; the text tells which kind of constraint.
        case nameConstraint(reason: String)
        /// It was revoked, here or by its issuer.
        case revoked(Denial)
        /// It is for other names than whoever vouches for it may vouch for, or than was dialled.
        case nameMismatch(expected: String, found: String)
        /// There is no certificate at all.
        case noCertificate
        /// A field or extension of it is invalid.
        case malformed(reason: String)
        /// Anything else; an `X509_V_ERR_…` code and its text.
        case other(code: Int32, reason: String)
    }
}

extension CertificateRejection: CustomStringConvertible {
    /// The reason and whom it is about, for people.
    package var description: String {
        let text =
            switch self.reason {
            case .expired: "expired"
            case .notYetValid: "not yet valid"
            case .unknownIssuer: "its issuer is not known"
            case .selfSigned: "self-signed and not among the roots"
            case .untrustedRoot: "its root is not among the trusted ones"
            case .wrongPurpose: "not meant for this purpose"
            case .badSignature: "its signature is wrong"
            case .issuerNotAuthority: "it may not issue certificates"
            case .chainTooLong: "the chain is too long"
            case .revoked(let denial): "revoked: \(denial)"
            case .nameMismatch(let expected, let found): "it is for \(found), not for \(expected)"
            case .noCertificate: "there is no certificate"
            case .nameConstraint(let reason): "an issuer may not vouch for its name: \(reason)"
            case .malformed(let reason), .other(_, let reason): reason
            }
        return self.depth == 0 ? text : "\(text) (issuer at depth \(self.depth))"
    }
}
