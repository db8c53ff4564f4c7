package import Documents

/// An object that becomes keys: its name and what was written.
package struct PublishedObject: Sendable, Hashable {
    /// What was written, by kind.
    package enum Spec: Sendable, Hashable {
        /// A service.
        case service(ServiceSpec)
        /// A node.
        case node(NodeSpec)
        /// An identity.
        case identity(IdentitySpec)
        /// An endpoint.
        case endpoint(EndpointSpec)
    }

    /// The kind.
    package let kind: PublishedKind
    /// The name; a service's is `namespace/name`.
    package let name: String
    /// The labels of the object itself.
    package var labels: [String: String]
    /// The annotations of the object itself.
    package var annotations: [String: String]
    /// What was written.
    package var spec: Spec

    /// Reads an object; a value is right only if no problem was noted.
    ///
    /// - Parameters:
    ///   - kind: The kind.
    ///   - name: The name, which is checked too.
    ///   - labels: The labels of the object itself.
    ///   - annotations: The annotations of the object itself.
    ///   - field: The spec.
    ///   - cluster: The cluster that publishes.
    package init?(
        _ kind: PublishedKind,
        named name: String,
        labels: [String: String] = [:],
        annotations: [String: String] = [:],
        spec field: FieldReader,
        in cluster: ClusterContext
    ) {
        do throws(ResourceError) {
            // Every published kind is a managed one.
            guard let managed = ManagedKind(rawValue: kind.rawValue) else { return nil }
            try ResourceNames.check(name, of: managed, in: cluster)
        } catch {
            field.reject(.invalidValue, "the name is not one that this cluster can publish: \(error)")
                as Void?
            return nil
        }
        let spec: Spec? =
            switch kind {
            case .services: ServiceSpec(field).map { .service($0) }
            case .nodes: NodeSpec(field).map { .node($0) }
            case .identities: IdentitySpec(field, in: cluster).map { .identity($0) }
            case .endpoints: EndpointSpec(field, in: cluster).map { .endpoint($0) }
            }
        guard let spec else { return nil }
        self.kind = kind
        self.name = name
        self.labels = labels
        self.annotations = annotations
        self.spec = spec
    }
}
