import ChangeBus
import Documents
package import PKI
package import Persistence

/// A certificate of this server or of its authorities, and when it ends: for metrics and events.
package struct CertificateExpiry: Sendable, Hashable {
    /// The kind and name of the object that it belongs to; an authority's has its generation, too.
    package let id: String
    /// The resource of the object.
    let kind: String
    /// The name of the object.
    let name: String
    /// The end of its life, in seconds since 1970.
    package let notAfter: Int64
    /// The beginning of its life, in seconds since 1970.
    let issuedAt: Int64
    /// When it renews itself, in seconds since 1970; before that nobody has to be told that its end is near.
    var renewsAt: Int64?
}

extension MeshPKI {
    /// How many days before a certificate's end there is an event.
    private static let warningDays: [Int64] = [1, 7, 30]
    /// Remembers when certificates were last looked at, so that no warning comes twice or is left out.
    private static let watchKind = "certificate-watch"

    /// Whether a change of this object can change what this server's own certificates should be.
    package static func isWatched(_ id: AdminObjectID) -> Bool {
        (ObjectKind.ofPKI + [.settings, .peer]).contains { $0.plural == id.kind }
            && id.kind != ObjectKind.certificate.plural
    }

    /// All certificates that are kept here and not revoked, by the name of their object.
    package var expiries: [CertificateExpiry] {
        let tables = self.store.tables
        let authorities = tables.objects(ObjectKind.authority.plural).flatMap { object in
            (AuthorityRecord(object)?.generations ?? []).map { generation in
                CertificateExpiry(
                    id: "authority/\(object.name)/\(generation.number)",
                    kind: object.kind,
                    name: object.name,
                    notAfter: generation.certificates.map(\.validity.notAfter).min() ?? 0,
                    issuedAt: generation.issuing.validity.notBefore
                )
            }
        }
        let leaves = tables.objects(ObjectKind.certificate.plural).compactMap { object in
            CertificateRecord(object).flatMap { record -> CertificateExpiry? in
                guard record.revokedAt == nil else { return nil }
                return CertificateExpiry(
                    id: object.name,
                    kind: object.kind,
                    name: object.name,
                    notAfter: record.leaf.validity.notAfter,
                    issuedAt: record.leaf.validity.notBefore + Self.backdating,
                    renewsAt: record.origin == .server
                        ? RenewalPlan.renewalTime(
                            record.leaf.validity,
                            seed: RenewalPlan.seed(of: record.leaf)
                        ) : nil
                )
            }
        }
        return authorities + leaves
    }

    /// Says in an event of each certificate that has come nearer to its end than 30, 7 or 1 days since the
    /// last look.
    package func warnOfExpiries() async throws(AdminStoreError) {
        let now = self.now
        let expiries = self.expiries
        try await self.store.write { (transaction) throws(PersistenceError) in
            let state = transaction.object(Self.watchKind, "last")
            let document = state.flatMap { try? JSONReader.read($0.spec) }
            let last = document?.object?["time"]?.integer ?? now - 1
            var isNews = state == nil
            for expiry in expiries where expiry.renewsAt.map({ $0 <= now }) ?? true {
                let due = Self.warningDays.first { days in
                    let moment = expiry.notAfter - days * 86_400
                    return max(last, expiry.issuedAt) < moment && moment <= now
                }
                guard let due else { continue }
                isNews = true
                try transaction.emit(
                    "certificate.expiring",
                    kind: expiry.kind,
                    name: expiry.name,
                    body: JSONWriter.write(
                        [
                            "certificate": .string(expiry.id),
                            "days": .integer(due),
                            "notAfter": .string(Moment.text(seconds: expiry.notAfter)),
                        ]
                    )
                )
            }
            // What lies between the last look that is remembered and now was nothing, and stays nothing.
            guard isNews else { return .rollBack(()) }
            var draft = AdminObjectDraft(kind: Self.watchKind, name: "last")
            draft.spec = JSONWriter.write(["time": .integer(max(now, last))])
            _ = try transaction.put(draft, event: ".looked")
            return .commit(())
        }
    }

    /// Writes this server's own certificates, as far as they are others than those that are kept.
    package func record(_ credentials: MeshCredentials) async throws(AdminStoreError) {
        self.ownCredentials.publish(credentials)
        try await self.store.write { (transaction) throws(PersistenceError) in
            let kind = ObjectKind.certificate
            for profile in CertificateProfile.allCases {
                let bundle = credentials[profile]
                let record = CertificateRecord(
                    origin: .server,
                    authority: Self.meshAuthority,
                    chain: [bundle.leaf] + bundle.chain,
                    hasKey: true
                )
                let current = transaction.object(kind.plural, profile.rawValue)
                guard current.flatMap(CertificateRecord.init)?.chain != record.chain else { continue }
                var draft = current?.draft ?? AdminObjectDraft(kind: kind.plural, name: profile.rawValue)
                draft.spec = JSONWriter.write(["profile": .string(profile.rawValue)])
                draft.status = record.json
                draft.secret = []
                let event = current == nil ? kind.creationEvent : ChangeVerb.renew.event
                _ = try transaction.put(draft, event: "\(kind.singular).\(event)")
            }
            return .commit(())
        }
    }
}
