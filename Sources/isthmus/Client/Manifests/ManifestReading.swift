import Documents

/// Makes objects of the documents of files, and finds everything that is wrong before anything is sent.
struct ManifestReading {
    private var manifests: [Manifest] = []
    private var problems: [ManifestProblem]

    /// Returns the objects of files in their order.
    ///
    /// - Throws: ``ManifestProblems``, also when there is no object at all.
    static func read(_ files: ManifestFiles) throws(ManifestProblems) -> [Manifest] {
        var reading = ManifestReading(problems: files.problems)
        for source in files.sources { reading.read(source) }
        reading.findDuplicates()
        if reading.problems.isEmpty, reading.manifests.isEmpty {
            let names = files.sources.map(\.name).joined(separator: ", ")
            reading.problems.append(.init(origin: names, message: "there is no object in it"))
        }
        guard reading.problems.isEmpty else { throw ManifestProblems(problems: reading.problems) }
        return reading.manifests
    }

    private init(problems: [ManifestProblem]) {
        self.problems = problems
    }

    private mutating func read(_ source: ManifestFiles.Source) {
        var limits = DocumentLimits()
        // The bytes are bounded; this bounds what aliases make of them.
        limits.values = 4_000_000
        do {
            let documents =
                source.isJSON
                ? [try JSONReader.read(source.bytes, limits: limits)]
                : try YAMLReader.readAll(source.bytes, limits: limits)
            for (index, document) in documents.enumerated() {
                let place = documents.count > 1 ? "\(source.name), document \(index + 1)" : source.name
                self.add(document, origin: place)
            }
        } catch {
            self.problems.append(.init(origin: source.name, message: "\(error)"))
        }
    }

    /// Adds an object, or the objects of a list or a configuration.
    private mutating func add(_ document: DocumentValue, origin: String) {
        guard let object = document.object else {
            return self.reject(origin, "this is \(document.typeName), not an object")
        }
        guard let name = object["kind"]?.string else {
            return self.reject(origin, "there is no `kind`, so nobody knows what this is")
        }
        if name == "Config" || name.hasSuffix("List") {
            guard let items = object["items"]?.array else {
                return self.reject(origin, "a \(name) must have `items`, an array")
            }
            for (index, item) in items.enumerated() {
                self.add(item, origin: "\(origin), item \(index + 1)")
            }
            return
        }
        guard let kind = ResourceKind.all.first(where: { $0.kind == name }) else {
            let all = ResourceKind.all.filter(\.isConfiguration).map(\.kind).joined(separator: ", ")
            return self.reject(origin, "there is no kind \"\(name)\"; there are \(all)")
        }
        guard kind.isConfiguration else {
            return self.reject(origin, "a \(name) cannot be applied from a file")
        }
        self.add(object, kind, origin: origin)
    }

    private mutating func add(_ object: DocumentObject, _ kind: ResourceKind, origin: String) {
        // What an object has become is the server's to say.
        var object = object
        object["status"] = nil
        if kind.isSingleton {
            let manifest = Manifest(
                document: .object(object),
                name: ObjectName(kind, kind.plural),
                origin: origin
            )
            return self.manifests.append(manifest)
        }
        let metadata = object["metadata"]?.object
        guard metadata?["name"]?.string?.isEmpty == false else {
            return self.reject(origin, "the \(kind.kind) has no `metadata.name`")
        }
        guard !kind.isNamespaced || metadata?["namespace"]?.string?.isEmpty == false else {
            return self.reject(origin, "the \(kind.kind) has no `metadata.namespace`")
        }
        guard let name = ObjectName(kind, of: .object(object)) else { return }
        self.manifests.append(Manifest(document: .object(object), name: name, origin: origin))
    }

    private mutating func reject(_ origin: String, _ message: String) {
        self.problems.append(ManifestProblem(origin: origin, message: message))
    }

    private mutating func findDuplicates() {
        var origins: [ObjectName: String] = [:]
        for manifest in self.manifests {
            if let first = origins[manifest.name] {
                self.reject(manifest.origin, "\(manifest.name) is in \(first) too")
            } else {
                origins[manifest.name] = manifest.origin
            }
        }
    }
}
