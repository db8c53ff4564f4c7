import Documents
import MeshResources
import MicroHTTP
import PKI
import Persistence
import Synchronization

/// The revocation lists of our own authorities, made when somebody asks.
///
/// Any thread. A list is made again when something was revoked since, and when half of its time is over.
final class AuthorityLists: Sendable {
    /// How long a list counts, in seconds.
    private static let life: Int64 = 7 * 86_400

    private struct Key: Hashable {
        let authority: String
        let generation: Int
    }

    private struct Made {
        let list: RevocationList
        let revocations: [Revocation]
        let until: Int64
    }

    private let pki: MeshPKI
    private let made = Mutex<[Key: Made]>([:])

    init(_ pki: MeshPKI) {
        self.pki = pki
    }

    var operations: [Operation] {
        [
            Operation(
                "getAuthorityRevocationList",
                "GET",
                "/api/v1/authorities/{name}/crl",
                .open,
                produces: [MediaType.revocationList, MediaType.pem]
            ) { (call) throws(Problem) in try self.reply(call) }
        ]
    }

    private func reply(_ call: Call) throws(Problem) -> Reply {
        let name = call.parameter("name")
        guard let record = self.pki.authority(name) else {
            throw Problem(.notFound, "there is no Authority named \(name)")
        }
        // DER holds one list: that of the generation that issues. PEM holds those of all.
        let isPEM = call.accepted == MediaType.pem
        let generations = isPEM ? record.generations.filter(\.hasKey) : record.active.map { [$0] } ?? []
        guard !generations.isEmpty else {
            throw Problem(.notAvailable, "the key of the authority \(name) is not here")
        }
        var bytes: [UInt8] = []
        for generation in generations {
            do throws(PKIError) {
                let list = try self.list(of: generation, name)
                bytes += isPEM ? list.pem : list.der
            } catch {
                throw Problem(error, at: JSONPointer.root)
            }
        }
        return Reply(200, .bytes(bytes, type: call.accepted))
    }

    private func list(
        of generation: AuthorityRecord.Generation,
        _ name: String
    ) throws(PKIError) -> RevocationList {
        let key = Key(authority: name, generation: generation.number)
        let now = self.pki.now
        let tables = self.pki.store.tables
        let revocations = self.pki.revocations(by: generation, tables)
        if let made = self.made.withLock({ $0[key] }), made.revocations == revocations, now < made.until {
            return made.list
        }
        let list = try self.pki.open(generation, of: name).signer().makeRevocationList(
            revocations,
            // Grows with every change of any object, and so with each list.
            number: UInt64(max(tables.resourceVersion, 1)) << 16 | UInt64(truncatingIfNeeded: now & 0xffff),
            now: now,
            nextUpdate: now + Self.life
        )
        self.made.withLock { made in
            made[key] = Made(list: list, revocations: revocations, until: now + Self.life / 2)
        }
        return list
    }
}

extension MeshPKI {
    /// What is revoked of a generation's certificates and has not expired, by number.
    ///
    /// A revoked key or peer stands there with the certificates of it that were issued here.
    func revocations(by generation: AuthorityRecord.Generation, _ tables: AdminTables) -> [Revocation] {
        let issuer = generation.issuing
        var found: [SerialNumber: Revocation] = [:]
        var denied: [(denial: Denial, record: RevocationRecord)] = []
        for object in tables.objects(ObjectKind.revocation.plural) {
            guard let record = RevocationRecord(object) else { continue }
            for denial in record.denials { denied.append((denial, record)) }
        }
        for (denial, record) in denied {
            guard case .serialNumber(let number, issuer.subject) = denial else { continue }
            found[number] = Self.revocation(number, record)
        }
        for object in tables.objects(ObjectKind.certificate.plural) {
            guard let leaf = CertificateRecord(object)?.leaf, leaf.issuer == issuer.subject else { continue }
            // An expired certificate needs no revocation (RFC 5280, section 3.3).
            guard self.now < leaf.validity.notAfter else {
                found[leaf.serialNumber] = nil
                continue
            }
            let match = denied.first { denial, _ in
                switch denial {
                case .key(let digest): digest == leaf.keyDigest
                case .peer(let name): name == Self.peer(ofCommonName: leaf.commonName)
                case .serialNumber, .revocationList: false
                }
            }
            if let match, found[leaf.serialNumber] == nil {
                found[leaf.serialNumber] = Self.revocation(leaf.serialNumber, match.record)
            }
        }
        return found.values.sorted {
            $0.serialNumber.bytes.lexicographicallyPrecedes($1.serialNumber.bytes)
        }
    }

    private static func revocation(_ number: SerialNumber, _ record: RevocationRecord) -> Revocation {
        Revocation(
            serialNumber: number,
            time: record.revokedAt / 1_000_000_000,
            reason: record.reason.wire
        )
    }
}
