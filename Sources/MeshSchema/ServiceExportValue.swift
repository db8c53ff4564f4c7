package import NIOCore

/// The value of a service export of the multi-cluster services API, as far as it is shown.
///
/// Read only; sources: Cilium's `pkg/clustermesh/mcsapi/types` (`MCSAPIServiceSpec`).
package struct ServiceExportValue: Sendable, Hashable {
    /// The cluster's name.
    package let cluster: String
    /// The namespace.
    package let namespace: String
    /// The name.
    package let name: String
    /// `ClusterSetIP` or `Headless`.
    package let type: String
    /// When the export was created, in RFC 3339.
    package let creationTime: String

    /// Reads a value that some version of Cilium wrote; unknown fields are ignored.
    ///
    /// - Throws: ``MeshSchemaError/malformedValue(resource:reason:)``.
    package init(decoding bytes: ByteBuffer) throws(MeshSchemaError) {
        let wire = try ValueDecoding.decode(Wire.self, from: bytes, resource: .serviceExports)
        guard !wire.cluster.isEmpty, !wire.namespace.isEmpty, !wire.name.isEmpty else {
            throw .malformedValue(
                resource: .serviceExports,
                reason: "cluster, namespace and name must not be empty"
            )
        }
        guard ["ClusterSetIP", "Headless"].contains(wire.type) else {
            throw .malformedValue(resource: .serviceExports, reason: ValueDecoding.unfit(field: "type"))
        }
        guard ["ClientIP", "None"].contains(wire.sessionAffinity) else {
            throw .malformedValue(
                resource: .serviceExports,
                reason: ValueDecoding.unfit(field: "sessionAffinity")
            )
        }
        self.cluster = wire.cluster
        self.namespace = wire.namespace
        self.name = wire.name
        self.type = wire.type
        self.creationTime = wire.exportCreationTimestamp
    }

    /// The JSON object, its names as in Go.
    private struct Wire: Decodable {
        var cluster: String
        var namespace: String
        var name: String
        var type: String
        var sessionAffinity: String
        var exportCreationTimestamp: String
    }
}
