import Documents
import MeshResources
import MicroHTTP
import Persistence

/// The whole configuration as one document: what people wrote, without what the server adds, and no tokens.
struct ConfigurationResource: Sendable {
    /// The most bytes of a document: room for the 10,000 objects that one may have, and time to read them.
    static let bodyLimit = 8_388_608
    /// The kinds of a configuration, in the order of a document.
    static let kinds = (ObjectKind.collections + [.settings]).sorted { $0.kind < $1.kind }

    let environment: AdminEnvironment

    var operations: [Operation] {
        let path = "/api/v1/config"
        return [
            Operation("getConfig", "GET", path, .scope(.viewer), query: ConfigurationSelection.parameters) {
                (call) throws(Problem) in try self.get(call)
            },
            Operation(
                "applyConfig",
                "PUT",
                path,
                .scope(.admin),
                query: ConfigurationOptions.parameters,
                body: .document,
                bodyLimit: Self.bodyLimit
            ) { (call) throws(Problem) in try await self.apply(call) },
        ]
    }

    // MARK: - Reading

    private func get(_ call: Call) throws(Problem) -> Reply {
        let selection = try ConfigurationSelection(call.query)
        let preconditions = try Preconditions(call.request.fields)
        let tables = self.environment.store.tables
        let tag = self.tag(tables)
        let fields: HeaderFields = ["ETag": tag.text]
        if preconditions.isNotModified(tag) { return Reply(304, .none, fields: fields) }
        var bytes = Array("{\"kind\":\"Config\",\"items\":[".utf8)
        var isFirst = true
        for kind in selection.kinds {
            for object in tables.objects(kind.plural) where selection.includes(object) {
                if !isFirst { bytes.append(UInt8(ascii: ",")) }
                isFirst = false
                bytes += ObjectText.source(object, kind)
            }
        }
        return Reply(200, .json(bytes + Array("]}".utf8)), fields: fields)
    }

    /// Names the configuration as it is: every change of one of its objects gives it another tag.
    ///
    /// It is made of the objects alone, so it outlives a restart, and other objects do not change it.
    private func tag(_ tables: AdminTables) -> EntityTag {
        var bytes: [UInt8] = []
        for kind in Self.kinds {
            for object in tables.objects(kind.plural) {
                bytes += Array("\(kind.plural)/\(object.name) \(object.resourceVersion)\n".utf8)
            }
        }
        let number = self.environment.sha256(bytes).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return EntityTag(resourceVersion: Int64(number >> 1))
    }

    // MARK: - Writing

    private func apply(_ call: Call) async throws(Problem) -> Reply {
        let options = try ConfigurationOptions(call, now: self.environment.now())
        let document = ConfigurationDocument(call.document ?? .null, self.environment.cluster)
        let result: Result<Reply, Problem>
        do throws(AdminStoreError) {
            result = try await self.environment.store.write { (transaction) throws(PersistenceError) in
                let before = transaction.tables
                let tag = self.tag(before)
                if let violation = options.change.preconditions.violation(current: tag.resourceVersion) {
                    return .rollBack(.failure(Problem(.preconditionFailed, violation)))
                }
                var change = ConfigurationChange(
                    call: call,
                    environment: self.environment,
                    transaction: transaction,
                    before: before
                )
                try change.apply(document)
                if let selection = options.pruning { try change.prune(selection, document) }
                if let problem = try change.finish(document) { return .rollBack(.failure(problem)) }
                var reply = Reply(document: change.plan.document)
                guard !options.change.isDryRun else {
                    reply.fields.add("ETag", tag.text)
                    reply.fields.add("Isthmus-Dry-Run", "true")
                    return .rollBack(.success(reply))
                }
                reply.fields.add("ETag", self.tag(transaction.tables).text)
                return .commit(.success(reply))
            }
        } catch {
            throw Problem(error)
        }
        return try result.get()
    }
}

/// The part of the configuration that is meant.
struct ConfigurationSelection: Sendable {
    static let parameters: Set<String> = ["kinds", "labelSelector"]

    let kinds: [ObjectKind]
    private let selector: LabelSelector?

    /// Reads the query.
    ///
    /// - Throws: 400 for a kind that no configuration has, or a selector that is none.
    init(_ query: [String: String]) throws(Problem) {
        self.selector = try LabelSelector.read(query["labelSelector"])
        guard let text = query["kinds"] else {
            self.kinds = ConfigurationResource.kinds
            return
        }
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        self.kinds = ConfigurationResource.kinds.filter { names.contains($0.plural) }
        // A name that is not known, or comes twice, is one too many.
        guard self.kinds.count == names.count else {
            let known = ConfigurationResource.kinds.map(\.plural).joined(separator: ", ")
            throw Problem(.invalidParameter, "the parameter kinds must name some of \(known), each once")
        }
    }

    func includes(_ object: AdminObject) -> Bool { self.selector?.matches(object.labels) ?? true }
}

/// How a configuration is to be applied.
struct ConfigurationOptions: Sendable {
    static let parameters = ConfigurationSelection.parameters.union(["mode", "prune", "dryRun"])

    let change: ChangeOptions
    /// What may be deleted; `nil`: nothing.
    let pruning: ConfigurationSelection?

    init(_ call: Call, now: Int64) throws(Problem) {
        self.change = try ChangeOptions(call, now: now)
        let replaces = try Self.choice(call.query, "mode", ["merge", "replace"]) == "replace"
        let prunes = try Self.choice(call.query, "prune", ["false", "true"]) == "true"
        guard prunes || !replaces else {
            throw Problem(
                .invalidParameter,
                "mode=replace makes the document the whole configuration and deletes what it does not name",
                hint: "say that this is wanted with prune=true"
            )
        }
        guard replaces || !prunes else {
            throw Problem(.invalidParameter, "prune=true goes with mode=replace")
        }
        let selection = try ConfigurationSelection(call.query)
        guard prunes || ConfigurationSelection.parameters.isDisjoint(with: call.query.keys) else {
            throw Problem(
                .invalidParameter,
                "kinds and labelSelector say what prune=true may delete; here it deletes nothing"
            )
        }
        self.pruning = prunes ? selection : nil
    }

    private static func choice(
        _ query: [String: String],
        _ name: String,
        _ known: [String]
    ) throws(Problem) -> String? {
        guard let value = query[name] else { return known.first }
        guard known.contains(value) else {
            throw Problem(
                .invalidParameter,
                "the parameter \(name) must be \(known.joined(separator: " or "))"
            )
        }
        return value
    }
}
