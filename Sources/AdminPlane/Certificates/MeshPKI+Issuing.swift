import Documents
import MeshResources
import MeshSchema
import NIOPosix
import PKI
import Persistence

extension MeshPKI {
    /// The life of new certificates and how long before its end they are renewed, as the settings say.
    package var lifetimes: (life: Duration, renewBefore: Duration) {
        let object = self.store.object(ObjectKind.settings.plural, SettingsResource.name)
        let document = object.flatMap { try? JSONReader.read($0.spec) } ?? .null
        let spec = SettingsSpec(FieldReader(document, problems: FieldProblems())) ?? SettingsSpec()
        return (spec.certificateLifetime, spec.renewBefore)
    }

    /// What a certificate that was asked for says.
    func template(_ spec: CertificateSpec) -> CertificateTemplate {
        spec.profile.template(
            cluster: self.environment.cluster.name.rawValue,
            peer: spec.peer,
            namespace: spec.namespace,
            additionalNames: self.environment.serverNames + spec.names
        )
    }

    /// Issues a certificate.
    ///
    /// A life that was asked for is given or refused; the usual one ends where the issuer's does.
    ///
    /// - Throws: 404 for another authority than there is, or what is wrong with the request.
    func issue(
        _ template: CertificateTemplate,
        _ spec: CertificateSpec,
        publicKey: PublicKey
    ) throws(Problem) -> [Certificate] {
        guard self.authority(spec.authority) != nil else {
            let pointer = spec.pointer.member("authority")
            throw Problem(invalid: [FieldProblem(pointer, .invalidValue, "there is no such authority")])
        }
        let now = self.now
        do throws(PKIError) {
            let signer = try self.signer(spec.authority)
            let life = (spec.lifetime ?? self.lifetimes.life).components.seconds
            var validity = Validity(notBefore: now - Self.backdating, notAfter: now + life)
            let limit = signer.validity
            if spec.lifetime == nil {
                validity = validity.clamped(to: limit)
            } else if validity.notBefore < limit.notBefore {
                validity = Validity(notBefore: limit.notBefore, notAfter: validity.notAfter)
            }
            var random = self.random
            let leaf = try signer.issue(
                template,
                publicKey: publicKey,
                serialNumber: .random(using: &random),
                validity: validity,
                now: now
            )
            return [leaf] + ([signer.certificate] + signer.chain).filter { !$0.isSelfIssued }
        } catch {
            let isLife = if case .outsideIssuerValidity = error { true } else { false }
            throw Problem(error, at: isLife ? spec.pointer.member("lifetime") : spec.pointer)
        }
    }

    /// Makes a key, away from the threads that answer requests: a large RSA key takes seconds.
    func makeKey(_ kind: KeyKind) async throws(Problem) -> PrivateKey {
        do {
            guard kind != .p256 else { return try PrivateKey.generate() }
            return try await NIOThreadPool.singleton.runIfActive { try PrivateKey.generate(kind) }
        } catch {
            throw Problem(.internal, "a key could not be made: \(error)")
        }
    }
}
