import Documents
import MeshResources
import MicroHTTP
import Persistence

/// The life of objects of one kind: list, get, create, replace, update, delete.
///
/// Every change is one transaction of the admin store: preconditions are checked against the object as it is
/// then, and object, event, audit line and stored answer are written together or not at all. Any thread.
struct StoredObjects: Sendable {
    let kind: ObjectKind
    let environment: AdminEnvironment
    let snapshots: SnapshotKeeper

    var store: AdminStore { self.environment.store }

    // MARK: - Reading

    func list(_ call: Call, namespace: String? = nil) throws(Problem) -> Reply {
        let window = try ListWindow(call.query)
        let selector = try LabelSelector.read(call.query["labelSelector"])
        let now = self.environment.now()
        let tables = try self.snapshots.tables(window.token, of: self.store, now: now)
        var start = window.token?.last ?? ""
        if let namespace, start.isEmpty { start = namespace + "/" }
        var items: [[UInt8]] = []
        var last: String?
        var remaining = 0
        for object in tables.objects(self.kind.plural, after: start) {
            if let namespace, !object.name.hasPrefix(namespace + "/") { break }
            guard selector?.matches(object.labels) ?? true else { continue }
            guard items.count < window.limit else {
                remaining += 1
                // With a selector the rest would have to be looked through only to be counted.
                if selector != nil { break }
                continue
            }
            items.append(self.text(object))
            last = object.name
        }
        var metadata: DocumentObject = DocumentObject()
        metadata["resourceVersion"] = .string(String(tables.resourceVersion))
        var fields: HeaderFields = [:]
        if remaining > 0, let last {
            self.snapshots.keep(tables, now: now)
            let token = ContinueToken(version: tables.resourceVersion, last: last).text
            metadata["continue"] = .string(token)
            if selector == nil { metadata["remainingItemCount"] = .integer(Int64(remaining)) }
            fields.add("Link", call.link(next: token))
        }
        return Reply(
            200,
            .json(ObjectText.list(self.kind.kind, items: items, metadata: .object(metadata))),
            fields: fields
        )
    }

    func get(_ call: Call, name: String) async throws(Problem) -> Reply {
        let preconditions = try Preconditions(call.request.fields)
        var object = try self.find(name)
        if let waiting = try Waiting.read(call.query, now: self.environment.now()) {
            try await self.wait(waiting, for: object)
            object = try self.find(name)
        }
        let status = ObjectStatus(object, self.kind, self.environment.applied)
        let tag = EntityTag(resourceVersion: object.resourceVersion, status: status.number)
        let fields: HeaderFields = ["ETag": tag.text]
        if preconditions.isNotModified(tag) { return Reply(304, .none, fields: fields) }
        return Reply(200, .json(ObjectText.json(object, self.kind, status: status.json)), fields: fields)
    }

    func find(_ name: String) throws(Problem) -> AdminObject {
        guard let object = self.store.object(self.kind.plural, name) else {
            throw Problem(.notFound, "there is no \(self.kind.kind) named \(name)")
        }
        return object
    }

    /// The object with its status, as JSON.
    func text(_ object: AdminObject) -> [UInt8] {
        ObjectText.json(object, self.kind, status: self.status(object))
    }

    /// The object's status, as JSON.
    func status(_ object: AdminObject) -> [UInt8] {
        ObjectStatus(object, self.kind, self.environment.applied).json
    }

    // MARK: - Waiting

    /// Waits until the object is applied as it is.
    ///
    /// - Throws: 504 with the object as it is then.
    func wait(_ waiting: Waiting, for object: AdminObject) async throws(Problem) {
        guard case .published = self.kind.effect else {
            if case .none(let message) = self.kind.effect {
                var problem = Problem(.waitTimeout, "this is not going to be applied: \(message)")
                problem.object = self.text(object)
                throw problem
            }
            return
        }
        let id = self.kind.id(object.name)
        switch await self.environment.applied.wait(id, object.resourceVersion, waiting.deadline) {
        case .reached: return
        case .tooManyWaiters: throw Self.tooManyWaiters
        case .timedOut:
            var problem = Problem(.waitTimeout, "the object was not applied in time")
            problem.object = self.text(self.store.object(self.kind.plural, object.name) ?? object)
            throw problem
        }
    }

    static var tooManyWaiters: Problem {
        Problem(.tooManyRequests, "too many requests wait for objects to be applied")
    }
}
