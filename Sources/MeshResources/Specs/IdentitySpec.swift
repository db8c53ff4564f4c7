package import Documents
package import MeshSchema

/// A security identity: the labels that its number stands for.
package struct IdentitySpec: Sendable, Hashable {
    /// The most labels.
    package static let labelLimit = 256

    /// The labels, that of the cluster among them.
    package var labels: IdentityLabels

    /// Reads the spec; a value is right only if no problem was noted.
    ///
    /// Labels are written as `source:key`, because two of one key cannot both be in an identity.
    package init?(_ field: FieldReader, in cluster: ClusterContext) {
        var labels: [String: IdentityLabels.Label] = [:]
        let isRead: Bool? = field.object { object in
            let member = object.required("labels")
            let read = member?.map(limit: Self.labelLimit) { name, field in
                Self.label(name, field, cluster).map { label -> Bool in
                    if labels[label.key] != nil {
                        let message = "there is a label of the key \"\(label.key)\" with another source"
                        field.reject(.duplicate, message) as Void?
                    }
                    labels[label.key] = label.label
                    return true
                }
            }
            return read == nil ? nil : true
        }
        guard isRead != nil else { return nil }
        labels[IdentityLabels.clusterKey] = .init(source: "k8s", value: cluster.name.rawValue)
        self.labels = IdentityLabels(labels)
    }

    private static func label(
        _ name: String,
        _ field: FieldReader,
        _ cluster: ClusterContext
    ) -> (key: String, label: IdentityLabels.Label)? {
        let (source, key) = IdentityLabels.splitSource(name)
        guard !key.isEmpty, !source.isEmpty, name.utf8.count <= 512, self.isWritable(name, without: ";=")
        else {
            return field.reject(
                .invalidFormat,
                "\"\(name)\" is not of the form source:key, for example k8s:app"
            )
        }
        guard let value = field.string(maxBytes: 512) else { return nil }
        // The value of the identity is text, in which these characters separate.
        guard self.isWritable(value, without: ";") else {
            return field.reject(.invalidFormat, "must be visible characters without \";\"")
        }
        if key == IdentityLabels.clusterKey, (source, value) != ("k8s", cluster.name.rawValue) {
            return field.reject(
                .mismatch,
                "must be the label k8s:\(key) of this cluster, \"\(cluster.name)\""
            )
        }
        return (key, IdentityLabels.Label(source: source, value: value))
    }

    private static func isWritable(_ text: String, without separators: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            scalar.value > 0x20 && scalar.value != 0x7f && !separators.unicodeScalars.contains(scalar)
        }
    }
}
