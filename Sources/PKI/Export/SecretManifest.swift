/// A Kubernetes Secret as a manifest for `kubectl apply`.
///
/// Its description and its type tell nothing of the data; ``yaml`` does.
package struct SecretManifest: Sendable {
    /// One entry of the Secret: its key, and the bytes that a pod finds in the file of that name.
    struct Entry: Sendable {
        let key: String
        let value: SecretBytes
    }

    /// The Secret's name.
    package let name: String
    /// The Secret's namespace.
    package let namespace: String
    /// The Secret's type, such as `kubernetes.io/tls`; the usual `Opaque` without one.
    package let type: String?
    let entries: [Entry]

    /// The keys of its data, in order.
    package var keys: [String] { self.entries.map(\.key) }

    /// Returns the manifest as one YAML document, with `---` in front.
    ///
    /// It has the form that Cilium's chart gives it, without the chart's labels.
    package func yaml() -> SecretBytes {
        var text = SecretText()
        text.append("---\napiVersion: v1\nkind: Secret\nmetadata:\n")
        text.append("  name: \(self.name)\n  namespace: \(self.namespace)\n")
        if let type { text.append("type: \(type)\n") }
        text.append(self.entries.isEmpty ? "data: {}\n" : "data:\n")
        for entry in self.entries {
            // Quoted: a cluster may be called `true` or `7`.
            text.append("  \"\(entry.key)\": ")
            entry.value.withBytes { text.appendBase64($0) }
            text.append("\n")
        }
        return text.finish()
    }
}
