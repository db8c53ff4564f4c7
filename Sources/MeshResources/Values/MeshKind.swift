package import MeshSchema

/// The kinds of objects that clusters exchange, in the words of specs.
package enum MeshKind: String, Sendable, Hashable, CaseIterable {
    /// Global services.
    case services
    /// Endpoint slices.
    case endpointSlices = "endpointslices"
    /// Nodes.
    case nodes
    /// Security identities.
    case identities
    /// The identity behind each address.
    case endpoints
    /// Exports of the multi-cluster services API.
    case serviceExports = "serviceexports"

    /// The kind in Cilium's keys.
    package var resource: ResourceKind {
        switch self {
        case .services: .services
        case .endpointSlices: .endpointSlices
        case .nodes: .nodes
        case .identities: .identities
        case .endpoints: .addresses
        case .serviceExports: .serviceExports
        }
    }
}
