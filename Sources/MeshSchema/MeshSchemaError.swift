/// Why a name, a number or a value is not one that Cilium accepts.
///
/// The description is a sentence for an operator: what is wrong, and what would be right.
package enum MeshSchemaError: Error, Hashable, Sendable {
    /// The cluster's name is empty.
    case emptyClusterName
    /// The cluster's name has more characters than Cilium allows.
    case clusterNameTooLong(name: String, limit: Int)
    /// The cluster's name has a character that is not allowed, or not allowed in its place.
    case invalidClusterName(name: String)
    /// The name `default` belongs to clusters without an id.
    case reservedClusterName(name: String)
    /// Zero means "no mesh" to Cilium.
    case reservedClusterID
    /// The id does not fit into the mesh.
    case clusterIDOutOfRange(id: Int, maximum: Int)
    /// Cilium knows two sizes of a mesh only.
    case invalidMaxConnectedClusters(value: Int)
    /// The bytes are not the JSON of a cluster configuration.
    case malformedClusterConfiguration(reason: String)
    /// The bytes are not the value of an object of that kind.
    case malformedValue(resource: ResourceKind, reason: String)
}

extension MeshSchemaError: CustomStringConvertible {
    /// The sentence for an operator.
    package var description: String {
        switch self {
        case .emptyClusterName:
            "the cluster name is empty: give it 1 to \(ClusterName.maximumLength) characters"
        case .clusterNameTooLong(let name, let limit):
            "the cluster name \"\(name)\" has \(name.utf8.count) characters: Cilium allows at most \(limit)"
        case .invalidClusterName(let name):
            """
            the cluster name "\(name)" is not valid: Cilium allows lower-case letters, digits and "-", \
            and the first and the last character must be a letter or a digit
            """
        case .reservedClusterName(let name):
            "the cluster name \"\(name)\" is reserved for clusters outside a mesh: choose another name"
        case .reservedClusterID:
            "the cluster id 0 is reserved for clusters outside a mesh: choose an id from 1"
        case .clusterIDOutOfRange(let id, let maximum):
            """
            the cluster id \(id) is out of range: it must be 1 to \(maximum), because \(maximum) clusters is \
            the size of the mesh
            """
        case .invalidMaxConnectedClusters(let value):
            """
            a mesh of \(value) clusters is not possible: the maximum of connected clusters is 255 or 511, \
            and the same in each cluster of the mesh
            """
        case .malformedClusterConfiguration(let reason):
            "the cluster configuration is malformed: \(reason)"
        case .malformedValue(let resource, let reason):
            "the value of an object of \(resource.rawValue) is malformed: \(reason)"
        }
    }
}
