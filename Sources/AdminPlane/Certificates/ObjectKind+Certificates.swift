import Documents
import MeshResources

extension ObjectKind {
    /// The mesh's own certificate authorities, with their generations.
    static let authority = ObjectKind(
        kind: "Authority",
        plural: "authorities",
        singular: "authority",
        writeScope: .certificates,
        keepsStatus: true,
        nameProblem: Self.problem(ofName:in:),
        checkSpec: { field, _ in _ = AuthoritySpec(field) }
    )
    /// What the authorities have issued.
    static let certificate = ObjectKind(
        kind: "Certificate",
        plural: "certificates",
        singular: "certificate",
        writeScope: .certificates,
        keepsStatus: true,
        creationEvent: "issued",
        nameProblem: Self.problem(ofName:in:),
        checkSpec: { field, _ in _ = CertificateSpec(field) }
    )
    /// What was revoked here: certificates, numbers, keys, peers.
    static let revocation = ObjectKind(
        kind: "Revocation",
        plural: "revocations",
        singular: "revocation",
        writeScope: .certificates,
        keepsStatus: true,
        nameProblem: Self.problem(ofName:in:),
        checkSpec: { field, _ in _ = RevocationSpec(field) }
    )
    /// The revocation lists of others.
    static let revocationList = ObjectKind(
        kind: "RevocationList",
        plural: "revocation-lists",
        singular: "revocation-list",
        writeScope: .certificates,
        keepsStatus: true,
        nameProblem: Self.problem(ofName:in:),
        checkSpec: { _, _ in }
    )
    /// The kinds that belong to the PKI.
    static let ofPKI: [ObjectKind] = [.authority, .certificate, .revocation, .revocationList]

    @Sendable private static func problem(ofName name: String, in cluster: ClusterContext) -> String? {
        do throws(ResourceError) {
            try ResourceNames.check(name, of: .tokens, in: cluster)
            return nil
        } catch {
            return error.description
        }
    }
}
