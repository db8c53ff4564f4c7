import COpenSSL

/// What a verifier finds: a chain, the leaf first, or why there is none.
enum ChainResult {
    case found([Certificate])
    case rejected(CertificateRejection)
}

/// What a verifier concludes.
package enum CertificateVerdict: Hashable, Sendable {
    /// A chain leads to one of the roots.
    case trusted
    /// None does.
    case rejected(CertificateRejection)
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
    ///
    /// - Parameters:
    ///   - roots: The certificates that chains have to lead to.
    ///   - acceptsAnyAnchor: Whether they need not be self-signed: for a certificate that was pinned.
    /// - Throws: ``PKIError/cryptography(attempted:reason:)``.
    package init(roots: [Certificate], acceptsAnyAnchor: Bool = false) throws(PKIError) {
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
        if acceptsAnyAnchor { _ = unsafe X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN)) }
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
        let result = try self.chain(of: leaf, intermediates: intermediates, purpose: purpose, at: now)
        switch result {
        case .found: return .trusted
        case .rejected(let rejection): return .rejected(rejection)
        }
    }

    /// Verifies `leaf` and returns the chain that was found; see
    /// ``verify(_:intermediates:purpose:at:)``.
    func chain(
        of leaf: Certificate,
        intermediates: [Certificate],
        purpose: CertificatePurpose?,
        at now: Int64
    ) throws(PKIError) -> ChainResult {
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
        return try unsafe leaf.withHandle { (handle) throws(PKIError) -> ChainResult in
            guard unsafe X509_STORE_CTX_init(context, self.store, handle, untrusted) == 1,
                unsafe X509_STORE_CTX_set_purpose(context, purposeCode) == 1
            else { throw OpenSSLErrors.failure("begin a verification") }
            unsafe X509_STORE_CTX_set_time(context, 0, time_t(now))
            let isTrusted = unsafe X509_verify_cert(context) == 1
            // The verdict is in the context; what the queue holds besides is not another call's business.
            OpenSSLErrors.clear()
            guard !isTrusted else { return .found(try unsafe Self.chain(in: context)) }
            return .rejected(
                CertificateRejection(
                    Self.reason(unsafe X509_STORE_CTX_get_error(context)),
                    depth: Int(unsafe X509_STORE_CTX_get_error_depth(context))
                )
            )
        }
    }

    /// The chain that a verification has found: the leaf first, the root last.
    private static func chain(in context: OpaquePointer) throws(PKIError) -> [Certificate] {
        let list = unsafe X509_STORE_CTX_get0_chain(context)
        var chain: [Certificate] = []
        for index in 0..<max(0, unsafe OPENSSL_sk_num(list)) {
            guard let item = unsafe OPENSSL_sk_value(list, index) else { continue }
            let handle = OpaquePointer(item)
            guard unsafe X509_up_ref(handle) == 1 else { throw OpenSSLErrors.failure("keep a certificate") }
            chain.append(try unsafe Certificate(takingOwnershipOf: handle))
        }
        return chain
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
