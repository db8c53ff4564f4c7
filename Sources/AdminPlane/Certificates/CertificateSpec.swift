import Documents
import MeshResources
import MeshSchema
import PKI

/// What a client wants a certificate to be.
struct CertificateSpec {
    /// The keys that are made here, by the name of their kind.
    enum Key: String, CaseIterable {
        case p256
        case rsa2048
        case rsa3072
        case rsa4096

        var kind: KeyKind {
            switch self {
            case .p256: .p256
            case .rsa2048: .rsa(bits: 2_048)
            case .rsa3072: .rsa(bits: 3_072)
            case .rsa4096: .rsa(bits: 4_096)
            }
        }
    }

    /// Whose certificate it is.
    var profile = CertificateProfile.remote
    /// For `remote`: the peer; `nil`: any.
    var peer: String?
    /// For `server`: names and addresses besides those that every server has.
    var names: [AlternativeName] = []
    /// For `server`: the namespace of Cilium's service.
    var namespace = CertificateProfile.defaultNamespace
    /// How long it lives; `nil`: as the settings say.
    var lifetime: Duration?
    /// Who issues it.
    var authority = MeshPKI.meshAuthority
    /// What key is made for it.
    var key = Key.p256
    /// Whether the key is kept here, sealed, so that the certificate renews itself and can be exported.
    var keepsKey = false
    /// Where the lifetime stands, for what is wrong with it.
    var pointer = JSONPointer.root

    /// Reads the spec; a value is right only if no problem was noted.
    init?(_ field: FieldReader) {
        var spec = Self()
        spec.pointer = field.pointer
        let isRead: Bool? = field.object { object in
            if let profile = object.required("profile")?.choice(of: CertificateProfile.self) {
                spec.profile = profile
            }
            spec.readNames(object)
            if let field = object.optional("lifetime") { spec.lifetime = Self.lifetime(field) }
            spec.authority = object.optional("authority")?.string(maxBytes: 253) ?? spec.authority
            spec.key = object.optional("keyKind")?.choice(of: Key.self) ?? spec.key
            spec.keepsKey = object.optional("keepKey")?.boolean() ?? false
            return true
        }
        guard isRead != nil else { return nil }
        self = spec
    }

    private init() {}

    private static func lifetime(_ field: FieldReader) -> Duration? {
        let lifetime = field.parsed { (text) throws(ResourceError) in try Duration(text: text) }
        guard let lifetime else { return nil }
        guard (Duration.seconds(60)...Duration.seconds(36_500 * 86_400)).contains(lifetime) else {
            return field.reject(.outOfRange, "must be from 1m to a hundred years")
        }
        return lifetime
    }

    private mutating func readNames(_ object: ObjectReader) {
        let isServer = self.profile == .server
        if let field = object.optional("peer") {
            if self.profile == .remote {
                self.peer = field.parsed(maxBytes: 32) { (text) throws(MeshSchemaError) in
                    try ClusterName(text).rawValue
                }
            } else {
                field.reject(.invalidValue, "only a certificate of the profile remote has a peer") as Void?
            }
        }
        if let field = object.optional("names") {
            let names = field.list(limit: CertificateTemplate.mostAlternativeNames) { field in
                field.parsed(maxBytes: 253) { (text) throws(PKIError) in try AlternativeName(text) }
            }
            self.names = names ?? []
            if !isServer { field.reject(.invalidValue, "only the profile server has further names") as Void? }
        }
        if let field = object.optional("namespace") {
            self.namespace = field.string(maxBytes: 63) ?? self.namespace
            if !isServer { field.reject(.invalidValue, "only the profile server has a namespace") as Void? }
        }
    }
}
