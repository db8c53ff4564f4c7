import Documents
import MeshResources

/// A configuration that a client sent, read as far as it can be without the objects that there are.
struct ConfigurationDocument: Sendable {
    /// One of its objects.
    struct Item: Sendable {
        let kind: ObjectKind
        let name: String
        let body: ObjectBody
        /// Where its spec is.
        let spec: JSONPointer
    }

    /// The most objects of a document.
    static let itemLimit = 10_000

    /// The objects that can be understood, in the order of the document; each name once.
    private(set) var items: [Item] = []
    /// What is wrong with the document.
    let problems: [FieldProblem]

    init(_ document: DocumentValue, _ cluster: ClusterContext) {
        let problems = FieldProblems()
        var items: [Item] = []
        var known: Set<String> = []
        let isRead: Void? = FieldReader(document, problems: problems).object { fields in
            if let kind = fields.optional("kind"), let text = kind.string(), text != "Config" {
                kind.reject(.mismatch, "must be Config here") as Void?
            }
            _ = fields.required("items")?.list(limit: Self.itemLimit) { field -> Void? in
                guard let item = Self.item(field, cluster, problems) else { return nil }
                guard known.insert("\(item.kind.plural)/\(item.name)").inserted else {
                    return field.reject(
                        .duplicate,
                        "\(item.kind.kind) \(item.name) is in the document twice"
                    )
                }
                items.append(item)
                return nil
            }
            return ()
        }
        if isRead != nil { self.items = items }
        self.problems = problems.all
    }

    private static func item(
        _ field: FieldReader,
        _ cluster: ClusterContext,
        _ problems: FieldProblems
    ) -> Item? {
        guard case .object(let members) = field.value else {
            return field.reject(.wrongType, "must be an object, not \(field.value.typeName)")
        }
        let place = field.pointer.member("kind")
        guard let text = members["kind"]?.string else {
            problems.add(place, .required, "is required, and a string")
            return nil
        }
        guard let kind = ConfigurationResource.kinds.first(where: { $0.kind == text }) else {
            let known = ConfigurationResource.kinds.map(\.kind).joined(separator: ", ")
            problems.add(place, .invalidValue, "must be one of \(known)")
            return nil
        }
        // A body that is not there has its own problem.
        guard let body = ObjectBody.read(field, kind, name: nil) else { return nil }
        let spec = field.pointer.member("spec")
        guard let name = Self.name(body, kind, cluster, field.pointer.member("metadata"), problems) else {
            // All that is wrong with the spec as well, in one answer.
            let context = ObjectKind.Context(cluster: cluster, name: "") { _ in [] }
            kind.checkSpec(FieldReader(body.spec, at: spec, problems: problems), context)
            return nil
        }
        return Item(kind: kind, name: name, body: body, spec: spec)
    }

    private static func name(
        _ body: ObjectBody,
        _ kind: ObjectKind,
        _ cluster: ClusterContext,
        _ metadata: JSONPointer,
        _ problems: FieldProblems
    ) -> String? {
        guard let name = body.name ?? self.onlyName(kind) else {
            let needed = kind.isNamespaced ? "namespace and name are required" : "is required"
            problems.add(kind.isNamespaced ? metadata : metadata.member("name"), .required, needed)
            return nil
        }
        guard let sentence = kind.nameProblem(name, cluster) else { return name }
        problems.add(metadata.member("name"), .invalidFormat, sentence)
        return nil
    }

    /// The name of the only object of its kind, which need not be said.
    private static func onlyName(_ kind: ObjectKind) -> String? {
        kind.plural == ObjectKind.settings.plural ? ManagedKind.settingsName : nil
    }
}
