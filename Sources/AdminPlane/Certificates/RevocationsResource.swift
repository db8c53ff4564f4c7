import ChangeBus
import Documents
import MeshResources
import MicroHTTP
import NIOCore
import PKI
import Persistence

/// What was revoked: certificates, numbers, keys and peers, and the lists of other authorities.
///
/// A revocation is in force when it is answered: new handshakes fail, and live connections were cut.
struct RevocationsResource: Sendable {
    private static let listTypes = [MediaType.revocationList, MediaType.pem, "application/octet-stream"]

    let pki: MeshPKI
    let revocations: StoredObjects
    let lists: StoredObjects
    let certificates: StoredObjects

    var operations: [Operation] {
        let write = Operation.Access.scope(.certificates)
        let own = [
            Operation(
                "createRevocation",
                "POST",
                "/api/v1/revocations",
                write,
                query: ["dryRun"],
                body: .document
            ) { (call) throws(Problem) in try await self.create(call) },
            Operation("deleteRevocation", "DELETE", "/api/v1/revocations/{name}", write, query: ["dryRun"]) {
                (call) throws(Problem) in try await self.delete(call)
            },
            Operation(
                "revokeCertificate",
                "POST",
                "/api/v1/certificates/{name}:revoke",
                write,
                query: ["dryRun"],
                body: .document
            ) { (call) throws(Problem) in try await self.revoke(call) },
            Operation(
                "importRevocationList",
                "POST",
                "/api/v1/revocation-lists",
                write,
                query: ["dryRun"],
                body: .documentOrBytes(Self.listTypes),
                bodyLimit: RevocationList.largestBytes
            ) { (call) throws(Problem) in try await self.importList(call) },
            Operation(
                "deleteRevocationList",
                "DELETE",
                "/api/v1/revocation-lists/{name}",
                write,
                query: ["dryRun"]
            ) {
                (call) throws(Problem) in
                let reply = try await self.lists.delete(call, name: call.parameter("name"))
                await self.pki.applyTrust()
                return reply
            },
        ]
        let usual = ["listRevocations", "getRevocation", "listRevocationLists", "getRevocationList"]
        let kinds = StoredKinds.operations(self.revocations) + StoredKinds.operations(self.lists)
        return kinds.filter { usual.contains($0.id) } + own
    }

    // MARK: - Revoking

    private func create(_ call: Call) async throws(Problem) -> Reply {
        var body = try self.revocations.body(call.document, name: nil)
        let problems = FieldProblems()
        let field = FieldReader(body.spec, at: JSONPointer.root.member("spec"), problems: problems)
        guard let spec = RevocationSpec(field), problems.isEmpty else { throw Problem(invalid: problems.all) }
        let record = try self.record(spec, field)
        if body.name == nil, body.generateName == nil { body.name = Self.name(record) }
        let name = try self.revocations.newName(body)
        let stored = body
        let change = try await self.revocations.change(call, .create, name) { transaction, current in
            guard current == nil else {
                return .failure(Problem(.alreadyExists, "\(name) is revoked already"))
            }
            return self.revocations.draft(stored, name, current, transaction).map { draft in
                guard var draft else { return nil }
                draft.status = record.json
                return draft
            }
        }
        await self.pki.applyTrust()
        return change.reply
    }

    private func record(_ spec: RevocationSpec, _ field: FieldReader) throws(Problem) -> RevocationRecord {
        let denials: [Denial]
        switch spec.subject {
        case .certificate(let certificate):
            denials = [.serialNumber(certificate.serialNumber, issuer: certificate.issuer)]
        case .serialNumber(let number, let authority):
            guard let record = self.pki.authority(authority) else {
                let pointer = field.pointer.member("authority")
                throw Problem(invalid: [FieldProblem(pointer, .invalidValue, "there is no such authority")])
            }
            denials = record.generations.map { .serialNumber(number, issuer: $0.issuing.subject) }
        case .key(let digest): denials = [.key(digest)]
        case .peer(let name): denials = [.peer(name)]
        }
        return RevocationRecord(
            denials: denials,
            revokedAt: self.pki.environment.now(),
            reason: spec.reason
        )
    }

    private static func name(_ record: RevocationRecord) -> String {
        switch record.denials.first {
        case .serialNumber(let number, _): "serial-\(number.description.lowercased())"
        case .key(let digest): "key-\(AuditLine.hexadecimal(digest).prefix(40))"
        case .peer(let name): "peer-\(name)"
        case .revocationList, nil: "revocation"
        }
    }

    private func revoke(_ call: Call) async throws(Problem) -> Reply {
        let problems = FieldProblems()
        var reason = RevocationSpec.Reason.unspecified
        let isRead: Bool? = FieldReader(call.document ?? .null, problems: problems).object { object in
            reason = object.optional("reason")?.choice(of: RevocationSpec.Reason.self) ?? reason
            return true
        }
        guard isRead != nil, problems.isEmpty else { throw Problem(invalid: problems.all) }
        let name = call.parameter("name")
        let now = self.pki.environment.now()
        let why = reason
        let change = try await self.certificates.change(call, .revoke, name) { transaction, current in
            guard let current, var record = CertificateRecord(current) else {
                return .failure(Problem(.notFound, "there is no Certificate named \(name)"))
            }
            guard record.revokedAt == nil else {
                return .failure(Problem(.conflict, "the certificate is revoked already"))
            }
            let denial = Denial.serialNumber(record.leaf.serialNumber, issuer: record.leaf.issuer)
            let revocation = RevocationRecord(denials: [denial], revokedAt: now, reason: why)
            record.revokedAt = now
            record.revocationReason = why.rawValue
            var draft = current.draft
            draft.status = record.json
            do {
                try self.put(revocation, of: name, in: transaction)
                return .success(draft)
            } catch {
                return .failure(Problem(.internal, "admin.db cannot be written; the log says why"))
            }
        }
        await self.pki.applyTrust()
        return change.reply
    }

    private func put(
        _ revocation: RevocationRecord,
        of certificate: String,
        in transaction: AdminTransaction
    ) throws(PersistenceError) {
        let kind = self.revocations.kind
        var draft = AdminObjectDraft(kind: kind.plural, name: Self.name(revocation))
        guard transaction.object(kind.plural, draft.name) == nil else { return }
        draft.annotations = ["certificate": certificate]
        if case .serialNumber(let number, _)? = revocation.denials.first {
            draft.spec = JSONWriter.write(["serialNumber": .string(number.description)])
        }
        draft.status = revocation.json
        _ = try transaction.put(draft, event: "\(kind.singular).created")
    }

    private func delete(_ call: Call) async throws(Problem) -> Reply {
        let change = try await self.revocations.change(call, .delete, call.parameter("name")) { _, current in
            guard let current else { return .failure(Problem(.notFound, "there is no such Revocation")) }
            guard current.annotations["certificate"] == nil else {
                return .failure(Problem(.conflict, "a certificate that was revoked stays revoked"))
            }
            return .success(nil)
        }
        await self.pki.applyTrust()
        return change.reply
    }

    // MARK: - Lists of others

    private func importList(_ call: Call) async throws(Problem) -> Reply {
        var bytes = Array(call.request.body.readableBytesView)
        var pointer = JSONPointer.root
        if let document = call.document {
            let problems = FieldProblems()
            let text = FieldReader(document, problems: problems).object { object in
                object.required("list")?.string(maxBytes: RevocationList.largestBytes)
            }
            guard let text, problems.isEmpty else { throw Problem(invalid: problems.all) }
            bytes = Array(text.utf8)
            pointer = pointer.member("list")
        }
        let list: RevocationList
        let issuer: Certificate
        do throws(PKIError) {
            list = try RevocationList(bytes)
            issuer = try self.issuer(of: list)
        } catch {
            throw Problem(error, at: pointer)
        }
        let name = "crl-" + AuditLine.hexadecimal(Array(issuer.keyDigest.prefix(8)))
        let now = self.pki.now
        let place = pointer
        let change = try await self.lists.change(call, .replace, name) { _, current in
            do throws(PKIError) {
                let old = current.flatMap { try? RevocationList($0.secret) }
                try list.check(from: issuer, replacing: old, now: now + MeshPKI.backdating)
            } catch {
                return .failure(Problem(error, at: place))
            }
            var draft = current?.draft ?? AdminObjectDraft(kind: self.lists.kind.plural, name: name)
            draft.status = Self.status(list)
            draft.secret = list.der
            return .success(draft)
        }
        await self.pki.applyTrust()
        return change.reply
    }

    /// The authority that made a list: one of ours, or one that is trusted for a peer.
    private func issuer(of list: RevocationList) throws(PKIError) -> Certificate {
        let trust = try self.pki.trust().trust
        let bundles = [trust.own] + trust.peers
        let candidates = bundles.flatMap { $0.roots + $0.intermediates }.filter { $0.subject == list.issuer }
        guard let first = candidates.first else {
            throw .incompleteChain(commonName: "revocation list", missingIssuer: list.issuer.description)
        }
        // Two authorities may have the same name; the signature tells which it was.
        return candidates.first { issuer in
            (try? list.check(from: issuer, replacing: nil, now: .max)) != nil
        } ?? first
    }

    private static func status(_ list: RevocationList) -> [UInt8] {
        var status = DocumentObject()
        status["issuer"] = .string(list.issuer.description)
        status["number"] = list.number.map { .string($0.description) }
        status["thisUpdate"] = .string(Moment.text(seconds: list.thisUpdate))
        status["nextUpdate"] = list.nextUpdate.map { .string(Moment.text(seconds: $0)) }
        status["revoked"] = .integer(Int64(list.count))
        return JSONWriter.write(.object(status))
    }
}

extension MeshPKI {
    /// Lets the rest of the process follow what is trusted now; returns when it does.
    func applyTrust() async {
        await self.hooks.current.applyTrust?()
    }
}
