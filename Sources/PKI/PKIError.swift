/// What went wrong in this module; the only error that it throws.
package enum PKIError: Error, Hashable, Sendable {
    /// OpenSSL refused; `reason` is its own text.
    case cryptography(attempted: String, reason: String)
    /// The bytes are not what they should be: `what` names the kind of thing, `reason` tells why.
    case malformed(what: String, reason: String)
    /// The key is well formed, but neither EC (P-256, P-384, P-521) nor RSA of 2048 to 4096 bits.
    case unsupportedKey(found: String)
    /// A common name or an alternative name that no certificate of ours may carry.
    case invalidName(String, reason: String)
    /// A period that ends before it begins or that no certificate can express, or a lifetime that makes one.
    case invalidValidity(Validity)
    /// The issuer's own certificate had ended by `now` (seconds since 1970).
    case issuerExpired(issuer: String, validity: Validity, now: Int64)
    /// The issuer's own certificate begins after `now` (seconds since 1970).
    case issuerNotYetValid(issuer: String, validity: Validity, now: Int64)
    /// The requested period reaches beyond the issuer's own.
    case outsideIssuerValidity(requested: Validity, issuer: Validity)
    /// An authority above the requested one allows so many authorities below it and no more.
    case pathTooLong(issuer: String, allowed: Int)
    /// What was asked for would be rejected by every verifier, so that it was not issued or taken over.
    case wouldBeRejected(commonName: String, CertificateRejection)
    /// No certificate was given of the issuer of the certificate with this common name.
    case incompleteChain(commonName: String, missingIssuer: String)
    /// The certificate with this common name belongs to no chain that was given.
    case unrelatedCertificate(commonName: String)
    /// The certificate with this common name may not sign certificates; `reason` tells why.
    case notAnAuthority(commonName: String, reason: String)
    /// The private key is not that of the certificate with this common name.
    case keyMismatch(commonName: String)
    /// A certificate request asks for something that is not given.
    case request(RequestProblem)
    /// A password that no file is encrypted under.
    case invalidPassword(reason: String)
    /// A revocation list is not taken over.
    case revocationList(RevocationListProblem)
    /// A join token, or a message under it, is refused.
    case join(JoinProblem)
    /// The text of a key-encryption key is not one.
    case invalidEncryptionKey(reason: String)
    /// Something that was encrypted at rest cannot be read.
    case sealed(SealedProblem)
    /// The private key of the certificate with this common name is kept elsewhere.
    case keyMissing(commonName: String)
    /// A file of a ``PKIDirectory``, or the directory itself.
    case file(path: String, FileProblem)
}

/// Why a ``SealedSecret`` cannot be opened.
package enum SealedProblem: Hashable, Sendable {
    /// Shorter than the shortest envelope.
    case truncated
    /// Longer than what is ever sealed.
    case tooLarge(limitBytes: Int)
    /// Not an envelope of a known version.
    case unknownFormat
    /// Sealed under a key that the vault does not have.
    case otherKey(needed: EncryptionKeyID, present: [EncryptionKeyID])
    /// The envelope was changed or cut short, or belongs to another object than this one.
    case tampered(object: String)
}

/// What is wrong with one file of a ``PKIDirectory``.
///
/// The file is left as it was.
package enum FileProblem: Hashable, Sendable {
    /// The file must exist beside the others that do; `reason` names them.
    case missing(reason: String)
    /// The operating system refused; `code` is its `errno`.
    case inaccessible(attempted: String, code: Int32)
    /// Not a regular file (or, for the directory, not a directory).
    case wrongType
    /// Longer than a certificate or key file can be.
    case tooLarge(limitBytes: Int)
    /// Not parseable, or cut short.
    case damaged(reason: String)
    /// The private key is not that of the certificate in the other file.
    case keyMismatch(certificateFile: String)
    /// The certificate names somebody else.
    case wrongCommonName(expected: String, found: String)
    /// The certificate is not acceptable at this time or under these roots.
    case rejected(CertificateRejection)
    /// Another process is working on the directory.
    case inUse
}

extension PKIError: CustomStringConvertible {
    /// One line for people.
    package var description: String {
        switch self {
        case .cryptography(let attempted, let reason): "could not \(attempted): \(reason)"
        case .malformed(let what, let reason): "not a valid \(what): \(reason)"
        case .unsupportedKey(let found): "unsupported key: \(found); use EC P-256 or RSA of 2048 to 4096 bits"
        case .invalidName(let name, let reason): "invalid name \"\(name)\": \(reason)"
        case .invalidValidity(let validity): "invalid period of validity: \(validity)"
        case .issuerExpired(let issuer, let validity, let now):
            "the issuer \"\(issuer)\" (\(validity)) had expired by \(UTCTime.text(now))"
        case .issuerNotYetValid(let issuer, let validity, let now):
            "the issuer \"\(issuer)\" (\(validity)) is not yet valid at \(UTCTime.text(now))"
        case .outsideIssuerValidity(let requested, let issuer):
            "the requested period (\(requested)) is not within the issuer's (\(issuer))"
        case .pathTooLong(let issuer, let allowed):
            "the issuer \"\(issuer)\" allows no more than \(allowed) authorities below it"
        case .wouldBeRejected(let name, let rejection):
            "the certificate \"\(name)\" would not be accepted: \(rejection)"
        case .incompleteChain(let name, let issuer):
            "the issuer of \"\(name)\" is missing from the chain: \"\(issuer)\""
        case .unrelatedCertificate(let name):
            "the certificate \"\(name)\" is not part of the chain"
        case .notAnAuthority(let name, let reason): "\"\(name)\" cannot sign certificates: \(reason)"
        case .keyMismatch(let name): "the private key is not that of the certificate \"\(name)\""
        case .request(let problem): "the certificate request is refused: \(problem)"
        case .invalidPassword(let reason): "not a usable password: \(reason)"
        case .revocationList(let problem): "the revocation list is refused: \(problem)"
        case .join(let problem): "joining is refused: \(problem)"
        case .keyMissing(let name): "the private key of the certificate \"\(name)\" is not here"
        case .invalidEncryptionKey(let reason): "not a key-encryption key: \(reason)"
        case .sealed(let problem): "an encrypted secret cannot be read: \(problem)"
        case .file(let path, let problem): "\(path): \(problem)"
        }
    }
}

extension SealedProblem: CustomStringConvertible {
    /// The reason, for people.
    package var description: String {
        switch self {
        case .truncated: "it is cut short"
        case .tooLarge(let limit): "it is longer than \(limit) bytes"
        case .unknownFormat: "it is not in a known format"
        case .otherKey(let needed, let present):
            "it needs key \(needed); present: \(present.map(\.description).joined(separator: ", "))"
        case .tampered(let object): "it was changed, or is not that of \(object)"
        }
    }
}

extension FileProblem: CustomStringConvertible {
    /// The reason, to be read after the file's name.
    package var description: String {
        switch self {
        case .missing(let reason): "missing: \(reason)"
        case .inaccessible(let attempted, let code): "could not \(attempted): \(systemErrorText(code))"
        case .wrongType: "not a file or directory of the expected type"
        case .tooLarge(let limit): "longer than \(limit) bytes"
        case .damaged(let reason): "damaged: \(reason)"
        case .keyMismatch(let file): "not the private key of the certificate in \(file)"
        case .wrongCommonName(let expected, let found):
            "the certificate's common name is \"\(found)\", not \"\(expected)\""
        case .rejected(let rejection): "the certificate is not acceptable: \(rejection)"
        case .inUse: "another process is using this directory"
        }
    }
}
