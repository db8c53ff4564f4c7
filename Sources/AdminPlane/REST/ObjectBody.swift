import Documents
import MeshResources
import Persistence

/// What a client wants an object to be.
struct ObjectBody: Sendable {
    /// The name in the body, when there is one; of a namespaced kind with its namespace.
    var name: String?
    /// What a made-up name shall begin with.
    var generateName: String?
    var labels: [String: String] = [:]
    var annotations: [String: String] = [:]
    /// The spec with its members in order.
    var spec: DocumentValue
    /// The number that the object must have, if the body says so.
    var uid: String?
    /// The version that the object must have, if the body says so.
    var resourceVersion: String?

    /// Reads a body.
    ///
    /// The name is that of the path. Returns `nil` when something is wrong, which is noted.
    static func read(
        _ field: FieldReader,
        _ kind: ObjectKind,
        name: String?
    ) -> ObjectBody? {
        field.object { fields in
            if let field = fields.optional("kind"), let text = field.string(), text != kind.kind {
                field.reject(.mismatch, "must be \(kind.kind) here") as Void?
            }
            var body = ObjectBody(spec: .null)
            if let metadata = fields.optional("metadata") { body.readMetadata(metadata, kind, name: name) }
            // What GET answered may be sent back: the status is the server's to say.
            _ = fields.optional("status")
            guard let spec = fields.required("spec") else { return nil }
            body.spec = spec.value.canonical
            return body
        }
    }

    private mutating func readMetadata(_ field: FieldReader, _ kind: ObjectKind, name: String?) {
        var given: (namespace: String?, name: String?) = (nil, nil)
        var body = self
        let isRead: Void? = field.object { metadata in
            if kind.isNamespaced { given.namespace = metadata.optional("namespace")?.string(maxBytes: 253) }
            given.name = metadata.optional("name")?.string(maxBytes: 253)
            body.generateName = metadata.optional("generateName")?.string(maxBytes: 200)
            body.labels = metadata.optional("labels").flatMap(ObjectLabels.labels) ?? [:]
            body.annotations = metadata.optional("annotations").flatMap(ObjectLabels.annotations) ?? [:]
            body.uid = metadata.optional("uid")?.string()
            body.resourceVersion = metadata.optional("resourceVersion")?.string()
            for member in ["generation", "creationTimestamp", "deletionTimestamp"] {
                _ = metadata.optional(member)
            }
        }
        guard isRead != nil else { return }
        body.name = Self.join(given.namespace, given.name, kind, expected: name)
        self = body
        if let name, let own = body.name, own != name {
            field.reject(.mismatch, "names \(own), but the path names \(name)") as Void?
        }
    }

    /// The whole name; parts that are left out are those of the path.
    private static func join(
        _ namespace: String?,
        _ name: String?,
        _ kind: ObjectKind,
        expected: String?
    ) -> String? {
        guard kind.isNamespaced else { return name }
        let parts = expected?.split(separator: "/", maxSplits: 1).map(String.init)
        guard let namespace = namespace ?? parts?.first, let name = name ?? parts?.last else { return nil }
        return namespace + "/" + name
    }
}
