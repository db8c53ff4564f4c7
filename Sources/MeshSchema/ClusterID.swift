/// How many clusters a mesh can have; all clusters of a mesh must agree.
///
/// The larger mesh halves the number of identities that each cluster can have.
package enum MaxConnectedClusters: Int, Sendable, Hashable, CaseIterable {
    /// Cilium's default.
    case standard = 255
    /// Cilium's extended mesh.
    case extended = 511

    /// Checks a number of clusters.
    ///
    /// - Throws: ``MeshSchemaError/invalidMaxConnectedClusters(value:)`` for any number that is not 255 or
    ///   511.
    package init(_ value: Int) throws(MeshSchemaError) {
        guard let known = Self(rawValue: value) else { throw .invalidMaxConnectedClusters(value: value) }
        self = known
    }
}

/// A cluster's number, unique in its mesh: 1 to the maximum of connected clusters.
package struct ClusterID: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The number as it appears in values.
    package let rawValue: UInt32

    /// Checks `id` against the size of the mesh.
    ///
    /// - Throws: ``MeshSchemaError/reservedClusterID`` for zero and
    ///   ``MeshSchemaError/clusterIDOutOfRange(id:maximum:)`` for other numbers that the mesh cannot have.
    package init(_ id: Int, in mesh: MaxConnectedClusters) throws(MeshSchemaError) {
        guard id != 0 else { throw .reservedClusterID }
        guard (1...mesh.rawValue).contains(id) else {
            throw .clusterIDOutOfRange(id: id, maximum: mesh.rawValue)
        }
        self.rawValue = UInt32(id)
    }

    /// Orders ids as numbers.
    package static func < (left: ClusterID, right: ClusterID) -> Bool { left.rawValue < right.rawValue }

    /// The number in decimal.
    package var description: String { String(self.rawValue) }
}
