import COpenSSL

/// What a verifier concludes.
package enum CertificateVerdict: Hashable, Sendable {
    /// A chain leads to one of the roots.
    case trusted
    /// None does.
    case rejected(CertificateRejection)
}

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
            case .nameConstraint(let reason): "an issuer may not vouch for its name: \(reason)"
            case .malformed(let reason), .other(_, let reason): reason
            }
        return self.depth == 0 ? text : "\(text) (issuer at depth \(self.depth))"
    }
}

/// Verifies certificate chains against a set of roots.
///
/// Immutable and shared by reference; any thread, several at once. A chain must lead to a *self-signed* root,
/// as the TLS library of the data plane demands, too.
@safe package final class CertificateVerifier: @unchecked Sendable {
    // Unchecked: the store is filled in `init` only; OpenSSL locks it for its own reads.
    private let store: OpaquePointer
    /// The roots.
    package let roots: [Certificate]

    /// Creates a verifier that trusts `roots`.
    package init(roots: [Certificate]) throws(PKIError) {
        OpenSSLErrors.clear()
        guard let store = unsafe X509_STORE_new() else {
            throw OpenSSLErrors.failure("allocate a trust store")
        }
        for root in roots {
            let isAdded = unsafe root.withHandle { unsafe X509_STORE_add_cert(store, $0) == 1 }
            guard isAdded else {
                unsafe X509_STORE_free(store)
                throw OpenSSLErrors.failure("add a root to a trust store")
            }
        }
        unsafe self.store = store
        self.roots = roots
    }

    deinit {
        unsafe X509_STORE_free(self.store)
    }

    /// Verifies `leaf`: names are not compared, and certificates are not asked whether they were revoked.
    ///
    /// - Parameters:
    ///   - leaf: The certificate in question.
    ///   - intermediates: What came with it, in any order; trusted only as far as the roots vouch for it.
    ///   - purpose: What it is about to be used for; `nil` for an authority's own certificate.
    ///   - now: The time in seconds since 1970.
    /// - Returns: Whether a chain leads to a root, and if not, why.
    /// - Throws: ``PKIError/cryptography(attempted:reason:)`` when OpenSSL cannot begin, for want of memory.
    package func verify(
        _ leaf: Certificate,
        intermediates: [Certificate] = [],
        purpose: CertificatePurpose?,
        at now: Int64
    ) throws(PKIError) -> CertificateVerdict {
        OpenSSLErrors.clear()
        guard let untrusted = unsafe OPENSSL_sk_new_null() else {
            throw OpenSSLErrors.failure("allocate a verification")
        }
        // The list only: the certificates in it belong to `intermediates`.
        defer { unsafe OPENSSL_sk_free(untrusted) }
        guard let context = unsafe X509_STORE_CTX_new() else {
            throw OpenSSLErrors.failure("allocate a verification")
        }
        defer { unsafe X509_STORE_CTX_free(context) }
        for certificate in intermediates {
            let isAdded = unsafe certificate.withHandle { handle in
                unsafe OPENSSL_sk_push(untrusted, UnsafeRawPointer(handle)) > 0
            }
            guard isAdded else { throw OpenSSLErrors.failure("add an intermediate certificate") }
        }
        let purposeCode =
            switch purpose {
            case .server: X509_PURPOSE_SSL_SERVER
            case .client: X509_PURPOSE_SSL_CLIENT
            case nil: X509_PURPOSE_ANY
            }
        return try unsafe leaf.withHandle { (handle) throws(PKIError) -> CertificateVerdict in
            guard unsafe X509_STORE_CTX_init(context, self.store, handle, untrusted) == 1,
                unsafe X509_STORE_CTX_set_purpose(context, purposeCode) == 1
            else { throw OpenSSLErrors.failure("begin a verification") }
            unsafe X509_STORE_CTX_set_time(context, 0, time_t(now))
            let isTrusted = unsafe X509_verify_cert(context) == 1
            // The verdict is in the context; what the queue holds besides is not another call's business.
            OpenSSLErrors.clear()
            guard !isTrusted else { return .trusted }
            return .rejected(
                CertificateRejection(
                    Self.reason(unsafe X509_STORE_CTX_get_error(context)),
                    depth: Int(unsafe X509_STORE_CTX_get_error_depth(context))
                )
            )
        }
    }

    private static func reason(_ code: Int32) -> CertificateRejection.Reason {
        let text = unsafe X509_verify_cert_error_string(Int(code)).map { unsafe String(cString: $0) } ?? ""
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED: return .expired
        case X509_V_ERR_CERT_NOT_YET_VALID: return .notYetValid
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return .unknownIssuer
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return .selfSigned
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return .untrustedRoot
        case X509_V_ERR_INVALID_PURPOSE: return .wrongPurpose
        case X509_V_ERR_CERT_SIGNATURE_FAILURE: return .badSignature
        case X509_V_ERR_INVALID_CA, X509_V_ERR_KEYUSAGE_NO_CERTSIGN: return .issuerNotAuthority
        case X509_V_ERR_PATH_LENGTH_EXCEEDED, X509_V_ERR_CERT_CHAIN_TOO_LONG: return .chainTooLong
        case X509_V_ERR_PERMITTED_VIOLATION, X509_V_ERR_EXCLUDED_VIOLATION, X509_V_ERR_SUBTREE_MINMAX,
            X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX,
            X509_V_ERR_UNSUPPORTED_NAME_SYNTAX:
            return .nameConstraint(reason: text)
        case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY,
            X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD, X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD,
            X509_V_ERR_INVALID_EXTENSION, X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
            return .malformed(reason: text)
        default: return .other(code: code, reason: text)
        }
    }
}
