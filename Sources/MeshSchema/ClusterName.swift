/// A cluster's name that Cilium accepts in a mesh.
///
/// Cilium's rule (`pkg/clustermesh/types`, strict since 1.18): 1 to 32 lower-case letters, digits and `-`,
/// the first and last of which is a letter or digit, and not `default`, which is the name of clusters without
/// an id.
package struct ClusterName: Sendable, Hashable {
    /// The most characters of a name.
    package static let maximumLength = 32

    /// The name as it appears in keys and values.
    package let rawValue: String

    /// Checks `name`.
    ///
    /// - Throws: A ``MeshSchemaError`` that names the rule which `name` breaks.
    package init(_ name: String) throws(MeshSchemaError) {
        let bytes = Array(name.utf8)
        guard let first = bytes.first, let last = bytes.last else { throw .emptyClusterName }
        guard bytes.count <= Self.maximumLength else {
            throw .clusterNameTooLong(name: name, limit: Self.maximumLength)
        }
        guard
            Self.isLetterOrDigit(first), Self.isLetterOrDigit(last),
            bytes.allSatisfy({ Self.isLetterOrDigit($0) || $0 == UInt8(ascii: "-") })
        else {
            throw .invalidClusterName(name: name)
        }
        guard name != "default" else { throw .reservedClusterName(name: name) }
        self.rawValue = name
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}

extension ClusterName: Comparable, CustomStringConvertible {
    /// Orders names by their bytes, as their keys are ordered.
    package static func < (left: ClusterName, right: ClusterName) -> Bool { left.rawValue < right.rawValue }

    /// The name.
    package var description: String { self.rawValue }
}
