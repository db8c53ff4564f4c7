import AccessControl
import Documents
import MVCC
import MeshResources
import MeshSchema
import MicroHTTP
import NIOCore
import Persistence

/// Each service across clusters: what this cluster publishes and what was mirrored from others.
struct GlobalServicesResource: Sendable {
    let environment: AdminEnvironment
    private let services = GlobalServices()

    init(environment: AdminEnvironment) {
        self.environment = environment
    }

    var operations: [Operation] {
        [
            Operation(
                "listGlobalServices",
                "GET",
                "/api/v1/global-services",
                .scope(.viewer),
                query: ListWindow.parameters
            ) { (call) throws(Problem) in try await self.list(call) },
            Operation(
                "getGlobalService",
                "GET",
                "/api/v1/global-services/{namespace}/{name}",
                .scope(.viewer)
            ) { (call) throws(Problem) in try await self.get(call) },
        ]
    }

    // MARK: - Operations

    private func list(_ call: Call) async throws(Problem) -> Reply {
        let window = try ListWindow(call.query)
        let selector = try LabelSelector.read(call.query["labelSelector"])
        let index = try await self.index(window.token)
        var names: [String] = []
        var remaining = 0
        for name in index.names(after: window.token?.last ?? "") {
            if let selector, !selector.matches(self.labels(index.parts(of: name) ?? [])) { continue }
            guard names.count < window.limit else {
                remaining += 1
                // With a selector the rest would have to be looked through only to be counted.
                if selector != nil { break }
                continue
            }
            names.append(name)
        }
        let affinities = await self.affinities(names)
        let viewers = self.viewers
        let items = names.map { name in
            self.document(name, index.parts(of: name) ?? [], affinities[name], viewers, isWhole: false)
        }
        var metadata = DocumentObject()
        metadata["resourceVersion"] = .string(String(index.revision))
        var fields: HeaderFields = [:]
        if remaining > 0, let last = names.last {
            await self.services.keep(index, now: self.environment.now())
            let token = ContinueToken(version: index.revision, last: last).text
            metadata["continue"] = .string(token)
            if selector == nil { metadata["remainingItemCount"] = .integer(Int64(remaining)) }
            fields.add("Link", call.link(next: token))
        }
        return Reply(
            document: [
                "kind": "GlobalServiceList", "items": .array(items), "metadata": .object(metadata),
            ],
            fields: fields
        )
    }

    private func get(_ call: Call) async throws(Problem) -> Reply {
        let preconditions = try Preconditions(call.request.fields)
        let name = "\(call.parameter("namespace"))/\(call.parameter("name"))"
        let index = try await self.index(nil)
        guard let parts = index.parts(of: name) else {
            throw Problem(.notFound, "no cluster has a global service \(name)")
        }
        let affinity = await self.affinities([name])[name]
        let document = self.document(name, parts, affinity, self.viewers, isWhole: true)
        let bytes = JSONWriter.write(document)
        let version = parts.map(\.record.modRevision).max() ?? 0
        let tag = EntityTag(resourceVersion: version, status: ObjectStatus.number(of: bytes))
        let fields: HeaderFields = ["ETag": tag.text]
        if preconditions.isNotModified(tag) { return Reply(304, .none, fields: fields) }
        return Reply(200, .json(bytes), fields: fields)
    }

    private func index(_ token: ContinueToken?) async throws(Problem) -> GlobalServiceIndex {
        if let token {
            if let index = await self.services.kept(token.version, now: self.environment.now()) {
                return index
            }
            throw Problem(
                .expired,
                "the revision that this list began on is no longer kept",
                hint: "list again from the beginning"
            )
        }
        let state = self.environment.data.state()
        guard !state.isCorrupt else {
            throw Problem(.notAvailable, "the store was found damaged, so nothing of it is shown")
        }
        do {
            return try await self.services.index(of: state.keyspace)
        } catch {
            throw Problem(
                .notAvailable,
                "there are more than \(GlobalServiceIndex.partLimit) services, which are not listed",
                hint: "look at /api/v1/kv?prefix=\(KeyPrefixes.objects(of: .services, in: .state))"
            )
        }
    }

    private func affinities(_ names: [String]) async -> [String: String] {
        let objects = names.compactMap { self.environment.store.object(ObjectKind.service.plural, $0) }
        return await self.services.affinities(of: objects)
    }

    // MARK: - Who may see what

    private struct Viewer: Sendable {
        let name: String
        let authorization: Authorization
    }

    /// Those whose certificates decide what they see; `remote` stands for every peer.
    private var viewers: [Viewer] {
        let cluster = self.environment.cluster.name.rawValue
        return [("admin", "admin-\(cluster)"), ("local", "local-\(cluster)"), ("remote", "remote")].map {
            Viewer(name: $0.0, authorization: self.environment.data.authorization($0.1))
        }
    }

    // MARK: - Documents

    /// The labels that the clusters give it; who comes first decides.
    private func labels(_ parts: [GlobalServiceIndex.Part]) -> [String: String] {
        parts.reduce(into: [:]) { labels, part in labels.merge(part.labels) { first, _ in first } }
    }

    private func document(
        _ name: String,
        _ parts: [GlobalServiceIndex.Part],
        _ affinity: String?,
        _ viewers: [Viewer],
        isWhole: Bool
    ) -> DocumentValue {
        let own = parts.first { self.isOwn($0.key) }
        var metadata = DocumentObject()
        metadata["name"] = parts.first?.key.name.map { .string($0) }
        metadata["namespace"] = parts.first?.key.namespace.map { .string($0) }
        let labels = self.labels(parts)
        if !labels.isEmpty { metadata["labels"] = .object(DocumentObject(labels)) }
        var status = DocumentObject()
        status["shared"] = own.map { .bool($0.isShared) }
        status["affinity"] = own == nil ? nil : affinity.map { .string($0) }
        status["backends"] = .integer(Int64(parts.reduce(0) { $0 + $1.backends }))
        status["clusters"] = .array(parts.map { self.document($0, viewers, isWhole: isWhole) })
        return ["kind": "GlobalService", "metadata": .object(metadata), "status": .object(status)]
    }

    private func isOwn(_ key: MeshKey) -> Bool {
        key.tree == .state && key.cluster == self.environment.cluster.name.rawValue
    }

    private func document(
        _ part: GlobalServiceIndex.Part,
        _ viewers: [Viewer],
        isWhole: Bool
    ) -> DocumentValue {
        let key = part.record.key
        let (keyBytes, noEnd) = (Array(key.readableBytesView), [UInt8]())
        let mayRead = viewers.filter {
            $0.authorization.allowsRead(key: keyBytes.span, rangeEnd: noEnd.span)
        }
        var document = DocumentObject()
        document["cluster"] = part.key.cluster.map { .string($0) }
        document["clusterID"] = .integer(Int64(part.clusterID))
        document["origin"] = part.key.tree == .state ? "published" : "mirrored"
        document["shared"] = .bool(part.isShared)
        document["includeExternal"] = .bool(part.includesExternal)
        document["frontends"] = .integer(Int64(part.frontends))
        document["backends"] = .integer(Int64(part.backends))
        // Cilium writes down those that are ready, and no others.
        document["ready"] = .integer(Int64(part.backends))
        document["visibleTo"] = .array(mayRead.map { .string($0.name) })
        document["key"] = .string(String(buffer: key))
        document["revision"] = .string(String(part.record.modRevision))
        document["problem"] = part.problem.map { .string($0) }
        if isWhole, case .service(let service) = MeshValue(part.record.value, under: part.key) {
            document["addresses"] = ServiceDocument.document(service)
        }
        return .object(document)
    }
}
