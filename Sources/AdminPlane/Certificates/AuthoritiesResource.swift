import Documents
import MeshResources
import MeshSchema
import MicroHTTP
import PKI
import Persistence

/// The certificate authorities: made or taken over, shown with their generations, served to everyone.
struct AuthoritiesResource: Sendable {
    let pki: MeshPKI
    let objects: StoredObjects

    var operations: [Operation] {
        let path = "/api/v1/authorities"
        let own = [
            Operation(
                "createAuthority",
                "POST",
                path,
                .scope(.certificates),
                query: ["dryRun"],
                body: .document
            ) { (call) throws(Problem) in try await self.create(call) },
            Operation("deleteAuthority", "DELETE", path + "/{name}", .scope(.certificates), query: ["dryRun"])
            {
                (call) throws(Problem) in try await self.delete(call)
            },
            Operation(
                "getAuthorityBundle",
                "GET",
                path + "/{name}/bundle",
                .open,
                produces: [MediaType.pem]
            ) { (call) throws(Problem) in
                Reply(200, .bytes(try self.find(call).roots.pem, type: MediaType.pem))
            },
        ]
        let usual = StoredKinds.operations(self.objects).filter {
            ["listAuthorities", "getAuthority"].contains($0.id)
        }
        return usual + own
    }

    private func find(_ call: Call) throws(Problem) -> AuthorityRecord {
        let name = call.parameter("name")
        guard let record = self.pki.authority(name) else {
            throw Problem(.notFound, "there is no Authority named \(name)")
        }
        return record
    }

    // MARK: - Making and taking over

    private func create(_ call: Call) async throws(Problem) -> Reply {
        var body = try self.objects.body(call.document, name: nil)
        let name = try self.objects.newName(body)
        let problems = FieldProblems()
        let field = FieldReader(body.spec, at: JSONPointer.root.member("spec"), problems: problems)
        guard let spec = AuthoritySpec(field), problems.isEmpty else { throw Problem(invalid: problems.all) }
        body.spec = AuthoritySpec.stored(body.spec)
        let generation = try self.generation(spec, name)
        let stored = body
        let change = try await self.objects.change(call, .create, name) { transaction, current in
            guard current == nil else {
                return .failure(Problem(.alreadyExists, "there is already an Authority named \(name)"))
            }
            return self.objects.draft(stored, name, current, transaction).flatMap { draft in
                guard var draft else { return .success(nil) }
                do throws(PKIError) {
                    let kept = try self.pki.seal(generation, number: 1, phase: .active, of: name)
                    AuthorityRecord(generations: [kept]).write(to: &draft)
                    return .success(draft)
                } catch {
                    return .failure(Problem(error, at: JSONPointer.root.member("spec")))
                }
            }
        }
        return change.reply
    }

    private func generation(_ spec: AuthoritySpec, _ name: String) throws(Problem) -> AuthorityGeneration {
        guard let imported = spec.imported else { return try self.pki.newGeneration(number: 1, of: name) }
        return try self.pki.importing(imported)
    }

    private func delete(_ call: Call) async throws(Problem) -> Reply {
        let name = call.parameter("name")
        guard name != MeshPKI.meshAuthority else {
            throw Problem(.conflict, "the authority of the own mesh cannot be deleted")
        }
        let change = try await self.objects.change(call, .delete, name) { _, current in
            guard current != nil else {
                return .failure(Problem(.notFound, "there is no Authority named \(name)"))
            }
            return .success(nil)
        }
        return change.reply
    }
}

extension MeshPKI {
    /// The life of a root and of the authority below it that is made here, in seconds.
    private static let rootLife: Int64 = 3_650 * 86_400
    private static let issuingLife: Int64 = 1_825 * 86_400

    /// Takes over an authority that a client gives us.
    ///
    /// - Throws: 422 with a pointer to what is wrong.
    func importing(_ imported: AuthoritySpec.Import) throws(Problem) -> AuthorityGeneration {
        let certificates: [Certificate]
        do throws(PKIError) {
            certificates = try Certificate.bundle(pem: Array(imported.certificatesPEM.utf8))
        } catch {
            throw Problem(error, at: imported.certificates.pointer)
        }
        var key: PrivateKey?
        if let text = imported.keyPEM, let field = imported.key {
            do throws(PKIError) {
                let bytes = SecretBytes(Array(text.utf8))
                key = try bytes.withBytes { bytes throws(PKIError) in try PrivateKey(pem: bytes) }
            } catch {
                throw Problem(error, at: field.pointer)
            }
        }
        do throws(PKIError) {
            return try AuthorityGeneration.importing(certificates, key: key, now: self.now)
        } catch {
            let isOfKey = if case .keyMismatch = error { true } else { false }
            throw Problem(error, at: (isOfKey ? imported.key : nil)?.pointer ?? imported.certificates.pointer)
        }
    }

    /// Makes a root and an issuing authority below it.
    func newGeneration(number: Int, of name: String) throws(Problem) -> AuthorityGeneration {
        let now = self.now
        let start = now - Self.backdating
        let cluster = self.environment.cluster.name.rawValue
        let settings = AuthorityGeneration.Settings(
            clusterName: name == Self.meshAuthority ? cluster : "\(cluster) \(name)",
            number: number,
            rootValidity: Validity(notBefore: start, notAfter: now + Self.rootLife),
            issuingValidity: Validity(notBefore: start, notAfter: now + Self.issuingLife)
        )
        var random = self.random
        do throws(PKIError) {
            return try AuthorityGeneration.make(
                settings,
                rootKey: try PrivateKey.generate(),
                issuingKey: try PrivateKey.generate(),
                now: now,
                using: &random
            )
        } catch {
            throw Problem(error, at: JSONPointer.root)
        }
    }
}
