import Documents
import MeshSchema
import PKI

/// What a client wants to be revoked: exactly one certificate, number, key or peer.
struct RevocationSpec {
    /// What is revoked.
    enum Subject {
        /// A certificate, whoever issued it.
        case certificate(Certificate)
        /// A number of one of our authorities.
        case serialNumber(SerialNumber, authority: String)
        /// A key by the SHA-256 digest of its `SubjectPublicKeyInfo`: every certificate that has it.
        case key([UInt8])
        /// A peer: every certificate that speaks for it.
        case peer(String)
    }

    /// The words of RFC 5280 for why.
    enum Reason: String, CaseIterable {
        case unspecified
        case keyCompromise
        case cACompromise
        case affiliationChanged
        case superseded
        case cessationOfOperation
        case privilegeWithdrawn

        var wire: Revocation.Reason {
            switch self {
            case .unspecified: .unspecified
            case .keyCompromise: .keyCompromise
            case .cACompromise: .authorityCompromise
            case .affiliationChanged: .affiliationChanged
            case .superseded: .superseded
            case .cessationOfOperation: .cessationOfOperation
            case .privilegeWithdrawn: .privilegeWithdrawn
            }
        }
    }

    /// What is revoked.
    var subject: Subject
    /// Why.
    var reason = Reason.unspecified

    /// Reads the spec; a value is right only if no problem was noted.
    init?(_ field: FieldReader) {
        var reason = Reason.unspecified
        let subject: Subject? = field.object { object in
            let certificate = object.optional("certificate")
            let number = object.optional("serialNumber")
            let key = object.optional("key")
            let peer = object.optional("peer")
            let authority = object.optional("authority")?.string(maxBytes: 253) ?? MeshPKI.meshAuthority
            reason = object.optional("reason")?.choice(of: Reason.self) ?? reason
            guard [certificate, number, key, peer].compactMap({ $0 }).count == 1 else {
                object.reject(.mismatch, "exactly one of certificate, serialNumber, key and peer is wanted")
                return nil
            }
            if let certificate { return Self.certificate(certificate).map { .certificate($0) } }
            if let number {
                return Self.bytes(number, 1...20).map {
                    .serialNumber(SerialNumber(magnitude: $0), authority: authority)
                }
            }
            if let key { return Self.bytes(key, 32...32).map { .key($0) } }
            let name = peer?.parsed(maxBytes: 32) { (text) throws(MeshSchemaError) in
                try ClusterName(text).rawValue
            }
            return name.map { .peer($0) }
        }
        guard let subject else { return nil }
        self.subject = subject
        self.reason = reason
    }

    private static func certificate(_ field: FieldReader) -> Certificate? {
        field.parsed(maxBytes: 1 << 16) { (text) throws(PKIError) in
            try Certificate.single(pem: Array(text.utf8))
        }
    }

    /// Reads hexadecimal digits; colons between pairs, as tools print them, are passed over.
    private static func bytes(_ field: FieldReader, _ count: ClosedRange<Int>) -> [UInt8]? {
        guard let text = field.string(maxBytes: 128) else { return nil }
        let digits = text.filter { $0 != ":" }.map { $0.hexDigitValue }
        guard digits.count.isMultiple(of: 2), count.contains(digits.count / 2), !digits.contains(nil) else {
            return field.reject(.invalidFormat, "must be hexadecimal digits, two for each byte")
        }
        let values = digits.compactMap { $0 }
        return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
    }
}
