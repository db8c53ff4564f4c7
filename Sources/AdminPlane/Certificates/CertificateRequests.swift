import Documents
import MeshResources
import MeshSchema
import MicroHTTP
import NIOCore
import PKI
import Persistence

/// Signs requests of those who made their own keys.
struct CertificateRequests: Sendable {
    private static let types = [MediaType.certificateRequest, MediaType.pem, "application/octet-stream"]

    let pki: MeshPKI
    let objects: StoredObjects

    var operations: [Operation] {
        [
            Operation(
                "createCertificateRequest",
                "POST",
                "/api/v1/certificate-requests",
                .scope(.certificates),
                query: ["profile", "peer", "name", "lifetime", "authority", "dryRun"],
                body: .documentOrBytes(Self.types),
                produces: CertificatesResource.forms
            ) { (call) throws(Problem) in try await self.sign(call) }
        ]
    }

    private func sign(_ call: Call) async throws(Problem) -> Reply {
        let (bytes, pointer) = try self.request(call)
        let document = self.spec(call)
        let spec = try Self.spec(document)
        let request: CertificateRequest
        let template: CertificateTemplate
        do throws(PKIError) {
            request = try CertificateRequest(bytes)
            template = try spec.profile.template(
                for: request,
                cluster: self.pki.environment.cluster.name.rawValue,
                peer: spec.peer,
                additionalNames: self.pki.environment.serverNames
            )
        } catch {
            throw Problem(error, at: pointer)
        }
        let chain = try self.pki.issue(template, spec, publicKey: request.publicKey)
        let record = CertificateRecord(
            origin: .request,
            authority: spec.authority,
            chain: chain,
            hasKey: false
        )
        let name = try self.name(call, record.leaf)
        let change = try await self.objects.change(call, .create, name) { _, current in
            guard current == nil else {
                return .failure(Problem(.alreadyExists, "there is already a Certificate named \(name)"))
            }
            var draft = AdminObjectDraft(kind: ObjectKind.certificate.plural, name: name)
            draft.spec = JSONWriter.write(document)
            draft.status = record.json
            return .success(draft)
        }
        return try CertificatesResource.reply(change, call, key: nil)
    }

    /// The request in the body: as it is, or in the member `request` of a document.
    private func request(_ call: Call) throws(Problem) -> ([UInt8], JSONPointer) {
        guard let document = call.document else {
            return (Array(call.request.body.readableBytesView), JSONPointer.root)
        }
        let problems = FieldProblems()
        let text = FieldReader(document, problems: problems).object { object in
            object.required("request")?.string(maxBytes: CertificateRequest.largestBytes)
        }
        guard let text, problems.isEmpty else { throw Problem(invalid: problems.all) }
        return (Array(text.utf8), JSONPointer.root.member("request"))
    }

    /// What the query says, as the spec of the certificate.
    private func spec(_ call: Call) -> DocumentValue {
        var spec = DocumentObject()
        for name in ["profile", "peer", "lifetime", "authority"] {
            spec[name] = call.query[name].map { .string($0) }
        }
        return .object(spec)
    }

    private static func spec(_ document: DocumentValue) throws(Problem) -> CertificateSpec {
        do throws(Problem) {
            return try CertificatesResource.spec(document)
        } catch {
            // The spec came as parameters of the query, and they have no pointers.
            let texts = error.errors.map { "\($0.pointer.description.dropFirst(6)): \($0.message)" }
            throw Problem(.invalidParameter, texts.joined(separator: "; "))
        }
    }

    private func name(_ call: Call, _ leaf: Certificate) throws(Problem) -> String {
        guard let name = call.query["name"] else {
            let holder = leaf.commonName.lowercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
            return "\(holder.isEmpty ? "certificate" : holder)-"
                + leaf.serialNumber.description.lowercased().suffix(12)
        }
        try self.objects.checkName(name)
        return name
    }
}
