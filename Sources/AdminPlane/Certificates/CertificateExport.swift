import ChangeBus
import Documents
import MeshResources
import MeshSchema
import MicroHTTP
import PKI
import Persistence

/// Gives away certificates together with the keys that are kept here: the only way for keys to leave.
///
/// Only administrators may, and every time is in the audit.
struct CertificateExport: Sendable {
    private static let forms = [MediaType.yaml, MediaType.pem, MediaType.pkcs12]

    let pki: MeshPKI
    let objects: StoredObjects

    var operations: [Operation] {
        [
            Operation(
                "exportCertificate",
                "POST",
                "/api/v1/certificates/{name}:export",
                .scope(.admin),
                body: .document,
                produces: Self.forms
            ) { (call) throws(Problem) in try await self.export(call) },
            Operation(
                "exportCertificates",
                "POST",
                "/api/v1/certificates:export",
                .scope(.admin),
                body: .document,
                produces: [MediaType.yaml]
            ) { (call) throws(Problem) in try await self.exportAll(call) },
        ]
    }

    /// What a client says of an export.
    private struct Options {
        var password: FieldReader?
        var namespace: FieldReader?
        var mirror = true

        init(_ call: Call) throws(Problem) {
            let problems = FieldProblems()
            var options: (password: FieldReader?, namespace: FieldReader?, mirror: Bool) = (nil, nil, true)
            let isRead: Bool? = FieldReader(call.document ?? .null, problems: problems).object { object in
                options.password = object.optional("password")
                options.namespace = object.optional("namespace")
                options.mirror = object.optional("mirror")?.boolean() ?? true
                return true
            }
            guard isRead != nil, problems.isEmpty else { throw Problem(invalid: problems.all) }
            self.password = options.password
            self.namespace = options.namespace
            self.mirror = options.mirror
        }

        func secrets() throws(Problem) -> CiliumSecrets {
            do throws(PKIError) {
                guard let namespace else { return try CiliumSecrets() }
                return try CiliumSecrets(namespace: namespace.value.string ?? "")
            } catch {
                throw Problem(error, at: self.namespace?.pointer ?? JSONPointer.root)
            }
        }
    }

    // MARK: - One certificate

    private func export(_ call: Call) async throws(Problem) -> Reply {
        let options = try Options(call)
        let name = call.parameter("name")
        let object = try self.objects.find(name)
        let bundle = try self.bundle(object)
        let reply: Reply
        switch call.accepted {
        case MediaType.pkcs12:
            guard let password = options.password, let text = password.value.string else {
                let pointer = JSONPointer.root.member("password")
                throw Problem(invalid: [FieldProblem(pointer, .required, "is required for PKCS#12")])
            }
            do throws(PKIError) {
                let secret = SecretBytes(Array(text.utf8))
                let file = try PKCS12.encode(bundle, name: bundle.leaf.commonName, password: secret)
                reply = Reply(200, .bytes(file, type: MediaType.pkcs12))
            } catch {
                throw Problem(error, at: password.pointer)
            }
        case MediaType.pem:
            let pem = bundle.keyPEM.copy() + bundle.certificateChainPEM
            reply = Reply(200, .bytes(pem, type: MediaType.pem))
        default:
            let spec = try CertificatesResource.spec((try? JSONReader.read(object.spec)) ?? .null)
            let manifest = try options.secrets().certificate(spec.profile, bundle)
            reply = Reply(200, .bytes(manifest.yaml().copy(), type: MediaType.yaml))
        }
        try await self.audit(call, name)
        return reply
    }

    /// A certificate with its key.
    private func bundle(_ object: AdminObject) throws(Problem) -> CredentialBundle {
        guard let record = CertificateRecord(object) else {
            throw Problem(.internal, "the certificate cannot be read")
        }
        if record.origin == .server, let profile = CertificateProfile(rawValue: object.name),
            let own = self.pki.ownCredentials.current
        {
            return own[profile]
        }
        guard !object.secret.isEmpty else {
            throw Problem(
                .conflict,
                "the key of \(object.name) is not kept here",
                hint: "only keys of certificates that were made with keepKey are"
            )
        }
        do throws(PKIError) {
            let sealed = try SealedSecret(envelope: object.secret)
            let label = CertificateRecord.sealed(object.name)
            return try CredentialBundle(
                leaf: record.leaf,
                chain: Array(record.chain.dropFirst()),
                key: try self.pki.vault.current.openKey(sealed, for: label),
                trustRoots: self.pki.authority(record.authority)?.roots ?? []
            )
        } catch {
            throw Problem(error, at: JSONPointer.root)
        }
    }

    // MARK: - All that Cilium's chart mounts

    private func exportAll(_ call: Call) async throws(Problem) -> Reply {
        let options = try Options(call)
        let secrets = try options.secrets()
        guard let own = self.pki.ownCredentials.current else {
            throw Problem(.notAvailable, "this server does not keep its certificates itself")
        }
        var text: [UInt8] = []
        for profile in CertificateProfile.allCases {
            text += secrets.certificate(profile, own[profile]).yaml().copy()
        }
        let peers = try self.peers(own)
        do throws(PKIError) {
            text += try secrets.agents(peers: peers, mirrorPort: options.mirror ? 2379 : nil).yaml().copy()
            if options.mirror { text += try secrets.mirror(peers: peers).yaml().copy() }
        } catch {
            throw Problem(error, at: JSONPointer.root)
        }
        try await self.audit(call, "")
        return Reply(200, .bytes(text, type: MediaType.yaml))
    }

    /// The remote clusters as Cilium dials them, each with the certificate that it is shown.
    private func peers(_ own: MeshCredentials) throws(Problem) -> [CiliumSecrets.Peer] {
        var peers: [CiliumSecrets.Peer] = []
        for object in self.objects.store.tables.objects(ObjectKind.peer.plural) {
            let document = (try? JSONReader.read(object.spec)) ?? .null
            let field = FieldReader(document, problems: FieldProblems())
            guard let spec = PeerSpec(field, in: self.objects.environment.cluster),
                let endpoint = spec.endpoints.first
            else { continue }
            do throws(PKIError) {
                let credentials = try self.credentials(spec, own)
                let port = Int(endpoint.url.port)
                let addresses = endpoint.addresses.map(\.description)
                peers.append(
                    addresses.isEmpty
                        ? try CiliumSecrets.Peer(
                            name: object.name,
                            host: endpoint.url.host,
                            port: port,
                            credentials: credentials
                        )
                        : try CiliumSecrets.Peer(
                            name: object.name,
                            addresses: addresses,
                            port: port,
                            credentials: credentials
                        )
                )
            } catch {
                throw Problem(.conflict, "the peer \(object.name) cannot be exported: \(error)")
            }
        }
        return peers
    }

    /// What is shown to and trusted of one peer; `nil` when that is what all have in common.
    private func credentials(
        _ spec: PeerSpec,
        _ own: MeshCredentials
    ) throws(PKIError) -> CredentialBundle? {
        guard spec.trust != nil || spec.clientCertificate != nil else { return nil }
        var bundle = own.remote
        if let name = spec.clientCertificate, name != CertificateProfile.remote.rawValue,
            let object = self.objects.store.object(self.objects.kind.plural, name)
        {
            do throws(Problem) {
                bundle = try self.bundle(object)
            } catch {
                throw .keyMissing(commonName: name)
            }
        }
        let roots = try spec.trust.map { (text) throws(PKIError) in
            try Certificate.bundle(pem: Array(text.utf8))
        }
        return try CredentialBundle(
            leaf: bundle.leaf,
            chain: bundle.chain,
            key: bundle.key,
            trustRoots: roots ?? bundle.trustRoots
        )
    }

    private func audit(_ call: Call, _ name: String) async throws(Problem) {
        let line = AuditLine.draft(
            call,
            verb: "export",
            kind: self.objects.kind.plural,
            name: name,
            status: 200
        )
        do throws(AdminStoreError) {
            try await self.objects.store.write { (transaction) throws(PersistenceError) in
                try transaction.audit(line)
                return .commit(())
            }
        } catch {
            throw Problem(error)
        }
    }
}
