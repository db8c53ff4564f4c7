import ChangeBus
import Documents
import MeshResources
import MicroHTTP
import PKI
import Persistence

/// The certificates that were issued here: made with a key, listed by their end, renewed.
struct CertificatesResource: Sendable {
    /// What an answer with a certificate can be.
    static let forms = MediaType.documents + [MediaType.pem]

    let pki: MeshPKI
    let objects: StoredObjects

    var operations: [Operation] {
        let path = "/api/v1/certificates"
        let write = Operation.Access.scope(.certificates)
        return [
            Operation(
                "listCertificates",
                "GET",
                path,
                .scope(.viewer),
                query: ListWindow.parameters.union(["expiresBefore", "sort"])
            ) { (call) throws(Problem) in try self.list(call) },
            Operation(
                "createCertificate",
                "POST",
                path,
                write,
                query: ["dryRun"],
                body: .document,
                produces: Self.forms
            ) { (call) throws(Problem) in try await self.create(call) },
            Operation("getCertificate", "GET", path + "/{name}", .scope(.viewer), produces: Self.forms) {
                (call) throws(Problem) in try await self.get(call)
            },
            Operation("deleteCertificate", "DELETE", path + "/{name}", write, query: ["dryRun"]) {
                (call) throws(Problem) in try await self.delete(call)
            },
            Operation(
                "renewCertificate",
                "POST",
                path + "/{name}:renew",
                write,
                query: ["dryRun"],
                produces: Self.forms
            ) { (call) throws(Problem) in try await self.renew(call) },
        ]
    }

    // MARK: - Reading

    private func list(_ call: Call) throws(Problem) -> Reply {
        guard call.query["expiresBefore"] != nil || call.query["sort"] != nil else {
            return try self.objects.list(call)
        }
        guard ["notAfter", nil].contains(call.query["sort"]) else {
            throw Problem(.invalidParameter, "the parameter sort must be notAfter")
        }
        guard call.query["continue"] == nil, call.query["labelSelector"] == nil else {
            throw Problem(.invalidParameter, "a list by expiry has neither continue nor labelSelector")
        }
        let end = try call.query["expiresBefore"].map { (text) throws(Problem) in
            guard let seconds = Moment.seconds(text) else {
                throw Problem(.invalidParameter, "the parameter expiresBefore must be a time in RFC 3339")
            }
            return seconds
        }
        let window = try ListWindow(call.query)
        let tables = self.objects.store.tables
        let found = tables.objects(self.objects.kind.plural).compactMap { object in
            CertificateRecord(object).map { (object: object, notAfter: $0.leaf.validity.notAfter) }
        }.filter { certificate in end.map { certificate.notAfter < $0 } ?? true }
            .sorted { ($0.notAfter, $0.object.name) < ($1.notAfter, $1.object.name) }
        var metadata = DocumentObject()
        metadata["resourceVersion"] = .string(String(tables.resourceVersion))
        if found.count > window.limit {
            metadata["remainingItemCount"] = .integer(Int64(found.count - window.limit))
        }
        let items = found.prefix(window.limit).map { self.objects.text($0.object) }
        return Reply(200, .json(ObjectText.list("Certificate", items: items, metadata: .object(metadata))))
    }

    private func get(_ call: Call) async throws(Problem) -> Reply {
        let name = call.parameter("name")
        guard call.accepted == MediaType.pem else { return try await self.objects.get(call, name: name) }
        return Reply(200, .bytes(try self.record(name).chain.pem, type: MediaType.pem))
    }

    private func record(_ name: String) throws(Problem) -> CertificateRecord {
        guard let record = CertificateRecord(try self.objects.find(name)) else {
            throw Problem(.internal, "the certificate cannot be read")
        }
        return record
    }

    // MARK: - Changing

    private func create(_ call: Call) async throws(Problem) -> Reply {
        let body = try self.objects.body(call.document, name: nil)
        let name = try self.objects.newName(body)
        let spec = try Self.spec(body.spec)
        let key = try await self.pki.makeKey(spec.key.kind)
        let chain = try self.pki.issue(self.pki.template(spec), spec, publicKey: key.publicKey)
        let record = CertificateRecord(
            origin: .key,
            authority: spec.authority,
            chain: chain,
            hasKey: spec.keepsKey
        )
        let change = try await self.objects.change(call, .create, name) { transaction, current in
            guard current == nil else {
                return .failure(Problem(.alreadyExists, "there is already a Certificate named \(name)"))
            }
            return self.objects.draft(body, name, current, transaction).flatMap { draft in
                self.fill(draft, record, key: spec.keepsKey ? key : nil)
            }
        }
        return try Self.reply(change, call, key: key)
    }

    private func delete(_ call: Call) async throws(Problem) -> Reply {
        let change = try await self.objects.change(call, .delete, call.parameter("name")) { _, current in
            guard let current else {
                return .failure(Problem(.notFound, "there is no such Certificate"))
            }
            guard CertificateRecord(current)?.origin != .server else {
                return .failure(Problem(.conflict, "this server needs this certificate: it can be renewed"))
            }
            return .success(nil)
        }
        return change.reply
    }

    private func renew(_ call: Call) async throws(Problem) -> Reply {
        let name = call.parameter("name")
        let old = try self.record(name)
        guard old.origin != .server else { return try await self.renewOwn(call, name) }
        guard old.revokedAt == nil else {
            throw Problem(.conflict, "the certificate was revoked; make another one")
        }
        let spec = try Self.spec((try? JSONReader.read(self.objects.find(name).spec)) ?? .null)
        let key = old.origin == .key ? try await self.pki.makeKey(spec.key.kind) : nil
        let chain = try self.pki.issue(
            CertificateTemplate(
                commonName: old.leaf.commonName,
                alternativeNames: old.leaf.alternativeNames,
                purpose: spec.profile.purpose
            ),
            spec,
            publicKey: key?.publicKey ?? old.leaf.publicKey
        )
        var record = old
        record.authority = spec.authority
        record.chain = chain
        let renewed = record
        let change = try await self.objects.change(call, .renew, name) { _, current in
            guard let draft = current?.draft else {
                return .failure(Problem(.notFound, "there is no Certificate named \(name)"))
            }
            return self.fill(draft, renewed, key: spec.keepsKey ? key : nil)
        }
        return try Self.reply(change, call, key: key)
    }

    private func renewOwn(_ call: Call, _ name: String) async throws(Problem) -> Reply {
        guard let profile = CertificateProfile(rawValue: name), let renew = self.pki.hooks.current.renewOwn
        else { throw Problem(.notAvailable, "this server does not keep its certificates itself") }
        if call.query["dryRun"] == nil {
            do {
                try await renew(profile)
            } catch let error as PKIError {
                throw Problem(error, at: JSONPointer.root)
            } catch {
                throw Problem(.internal, "the certificate could not be renewed: \(error)")
            }
        }
        return try await self.get(call)
    }

    /// Writes a certificate into its draft, with its key if that is kept.
    ///
    /// The key is sealed inside the transaction: a rotation of the key-encryption key is either before it or
    /// finds the secret.
    private func fill(
        _ draft: AdminObjectDraft?,
        _ record: CertificateRecord,
        key: PrivateKey?
    ) -> Result<AdminObjectDraft?, Problem> {
        guard var draft else { return .success(nil) }
        draft.status = record.json
        draft.secret = []
        guard let key else { return .success(draft) }
        var random = self.pki.random
        do throws(PKIError) {
            let label = CertificateRecord.sealed(draft.name)
            draft.secret = try self.pki.vault.current.seal(key, for: label, using: &random).envelope
            return .success(draft)
        } catch {
            return .failure(Problem(error, at: JSONPointer.root))
        }
    }

    /// Reads a spec.
    ///
    /// - Throws: 422 with all that is wrong with it.
    static func spec(_ document: DocumentValue) throws(Problem) -> CertificateSpec {
        let problems = FieldProblems()
        let field = FieldReader(document, at: JSONPointer.root.member("spec"), problems: problems)
        guard let spec = CertificateSpec(field), problems.isEmpty else {
            throw Problem(invalid: problems.all)
        }
        return spec
    }

    /// The answer with the key, which is in no other place; a dry run and a repetition have none.
    static func reply(
        _ change: StoredObjects.Change,
        _ call: Call,
        key: PrivateKey?
    ) throws(Problem) -> Reply {
        var reply = change.reply
        guard case .json(let bytes) = reply.content else { return reply }
        var text: [UInt8] = []
        if let key, !change.isReplayed, call.query["dryRun"] != "All" {
            do throws(PKIError) {
                text = try key.pem().copy()
            } catch {
                throw Problem(error, at: JSONPointer.root)
            }
        }
        guard call.accepted != MediaType.pem else {
            let status = (try? JSONReader.read(bytes))?.object?["status"]?.object
            let chain = Array((status?["chain"]?.string ?? "").utf8)
            reply.content = .bytes(text + chain, type: MediaType.pem)
            return reply
        }
        guard !text.isEmpty else { return reply }
        let value = JSONWriter.write(.string(String(decoding: text, as: UTF8.self)))
        reply.content = .json(bytes.dropLast() + Array(",\"key\":".utf8) + value + [UInt8(ascii: "}")])
        return reply
    }
}
