import Documents
import MeshResources
import PKI
import Persistence

extension ObjectKind {
    /// Remote clusters.
    static let peer = ObjectKind(
        .peers,
        singular: "peer",
        effect: .none("peers are kept and checked, but not connected to yet")
    ) { field, context in
        _ = PeerSpec(field, in: context.cluster, others: Self.peerIDs(context))
        Self.checkTrust(field.below("trust")?.below("pem"), of: context.name)
    }
    /// Which peers see what of this cluster.
    static let exportRule = ObjectKind(
        .exportRules,
        singular: "export-rule",
        effect: .none("rules are kept and checked, but every peer still sees everything")
    ) { field, _ in _ = RuleSpec(field) }
    /// What of which peers this cluster takes.
    static let importRule = ObjectKind(
        .importRules,
        singular: "import-rule",
        effect: .none("rules are kept and checked, but nothing is imported yet")
    ) { field, _ in _ = RuleSpec(field) }
    /// Services for workloads outside Kubernetes.
    static let service = ObjectKind(.services, singular: "service", isNamespaced: true, effect: .published) {
        field,
        _ in _ = ServiceSpec(field)
    }
    /// Nodes outside Kubernetes.
    static let node = ObjectKind(.nodes, singular: "node", effect: .published) { field, _ in
        _ = NodeSpec(field)
    }
    /// Security identities.
    static let identity = ObjectKind(.identities, singular: "identity", effect: .published) {
        field,
        context in _ = IdentitySpec(field, in: context.cluster)
    }
    /// The identity behind each address.
    static let endpoint = ObjectKind(.endpoints, singular: "endpoint", effect: .published) {
        field,
        context in _ = EndpointSpec(field, in: context.cluster)
    }
    /// Tokens for this API.
    static let token = ObjectKind(.tokens, singular: "token", readScope: .admin, writeScope: .admin) {
        field,
        _ in _ = TokenSpec(field)
    }
    /// Defaults and limits; one object.
    static let settings = ObjectKind(.settings, singular: "settings", writeScope: .admin) { field, _ in
        _ = SettingsSpec(field)
    }

    /// The kinds whose objects have the usual operations.
    static let collections: [ObjectKind] = [
        .peer, .exportRule, .importRule, .service, .node, .identity, .endpoint,
    ]
    /// All kinds.
    static let all: [ObjectKind] = Self.collections + [.token, .settings]

    private init(
        _ kind: ManagedKind,
        singular: String,
        isNamespaced: Bool = false,
        readScope: TokenScope = .viewer,
        writeScope: TokenScope = .operator,
        effect: Effect = .immediate,
        checkSpec: @escaping @Sendable (FieldReader, Context) -> Void
    ) {
        self.init(
            kind: kind.objectKind,
            plural: kind.rawValue,
            singular: singular,
            isNamespaced: isNamespaced,
            readScope: readScope,
            writeScope: writeScope,
            effect: effect,
            nameProblem: { name, cluster in
                do throws(ResourceError) {
                    try ResourceNames.check(name, of: kind, in: cluster)
                    return nil
                } catch {
                    return error.description
                }
            },
            checkSpec: checkSpec
        )
    }

    /// Notes what is wrong with the roots that may vouch for a peer.
    private static func checkTrust(_ field: FieldReader?, of peer: String) {
        // That it is a text, and one in PEM, is said by others.
        guard let field, let text = field.value.string, text.contains("BEGIN CERTIFICATE") else { return }
        do throws(PKIError) {
            _ = try TrustBundle(
                peer: peer,
                certificates: try Certificate.bundle(pem: Array(text.utf8))
            )
        } catch {
            field.reject(.invalidValue, "\(error)") as Void?
        }
    }

    /// The names of the other peers by their clusters' ids.
    private static func peerIDs(_ context: Context) -> [UInt32: String] {
        var names: [UInt32: String] = [:]
        for object in context.objects(ManagedKind.peers.rawValue) where object.name != context.name {
            let id = (try? JSONReader.read(object.spec))?.object?["clusterID"]?.integer
            if let id = id.flatMap(UInt32.init(exactly:)) { names[id] = object.name }
        }
        return names
    }
}
