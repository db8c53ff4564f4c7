import Documents
import MeshResources
import MeshSchema
package import PKI
import Persistence

extension MeshPKI {
    /// The certificates of a peer's trust that cannot be used, and why: they vouch for nobody.
    package struct TrustProblem: Sendable, Hashable, CustomStringConvertible {
        /// The peer, or nothing when it is about all.
        package let peer: String
        /// What is wrong.
        package let error: PKIError

        /// The peer and what is wrong.
        package var description: String { "\(self.peer): \(self.error)" }
    }

    /// Whom this server trusts, as the objects say now: its own authorities for every name, a peer's roots
    /// for that peer alone, nobody who was revoked.
    ///
    /// - Returns: The trust, and peers whose certificates cannot be used.
    /// - Throws: ``PKIError`` when there is no authority of our own.
    package func trust() throws(PKIError) -> (trust: MeshTrust, problems: [TrustProblem]) {
        let cluster = self.environment.cluster
        let tables = self.store.tables
        var own: [Certificate] = []
        for object in tables.objects(ObjectKind.authority.plural) {
            for generation in AuthorityRecord(object)?.generations ?? [] {
                for certificate in generation.certificates.reversed() where !own.contains(certificate) {
                    own.append(certificate)
                }
            }
        }
        var peers: [TrustBundle] = []
        var problems: [TrustProblem] = []
        for object in tables.objects(ObjectKind.peer.plural) {
            do throws(PKIError) {
                if let bundle = try Self.bundle(object) { peers.append(bundle) }
            } catch {
                problems.append(TrustProblem(peer: object.name, error: error))
            }
        }
        let bundle = try TrustBundle.own(cluster: cluster.name.rawValue, certificates: own)
        let denied = self.denyList(tables, issuers: own + peers.flatMap { $0.roots + $0.intermediates })
        return (try MeshTrust(own: bundle, peers: peers, denied: denied), problems)
    }

    /// The trust of a peer that has its own.
    static func bundle(_ object: AdminObject) throws(PKIError) -> TrustBundle? {
        let spec = (try? JSONReader.read(object.spec))?.object
        guard let pem = spec?["trust"]?.object?["pem"]?.string else { return nil }
        return try TrustBundle(
            peer: object.name,
            certificates: try Certificate.bundle(pem: Array(pem.utf8))
        )
    }

    /// Everything that is denied.
    func denyList(_ tables: AdminTables, issuers: [Certificate] = []) -> DenyList {
        var denied = DenyList()
        for object in tables.objects(ObjectKind.revocation.plural) {
            for denial in RevocationRecord(object)?.denials ?? [] { denied.insert(denial) }
        }
        for object in tables.objects(ObjectKind.revocationList.plural) {
            guard let list = try? RevocationList(object.secret) else { continue }
            for issuer in issuers where issuer.subject == list.issuer {
                // The signature was checked when the list was taken over; the issuer may be another since.
                guard (try? list.check(from: issuer, replacing: nil, now: .max)) != nil else { continue }
                denied.insert(list, of: issuer)
            }
        }
        return denied
    }

    /// The peer that a certificate of this name speaks for.
    static func peer(ofCommonName name: String) -> String? {
        name.hasPrefix("remote-") ? String(name.dropFirst(7)) : nil
    }
}
