package import Documents
package import MeshSchema

/// What a token lets its holder do, one group of operations each.
package enum TokenScope: String, Sendable, Hashable, CaseIterable {
    /// Look at everything but secrets.
    case viewer
    /// Change the mesh, too.
    case `operator`
    /// Change certificates, too.
    case certificates
    /// Everything.
    case admin
}

/// A token of the API: what it is for, not what it is.
package struct TokenSpec: Sendable, Hashable {
    /// What it lets its holder do; at least one, each once.
    package var scopes: [TokenScope]
    /// When it ends; `nil`: never.
    package var expiresAt: Timestamp?
    /// What it is for, or nothing.
    package var description: String

    /// Reads the spec; a value is right only if no problem was noted.
    package init?(_ field: FieldReader) {
        let spec: TokenSpec? = field.object { object in
            let field = object.required("scopes")
            let scopes = field?.uniqueList(limit: TokenScope.allCases.count, by: \.rawValue) {
                $0.choice(of: TokenScope.self)
            }
            if case .array(let elements) = field?.value, elements.isEmpty {
                field?.reject(.required, "at least one scope is required") as Void?
            }
            let expiresAt = object.optional("expiresAt")?.parsed { (text) throws(ResourceError) in
                guard let time = Timestamp(rfc3339: text) else { throw .notTimestamp(text) }
                return time
            }
            let description = object.optional("description")?.string(maxBytes: 256)
            return scopes.map { TokenSpec(scopes: $0, expiresAt: expiresAt, description: description ?? "") }
        }
        guard let spec else { return nil }
        self = spec
    }

    private init(scopes: [TokenScope], expiresAt: Timestamp?, description: String) {
        self.scopes = scopes
        self.expiresAt = expiresAt
        self.description = description
    }
}
