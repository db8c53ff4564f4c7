import Documents
import MeshResources
import MeshSchema
import MicroHTTP
package import Persistence

/// API tokens: created with a secret that is shown once, changed, rotated, deleted.
struct Tokens: Sendable {
    let objects: StoredObjects

    var operations: [Operation] {
        let own = [
            Operation(
                "createToken",
                "POST",
                "/api/v1/tokens",
                .scope(.admin),
                query: ChangeOptions.parameters,
                body: .document
            ) { (call) throws(Problem) in try await self.create(call) },
            Operation(
                "replaceToken",
                "PUT",
                "/api/v1/tokens/{name}",
                .scope(.admin),
                query: ChangeOptions.parameters,
                body: .document
            ) { (call) throws(Problem) in try await self.replace(call) },
            Operation(
                "rotateToken",
                "POST",
                "/api/v1/tokens/{name}:rotate",
                .scope(.admin),
                query: ["dryRun"]
            ) { (call) throws(Problem) in try await self.rotate(call) },
        ]
        let replaced = Set(own.map(\.id))
        return own + StoredKinds.operations(self.objects).filter { !replaced.contains($0.id) }
    }

    // MARK: - Operations

    private func create(_ call: Call) async throws(Problem) -> Reply {
        let body = try self.objects.body(call.document, name: nil)
        let name = try self.objects.newName(body)
        let token = self.newToken(name)
        let hash = self.hash(token)
        let change = try await self.objects.change(call, .create, name) { transaction, current in
            guard current == nil else {
                return .failure(Problem(.alreadyExists, "there is already a Token named \(name)"))
            }
            return self.objects.draft(body, name, current, transaction).map { draft in
                var draft = draft
                draft?.secret = hash
                return draft
            }
        }
        return self.reply(change, token, call)
    }

    /// A token cannot be made with PUT: repeating it would have to show the secret again.
    private func replace(_ call: Call) async throws(Problem) -> Reply {
        let name = call.parameter("name")
        let body = try self.objects.body(call.document, name: name)
        let change = try await self.objects.change(call, .replace, name) { transaction, current in
            guard let current else {
                return .failure(
                    Problem(
                        .notFound,
                        "there is no Token named \(name)",
                        hint: "POST /api/v1/tokens makes one"
                    )
                )
            }
            return self.objects.draft(body, name, current, transaction)
        }
        return change.reply
    }

    private func rotate(_ call: Call) async throws(Problem) -> Reply {
        let name = call.parameter("name")
        let token = self.newToken(name)
        let hash = self.hash(token)
        let change = try await self.objects.change(call, .rotate, name) { _, current in
            guard var draft = current?.draft else {
                return .failure(Problem(.notFound, "there is no Token named \(name)"))
            }
            draft.secret = hash
            return .success(draft)
        }
        return self.reply(change, token, call)
    }

    // MARK: - Secrets

    private func newToken(_ name: String) -> TokenText {
        TokenText(name: name, random: self.objects.environment.randomBytes(TokenText.secretBytes))
    }

    private func hash(_ token: TokenText) -> [UInt8] {
        self.objects.environment.sha256(Array(token.secret.utf8))
    }

    /// The answer with the token's text, which is in no other place.
    ///
    /// A dry run and a repetition have none.
    private func reply(_ change: StoredObjects.Change, _ token: TokenText, _ call: Call) -> Reply {
        var reply = change.reply
        guard !change.isReplayed, call.query["dryRun"] != "All", case .json(let bytes) = reply.content else {
            return reply
        }
        let member = Array(",\"token\":".utf8) + JSONWriter.write(.string(token.text))
        reply.content = .json(bytes.dropLast() + member + [UInt8(ascii: "}")])
        return reply
    }
}

/// The token that a new server begins with.
package enum BootstrapToken {
    /// Its name.
    package static let name = "bootstrap"

    /// Makes an administrator's token, unless there is a token with that scope already.
    ///
    /// - Returns: The token's text, to be kept in a file that only the server's user can read; `nil` when
    ///   there was one.
    /// - Throws: ``AdminStoreError``.
    package static func make(in environment: AdminEnvironment) async throws(AdminStoreError) -> String? {
        let token = TokenText(name: self.name, random: environment.randomBytes(TokenText.secretBytes))
        let hash = environment.sha256(Array(token.secret.utf8))
        return try await environment.store.write { (transaction) throws(PersistenceError) in
            let hasAdministrator = transaction.tables.objects(ObjectKind.token.plural).contains { object in
                let scopes = (try? JSONReader.read(object.spec))?.object?["scopes"]?.array ?? []
                return scopes.contains(.string(TokenScope.admin.rawValue))
            }
            guard !hasAdministrator else { return .rollBack(nil) }
            var draft = AdminObjectDraft(kind: ObjectKind.token.plural, name: self.name)
            draft.spec = JSONWriter.write(
                ["description": "made at the first start", "scopes": [.string(TokenScope.admin.rawValue)]]
            )
            draft.secret = hash
            _ = try transaction.put(draft, event: "token.created")
            var line = AuditRecord.Draft()
            line.actor = "isthmus"
            line.method = Caller.Method.system.rawValue
            line.verb = ChangeVerb.create.rawValue
            line.kind = ObjectKind.token.plural
            line.name = self.name
            line.result = 201
            try transaction.audit(line)
            return .commit(token.text)
        }
    }
}
