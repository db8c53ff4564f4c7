package import MeshSchema

/// The cluster in whose name objects are written: what they are checked against.
package struct ClusterContext: Sendable, Hashable {
    /// The cluster's name.
    package let name: ClusterName
    /// The cluster's id.
    package let id: ClusterID
    /// The size of the mesh.
    package let mesh: MaxConnectedClusters

    /// Creates a context.
    package init(name: ClusterName, id: ClusterID, mesh: MaxConnectedClusters) {
        self.name = name
        self.id = id
        self.mesh = mesh
    }

    /// The numbers that the cluster's identities may have.
    package var identities: ClosedRange<UInt32> { self.id.identities(in: self.mesh) }
}
