import Documents
import MicroHTTP
import Persistence

/// How a client wants a change to be made.
struct ChangeOptions: Sendable {
    /// The parameters of an operation that changes one object.
    static let parameters: Set<String> = Waiting.parameters.union(["dryRun"])

    let isDryRun: Bool
    let preconditions: Preconditions
    let waiting: Waiting?

    init(_ call: Call, now: Int64) throws(Problem) {
        switch call.query["dryRun"] {
        case nil, "": self.isDryRun = false
        case "All": self.isDryRun = true
        case _?: throw Problem(.invalidParameter, "the parameter dryRun must be All")
        }
        self.preconditions = try Preconditions(call.request.fields)
        self.waiting = try Waiting.read(call.query, now: now)
        if self.isDryRun, self.waiting != nil {
            throw Problem(.invalidParameter, "a dry run has nothing to wait for")
        }
    }
}

/// What a change is called in events and in the audit.
enum ChangeVerb: String, Sendable {
    case create
    case replace
    case update
    case rotate
    case activate
    case retire
    case renew
    case revoke
    case delete

    /// The end of the event's type for an object that was there before.
    var event: String {
        switch self {
        case .rotate: "rotated"
        case .activate: "activated"
        case .retire: "retired"
        case .renew: "renewed"
        case .revoke: "revoked"
        case .create, .replace, .update: "updated"
        case .delete: "deleted"
        }
    }
}

extension StoredObjects {
    /// Decides what an object shall be; `nil` deletes it.
    ///
    /// Runs inside the transaction; must not block.
    typealias Plan =
        @Sendable (AdminTransaction, _ current: AdminObject?) -> Result<AdminObjectDraft?, Problem>

    // MARK: - Operations

    func create(_ call: Call) async throws(Problem) -> Reply {
        let body = try self.body(call.document, name: nil)
        let name = try self.newName(body)
        let change = try await self.change(call, .create, name) { transaction, current in
            guard current == nil else {
                return .failure(Problem(.alreadyExists, "there is already a \(self.kind.kind) named \(name)"))
            }
            return self.draft(body, name, current, transaction)
        }
        return change.reply
    }

    func replace(_ call: Call, name: String) async throws(Problem) -> Reply {
        let body = try self.body(call.document, name: name)
        try self.checkName(name)
        let change = try await self.change(call, .replace, name) { transaction, current in
            self.draft(body, name, current, transaction)
        }
        return change.reply
    }

    func update(_ call: Call, name: String) async throws(Problem) -> Reply {
        guard let patch = call.document, case .object = patch else {
            throw Problem(.malformedBody, "a merge patch for an object is an object")
        }
        let change = try await self.change(call, .update, name) { transaction, current in
            guard let current else { return .failure(self.missing(name)) }
            let patched = MergePatch.apply(patch, to: ObjectText.document(current, self.kind))
            do throws(Problem) {
                return self.draft(try self.body(patched, name: name), name, current, transaction)
            } catch {
                return .failure(error)
            }
        }
        return change.reply
    }

    func delete(_ call: Call, name: String) async throws(Problem) -> Reply {
        let options = try ChangeOptions(call, now: self.environment.now())
        let change = try await self.change(call, .delete, name) { _, current in
            current == nil ? .failure(self.missing(name)) : .success(nil)
        }
        if let waiting = options.waiting, case .published = self.kind.effect {
            switch await self.environment.applied.wait(self.kind.id(name), nil, waiting.deadline) {
            case .reached: break
            case .tooManyWaiters: throw Self.tooManyWaiters
            case .timedOut:
                throw Problem(.waitTimeout, "the object is deleted, but its keys were not in time")
            }
        }
        return change.reply
    }

    // MARK: - One change

    /// What a change came to.
    struct Change: Sendable {
        var reply: Reply
        /// The object afterwards, or the one that was deleted.
        let object: AdminObject?
        /// Whether the answer is that of an earlier request.
        var isReplayed = false
    }

    /// Makes a change in one transaction and answers when it is on the disk; waits for its effect if the
    /// client wants that.
    func change(
        _ call: Call,
        _ verb: ChangeVerb,
        _ name: String,
        _ plan: @escaping Plan
    ) async throws(Problem) -> Change {
        let options = try ChangeOptions(call, now: self.environment.now())
        let idempotency = try IdempotencyKey(call, self.environment)
        let result: Result<Change, Problem>
        do throws(AdminStoreError) {
            result = try await self.store.write { (transaction) throws(PersistenceError) in
                if let key = idempotency, let answer = try transaction.answer(forKey: key.storedKey) {
                    return .rollBack(key.replay(answer))
                }
                let current = transaction.object(self.kind.plural, name)
                if let violation = options.preconditions.violation(current: current?.resourceVersion) {
                    return .rollBack(.failure(self.violation(violation, current)))
                }
                switch plan(transaction, current) {
                case .failure(let problem): return .rollBack(.failure(problem))
                case .success(let draft):
                    let change = try self.write(draft, current, call, verb, options, transaction)
                    if let key = idempotency, !options.isDryRun {
                        try transaction.store(key.answer(change.reply), forKey: key.storedKey)
                    }
                    return options.isDryRun ? .rollBack(.success(change)) : .commit(.success(change))
                }
            }
        } catch {
            throw Problem(error)
        }
        var change = try result.get()
        if options.isDryRun { change.reply.fields.add("Isthmus-Dry-Run", "true") }
        if verb != .delete, let waiting = options.waiting, let object = change.object {
            try await self.wait(waiting, for: object)
            change.reply.content = .json(self.text(object))
        }
        return change
    }

    /// Writes what was decided, with its event and its line in the audit.
    private func write(
        _ draft: AdminObjectDraft?,
        _ current: AdminObject?,
        _ call: Call,
        _ verb: ChangeVerb,
        _ options: ChangeOptions,
        _ transaction: AdminTransaction
    ) throws(PersistenceError) -> Change {
        let name = draft?.name ?? current?.name ?? ""
        var status = 200
        var object = current
        if let draft {
            guard draft != current?.draft else {
                return Change(reply: self.reply(200, current), object: current)
            }
            status = current == nil ? 201 : 200
            object = try self.kind.put(draft, verb, in: transaction)
        } else {
            try self.kind.delete(name, in: transaction)
        }
        try transaction.audit(
            AuditLine.draft(
                call,
                verb: current == nil ? .create : verb,
                id: self.kind.id(name),
                status: status,
                before: current?.spec,
                after: draft?.spec,
                sha256: self.environment.sha256
            )
        )
        return Change(reply: self.reply(status, object, isDeleted: draft == nil), object: object)
    }

    private func reply(_ status: Int, _ object: AdminObject?, isDeleted: Bool = false) -> Reply {
        guard let object else { return Reply(status) }
        var fields: HeaderFields = [:]
        if !isDeleted {
            fields.add("ETag", EntityTag(resourceVersion: object.resourceVersion).text)
            if status == 201 { fields.add("Location", self.path(of: object.name)) }
        }
        return Reply(status, .json(self.text(object)), fields: fields)
    }

    private func path(of name: String) -> String {
        let parts = name.split(separator: "/").map { PercentEncoding.encode(String($0)) }
        return "/api/v1/\(self.kind.plural)/\(parts.joined(separator: "/"))"
    }

    private func violation(_ text: String, _ current: AdminObject?) -> Problem {
        var problem = Problem(.preconditionFailed, text)
        problem.object = current.map(self.text)
        return problem
    }

    private func missing(_ name: String) -> Problem {
        Problem(.notFound, "there is no \(self.kind.kind) named \(name)")
    }

    // MARK: - What a body asks for

    /// Reads a body.
    ///
    /// - Throws: 422 with everything that is wrong with it but its spec.
    func body(_ document: DocumentValue?, name: String?) throws(Problem) -> ObjectBody {
        let problems = FieldProblems()
        let field = FieldReader(document ?? .null, problems: problems)
        let body = ObjectBody.read(field, self.kind, name: name)
        guard let body, problems.isEmpty else {
            // All that is wrong with the spec as well, in one answer.
            if let spec = document?.object?["spec"] { self.check(spec, name ?? "", problems) { _ in [] } }
            throw Problem(invalid: problems.all)
        }
        return body
    }

    /// Makes the draft of an object, checking the spec.
    func draft(
        _ body: ObjectBody,
        _ name: String,
        _ current: AdminObject?,
        _ transaction: AdminTransaction
    ) -> Result<AdminObjectDraft?, Problem> {
        if let uid = body.uid, uid != current?.uid {
            return .failure(Problem(.conflict, "the body's uid is not that of the object"))
        }
        if let version = body.resourceVersion, version != current.map({ String($0.resourceVersion) }) {
            return .failure(Problem(.conflict, "the body's resourceVersion is not that of the object"))
        }
        let problems = FieldProblems()
        self.check(body.spec, name, problems) { transaction.tables.objects($0) }
        guard problems.isEmpty else { return .failure(Problem(invalid: problems.all)) }
        var draft = current?.draft ?? AdminObjectDraft(kind: self.kind.plural, name: name)
        draft.labels = body.labels
        draft.annotations = body.annotations
        draft.spec = JSONWriter.write(body.spec)
        return .success(draft)
    }

    private func check(
        _ spec: DocumentValue,
        _ name: String,
        _ problems: FieldProblems,
        objects: @escaping (String) -> ArraySlice<AdminObject>
    ) {
        let context = ObjectKind.Context(cluster: self.environment.cluster, name: name, objects: objects)
        self.kind.checkSpec(
            FieldReader(spec, at: JSONPointer.root.member("spec"), problems: problems),
            context
        )
    }

    func checkName(_ name: String) throws(Problem) {
        guard let sentence = self.kind.nameProblem(name, self.environment.cluster) else { return }
        let pointer = JSONPointer.root.member("metadata").member("name")
        throw Problem(invalid: [FieldProblem(pointer, .invalidFormat, sentence)])
    }

    func newName(_ body: ObjectBody) throws(Problem) -> String {
        var name = body.name
        if name == nil, !self.kind.isNamespaced, let beginning = body.generateName {
            // Letters and digits that no word can be made of by accident.
            let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
            name =
                beginning + String(self.environment.randomBytes(8).map { alphabet[Int($0) % alphabet.count] })
        }
        guard let name else {
            let pointer = JSONPointer.root.member("metadata").member("name")
            throw Problem(invalid: [FieldProblem(pointer, .required, "is required, or generateName")])
        }
        try self.checkName(name)
        return name
    }
}
