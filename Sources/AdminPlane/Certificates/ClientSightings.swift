import Documents
package import PKI
package import Persistence
import Synchronization

/// The certificates that clients have shown since somebody looked: what a rollover is held up by.
///
/// Any thread; noting one costs a lock and a lookup. Bounded: beyond the limit new ones wait for the next
/// look.
package final class ClientSightings: Sendable {
    /// The most certificates between two looks.
    private static let limit = 4_096

    private let noted = Mutex<[[UInt8]: Certificate]>([:])

    init() {}

    /// Notes that a client has shown this certificate.
    package func note(_ leaf: Certificate) {
        self.noted.withLock { noted in
            guard noted.count < Self.limit || noted[leaf.fingerprint] != nil else { return }
            noted[leaf.fingerprint] = leaf
        }
    }

    /// Takes what was noted.
    func take() -> [Certificate] {
        let taken = self.noted.withLock { noted in
            defer { noted = [:] }
            return noted
        }
        return taken.values.sorted { $0.fingerprint.lexicographicallyPrecedes($1.fingerprint) }
    }
}

/// What is kept of one certificate that a client was seen with; times are in seconds since 1970.
struct ClientSighting: Sendable, Hashable {
    let fingerprint: String
    /// The generation of ours that issued it, or nothing.
    let generation: String
    let issuedAt: Int64
    let notAfter: Int64
    let firstSeen: Int64
    var lastSeen: Int64
}

extension MeshPKI {
    /// Remembers clients by the common name of their certificates; REST does not show these objects.
    private static let sightingKind = "client-sightings"
    private static let mostNames = 1_000
    private static let mostLeaves = 16
    /// How old a sighting may become before it is written again, in seconds.
    private static let sightingGrain: Int64 = 600

    /// Keeps what was noted, so that it survives a restart.
    package func keepSightings() async throws(AdminStoreError) {
        let seen = self.sightings.take()
        guard !seen.isEmpty else { return }
        let now = self.now
        let generations = self.generations
        // Only while generations are exchanged does it matter to the second.
        let isRolling = generations.contains { $0.phase == .next || $0.phase == .former }
        let grain = isRolling ? 1 : Self.sightingGrain
        try await self.store.write { (transaction) throws(PersistenceError) in
            for leaf in seen {
                let kind = Self.sightingKind
                let current = transaction.object(kind, leaf.commonName)
                guard current != nil || transaction.tables.count(kind) < Self.mostNames else { continue }
                var leaves = current.map(Self.sightings) ?? []
                let fingerprint = AuditLine.hexadecimal(leaf.fingerprint)
                if let index = leaves.firstIndex(where: { $0.fingerprint == fingerprint }) {
                    guard now - leaves[index].lastSeen >= grain else { continue }
                    leaves[index].lastSeen = now
                } else {
                    leaves.append(Self.sighting(leaf, generations, now))
                }
                leaves = leaves.filter { now < $0.notAfter }.suffix(Self.mostLeaves)
                var draft = AdminObjectDraft(kind: kind, name: leaf.commonName)
                draft.spec = JSONWriter.write(["leaves": .array(leaves.map(Self.document))])
                _ = try transaction.put(draft, event: ".seen")
            }
            return .commit(())
        }
    }

    /// All generations of our authorities.
    var generations: [AuthorityRecord.Generation] {
        self.store.tables.objects(ObjectKind.authority.plural)
            .flatMap { AuthorityRecord($0)?.generations ?? [] }
    }

    /// The sightings by common name, without those that another certificate has taken the place of: not live,
    /// and not seen since the other was first seen.
    func currentSightings(live: Set<String>) -> [(name: String, leaves: [ClientSighting])] {
        self.store.tables.objects(Self.sightingKind).map { object in
            let all = Self.sightings(object).filter { self.now < $0.notAfter }
            let current = all.filter { leaf in
                live.contains(leaf.fingerprint) || !all.contains { $0.firstSeen > leaf.lastSeen }
            }
            return (object.name, current)
        }
    }

    private static func sighting(
        _ leaf: Certificate,
        _ generations: [AuthorityRecord.Generation],
        _ now: Int64
    ) -> ClientSighting {
        let issuer = generations.first { generation in
            generation.issuing.subject == leaf.issuer && leaf.isSigned(by: generation.issuing)
        }
        return ClientSighting(
            fingerprint: AuditLine.hexadecimal(leaf.fingerprint),
            generation: issuer?.id ?? "",
            issuedAt: leaf.validity.notBefore + self.backdating,
            notAfter: leaf.validity.notAfter,
            firstSeen: now,
            lastSeen: now
        )
    }

    private static func document(_ leaf: ClientSighting) -> DocumentValue {
        [
            "fingerprint": .string(leaf.fingerprint), "generation": .string(leaf.generation),
            "issuedAt": .integer(leaf.issuedAt), "notAfter": .integer(leaf.notAfter),
            "firstSeen": .integer(leaf.firstSeen), "lastSeen": .integer(leaf.lastSeen),
        ]
    }

    private static func sightings(_ object: AdminObject) -> [ClientSighting] {
        let document = (try? JSONReader.read(object.spec))?.object
        return (document?["leaves"]?.array ?? []).compactMap { item in
            guard let item = item.object, let fingerprint = item["fingerprint"]?.string,
                let generation = item["generation"]?.string, let issuedAt = item["issuedAt"]?.integer,
                let notAfter = item["notAfter"]?.integer, let firstSeen = item["firstSeen"]?.integer,
                let lastSeen = item["lastSeen"]?.integer
            else { return nil }
            return ClientSighting(
                fingerprint: fingerprint,
                generation: generation,
                issuedAt: issuedAt,
                notAfter: notAfter,
                firstSeen: firstSeen,
                lastSeen: lastSeen
            )
        }
    }
}
