package import NIOCore

/// The value of a security identity: the labels that it stands for.
///
/// Text, not JSON: `source:key=value;` for each label in the order of the keys (Cilium's `pkg/labels`,
/// `SortedList`). Two labels with one key cannot both be there, whatever their sources.
package struct IdentityLabels: Sendable, Hashable {
    /// One label.
    package struct Label: Sendable, Hashable {
        /// Who gave the label, such as `k8s`.
        package var source: String
        /// The value; may be empty.
        package var value: String

        /// Creates a label.
        package init(source: String, value: String) {
            self.source = source
            self.value = value
        }
    }

    /// The key of the label that names the identity's cluster; its source is `k8s`.
    package static let clusterKey = "io.cilium.k8s.policy.cluster"
    /// The key of the label that names the namespace.
    package static let namespaceKey = "io.kubernetes.pod.namespace"

    /// The labels by key.
    package var labels: [String: Label]

    /// Creates the set of `labels`.
    package init(_ labels: [String: Label]) {
        self.labels = labels
    }

    /// The cluster that the labels name.
    package var cluster: String? {
        self.labels[Self.clusterKey].flatMap { $0.source == "k8s" ? $0.value : nil }
    }

    /// The namespace that the labels name.
    package var namespace: String? { self.labels[Self.namespaceKey]?.value }

    /// Returns the value's bytes, identical to those that Cilium's own programs write.
    package func encoded() -> ByteBuffer {
        let sorted = self.labels.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        return ByteBuffer(string: sorted.map { "\($1.source):\($0)=\($1.value);" }.joined())
    }

    /// Parses `source:key`, or `key` alone, whose source is then `unspec` as in Cilium.
    package static func splitSource(_ text: String) -> (source: String, key: String) {
        guard let colon = text.firstIndex(of: ":") else { return ("unspec", text) }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }

    /// Reads a value that some version of Cilium wrote.
    ///
    /// - Throws: ``MeshSchemaError/malformedValue(resource:reason:)`` when there is no label or one has no
    ///   key.
    package init(decoding bytes: ByteBuffer) throws(MeshSchemaError) {
        guard let text = String(validating: bytes.readableBytesView, as: UTF8.self) else {
            throw .malformedValue(resource: .identities, reason: "it is not UTF-8")
        }
        var labels: [String: Label] = [:]
        for part in text.split(separator: ";") {
            let equals = part.firstIndex(of: "=") ?? part.endIndex
            let (source, key) = Self.splitSource(String(part[..<equals]))
            guard !key.isEmpty else {
                throw .malformedValue(resource: .identities, reason: "a label has no key")
            }
            labels[key] = Label(source: source, value: String(part[equals...].dropFirst()))
        }
        guard !labels.isEmpty else {
            throw .malformedValue(resource: .identities, reason: "there is no label")
        }
        self.labels = labels
    }
}

extension ClusterID {
    /// The numbers of the identities that this cluster may have in a mesh of that size.
    ///
    /// 65,536 identities in a mesh of 255 clusters and 32,768 in one of 511 (Cilium's
    /// `pkg/identity/numericidentity.go`). Those below 256 are reserved in every cluster.
    package func identities(in mesh: MaxConnectedClusters) -> ClosedRange<UInt32> {
        let bits: UInt32 = mesh == .standard ? 16 : 15
        return self.rawValue << bits...(self.rawValue + 1) << bits - 1
    }
}
