import Documents
import MeshResources
import PKI

/// What a client says of an authority.
///
/// What it imports is read once and kept apart: the spec that is stored has no `import`.
struct AuthoritySpec {
    /// The most bytes of a chain or a key.
    static let longestText = 1 << 18

    /// An authority from elsewhere.
    struct Import {
        /// The issuing certificate and those above it, in PEM.
        let certificates: FieldReader
        let certificatesPEM: String
        /// The key of the issuing certificate, in PEM.
        let key: FieldReader?
        let keyPEM: String?
    }

    /// What it is for, or nothing.
    var description = ""
    /// What to import; `nil`: a new authority is made.
    var imported: Import?

    /// Reads the spec; a value is right only if no problem was noted.
    init?(_ field: FieldReader) {
        var spec: (description: String, imported: Import?) = ("", nil)
        let isRead: Bool? = field.object { object in
            spec.description = object.optional("description")?.string(maxBytes: 256) ?? ""
            spec.imported = object.optional("import").flatMap(Self.imported)
            return true
        }
        guard isRead != nil else { return nil }
        self.description = spec.description
        self.imported = spec.imported
    }

    static func imported(_ field: FieldReader) -> Import? {
        field.object { object in
            let certificates = object.required("certificates")
            let text = certificates?.string(maxBytes: self.longestText)
            let key = object.optional("key")
            let keyText = key?.string(maxBytes: self.longestText)
            guard let certificates, let text else { return nil }
            return Import(certificates: certificates, certificatesPEM: text, key: key, keyPEM: keyText)
        }
    }

    /// The spec as it is stored: nothing of it is secret.
    static func stored(_ spec: DocumentValue) -> DocumentValue {
        guard var object = spec.object else { return spec }
        object["import"] = nil
        return .object(object)
    }
}
