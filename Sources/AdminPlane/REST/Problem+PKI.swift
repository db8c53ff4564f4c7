import Documents
import PKI

extension Problem {
    /// Creates the problem of what cannot be done with certificates and keys.
    ///
    /// What the client sent is 422 with a pointer to it; what the authority cannot do at present is 409.
    ///
    /// - Parameters:
    ///   - error: What is wrong.
    ///   - pointer: The part of the body that it is about.
    init(_ error: PKIError, at pointer: JSONPointer) {
        switch error {
        case .cryptography, .file:
            self.init(.internal, "the server's cryptography failed: \(error)")
        case .sealed, .invalidEncryptionKey:
            self.init(
                .notAvailable,
                "\(error)",
                hint: "start the server with the key-encryption key that this admin.db was written under"
            )
        case .issuerExpired, .issuerNotYetValid, .keyMissing, .pathTooLong:
            self.init(.conflict, "\(error)")
        default:
            self.init(invalid: [FieldProblem(pointer, Self.code(error), "\(error)")])
            self.detail = "\(error)"
        }
    }

    private static func code(_ error: PKIError) -> FieldProblem.Code {
        switch error {
        case .malformed: .invalidFormat
        case .keyMismatch, .unrelatedCertificate: .mismatch
        case .incompleteChain: .required
        case .invalidValidity, .outsideIssuerValidity: .outOfRange
        case .request(.tooLarge): .tooLong
        case .request(.tooManyNames): .tooMany
        case .request(.wrongCommonName), .request(.nameNotAllowed): .mismatch
        default: .invalidValue
        }
    }
}
