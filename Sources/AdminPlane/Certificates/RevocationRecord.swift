import Documents
import PKI
import Persistence

/// A revocation as it is kept: the object's status says exactly what is denied.
struct RevocationRecord {
    /// What is denied: one number for each issuer that may have given it.
    var denials: [Denial]
    /// Since when, in nanoseconds since 1970.
    var revokedAt: Int64
    /// Why.
    var reason: RevocationSpec.Reason

    /// Reads an object; `nil` when it is not what ``json`` makes.
    init?(_ object: AdminObject) {
        guard let status = (try? JSONReader.read(object.status))?.object,
            let items = status["denials"]?.array,
            let time = status["revokedAt"]?.string.flatMap(Moment.nanoseconds)
        else { return nil }
        self.denials = items.compactMap { $0.object.flatMap(Self.denial) }
        self.revokedAt = time
        self.reason = status["reason"]?.string.flatMap(RevocationSpec.Reason.init) ?? .unspecified
    }

    init(denials: [Denial], revokedAt: Int64, reason: RevocationSpec.Reason) {
        self.denials = denials
        self.revokedAt = revokedAt
        self.reason = reason
    }

    /// The status of the object, in JSON.
    var json: [UInt8] {
        JSONWriter.write(
            [
                "revokedAt": .string(Moment.text(self.revokedAt)),
                "reason": .string(self.reason.rawValue),
                "denials": .array(self.denials.map(Self.document)),
            ]
        )
    }

    private static func document(_ denial: Denial) -> DocumentValue {
        switch denial {
        case .serialNumber(let number, let issuer):
            [
                "serialNumber": .string(number.description),
                "issuer": .string(issuer.description),
                "issuerDER": .string(Base64URL.encode(issuer.der)),
            ]
        case .key(let digest): ["key": .string(AuditLine.hexadecimal(digest))]
        case .peer(let name): ["peer": .string(name)]
        case .revocationList(let issuer): ["revocationList": .string(issuer.description)]
        }
    }

    private static func denial(_ object: DocumentObject) -> Denial? {
        if let number = object["serialNumber"]?.string.flatMap(Self.bytes),
            let issuer = object["issuerDER"]?.string.flatMap(Base64URL.decode)
        {
            let serialNumber = SerialNumber(magnitude: number)
            return .serialNumber(serialNumber, issuer: DistinguishedName(der: issuer))
        }
        if let key = object["key"]?.string.flatMap(Self.bytes) { return .key(key) }
        return object["peer"]?.string.map { .peer($0) }
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        let digits = text.compactMap { $0.hexDigitValue }
        guard digits.count == text.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
