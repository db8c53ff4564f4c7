// MeshResources: what people write about the mesh, as values, and what of it other clusters get to see.
//
// What it is: pure functions. `…Spec` reads the `spec` of an object from a document and finds everything
// that is wrong with it; `Publication` makes the keys and values of an object, byte for byte as Cilium
// writes them. What it is not: it keeps nothing, and knows no request and no store.
//
// The idea: an object is checked completely when it is written, so that whoever acts on it later never meets
// one that makes no sense.
//
// Begin here, then `ServiceSpec` and `Publication`.

/// The kinds of objects that people write; the raw value is the collection's name in paths.
package enum ManagedKind: String, Sendable, Hashable, CaseIterable {
    /// Remote clusters.
    case peers
    /// Which peers see what of this cluster.
    case exportRules = "export-rules"
    /// What of which peers this cluster takes.
    case importRules = "import-rules"
    /// Defaults and limits; one object.
    case settings
    /// Services for workloads outside Kubernetes.
    case services
    /// Nodes outside Kubernetes.
    case nodes
    /// Security identities: numbers for sets of labels.
    case identities
    /// The identity behind each address.
    case endpoints
    /// Tokens for the API.
    case tokens

    /// The `kind` of one object.
    package var objectKind: String {
        switch self {
        case .peers: "Peer"
        case .exportRules: "ExportRule"
        case .importRules: "ImportRule"
        case .settings: "Settings"
        case .services: "Service"
        case .nodes: "Node"
        case .identities: "Identity"
        case .endpoints: "Endpoint"
        case .tokens: "Token"
        }
    }

    /// The name of the one object of settings.
    package static let settingsName = "settings"
}

/// The kinds of objects that become keys of the store.
package enum PublishedKind: String, Sendable, Hashable, CaseIterable {
    /// See ``ManagedKind/services``.
    case services
    /// See ``ManagedKind/nodes``.
    case nodes
    /// See ``ManagedKind/identities``.
    case identities
    /// See ``ManagedKind/endpoints``.
    case endpoints

    /// Returns the kind if objects of `kind` become keys.
    package init?(_ kind: ManagedKind) {
        self.init(rawValue: kind.rawValue)
    }
}
