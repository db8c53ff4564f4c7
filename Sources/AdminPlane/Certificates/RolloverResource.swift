import ChangeBus
import Documents
import MeshResources
import MicroHTTP
import PKI
import Persistence

/// Exchanges the generation of an authority for the next, in steps that cut nobody off.
///
/// `:rotate` makes the next generation: its root is trusted and given to everybody, and this server's own
/// certificates are issued anew, so that whoever is seen with one that was issued since has the new
/// bundle, too. `:activate` lets it issue. `:retire` drops the former one. Each step is written before it
/// has an effect; a restart goes on from there.
struct RolloverResource: Sendable {
    /// What says of a peer that has other authorities which of our roots it trusts: their fingerprints.
    static let trustAnnotation = "isthmus.io/trusted-roots"

    let pki: MeshPKI
    let objects: StoredObjects

    var operations: [Operation] {
        let path = "/api/v1/authorities/{name}"
        return [
            Operation(
                "rotateAuthority",
                "POST",
                path + ":rotate",
                .scope(.certificates),
                query: ["dryRun"],
                body: .document
            ) { (call) throws(Problem) in try await self.rotate(call) },
            Operation(
                "activateAuthority",
                "POST",
                path + ":activate",
                .scope(.certificates),
                query: ["dryRun", "force"]
            ) { (call) throws(Problem) in try await self.activate(call) },
            Operation(
                "retireAuthority",
                "POST",
                path + ":retire",
                .scope(.certificates),
                query: ["dryRun", "force"]
            ) { (call) throws(Problem) in try await self.retire(call) },
            Operation(
                "cancelAuthorityRotation",
                "POST",
                path + ":cancel",
                .scope(.certificates),
                query: ["dryRun"]
            ) { (call) throws(Problem) in try await self.cancel(call) },
        ]
    }

    // MARK: - Steps

    private func rotate(_ call: Call) async throws(Problem) -> Reply {
        let name = call.parameter("name")
        let problems = FieldProblems()
        var imported: AuthoritySpec.Import?
        let isRead: Bool? = FieldReader(call.document ?? .null, problems: problems).object { object in
            imported = object.optional("import").flatMap(AuthoritySpec.imported)
            return true
        }
        guard isRead != nil, problems.isEmpty else { throw Problem(invalid: problems.all) }
        let record = try self.find(name)
        let number = (record.generations.map(\.number).max() ?? 0) + 1
        let next =
            if let imported { try self.pki.importing(imported) } else {
                try self.pki.newGeneration(number: number, of: name)
            }
        let now = self.pki.now
        return try await self.step(call, .rotate) { (record) throws(RolloverProblem) in
            var rollover = try Self.rollover(record)
            try Self.wrap { () throws(RolloverRefusal) in try rollover.rotate(to: next.id, now: now) }
            do throws(PKIError) {
                var kept = try self.pki.seal(next, number: number, phase: .next, of: name)
                // The next second: what is issued from then on is issued after this, to the second.
                kept.since = (now + 1) * 1_000_000_000
                record.generations.append(kept)
            } catch {
                throw .keys(error)
            }
        }
    }

    private func activate(_ call: Call) async throws(Problem) -> Reply {
        let isForced = try Self.isForced(call)
        let parties = try await self.parties(call.parameter("name"))
        let now = self.pki.now
        return try await self.step(call, .activate) { (record) throws(RolloverProblem) in
            var rollover = try Self.rollover(record)
            try Self.wrap { () throws(RolloverRefusal) in
                try rollover.activate(parties: parties, isForced: isForced, now: now)
            }
            for index in record.generations.indices {
                switch record.generations[index].phase {
                case .active: record.generations[index].phase = .former
                case .next: record.generations[index].phase = .active
                case .former, .trusted: continue
                }
                record.generations[index].since = now * 1_000_000_000
            }
        }
    }

    private func retire(_ call: Call) async throws(Problem) -> Reply {
        let isForced = try Self.isForced(call)
        let parties = try await self.parties(call.parameter("name"))
        let now = self.pki.now
        return try await self.step(call, .retire) { (record) throws(RolloverProblem) in
            var rollover = try Self.rollover(record)
            try Self.wrap { () throws(RolloverRefusal) in
                try rollover.retire(parties: parties, isForced: isForced, now: now)
            }
            record.generations.removeAll { $0.phase == .former }
        }
    }

    private func cancel(_ call: Call) async throws(Problem) -> Reply {
        let now = self.pki.now
        return try await self.step(call, .update) { (record) throws(RolloverProblem) in
            var rollover = try Self.rollover(record)
            try Self.wrap { () throws(RolloverRefusal) in try rollover.cancel(now: now) }
            record.generations.removeAll { $0.phase == .next }
        }
    }

    // MARK: - One step

    /// Why a step is not taken.
    private enum RolloverProblem: Error {
        case refused(RolloverRefusal)
        case keys(PKIError)
        case noActiveGeneration
    }

    private static func wrap(_ body: () throws(RolloverRefusal) -> Void) throws(RolloverProblem) {
        do throws(RolloverRefusal) { try body() } catch { throw .refused(error) }
    }

    private func find(_ name: String) throws(Problem) -> AuthorityRecord {
        guard let record = self.pki.authority(name) else {
            throw Problem(.notFound, "there is no Authority named \(name)")
        }
        return record
    }

    /// Where the rollover stands, as the phases of the generations say.
    private static func rollover(_ record: AuthorityRecord) throws(RolloverProblem) -> AuthorityRollover {
        guard let active = record.active else { throw .noActiveGeneration }
        let since = active.since / 1_000_000_000
        do throws(RolloverRefusal) {
            if let former = record.generation(.former) {
                var rollover = AuthorityRollover(current: former.id, since: since)
                try rollover.rotate(to: active.id, now: since)
                try rollover.activate(parties: [], isForced: true, now: since)
                return rollover
            }
            var rollover = AuthorityRollover(current: active.id, since: since)
            if let next = record.generation(.next) { try rollover.rotate(to: next.id, now: since) }
            return rollover
        } catch {
            throw .refused(error)
        }
    }

    private func step(
        _ call: Call,
        _ verb: ChangeVerb,
        _ body: @escaping @Sendable (inout AuthorityRecord) throws(RolloverProblem) -> Void
    ) async throws(Problem) -> Reply {
        let name = call.parameter("name")
        let change = try await self.objects.change(call, verb, name) { _, current in
            guard let current, var record = AuthorityRecord(current) else {
                return .failure(Problem(.notFound, "there is no Authority named \(name)"))
            }
            do throws(RolloverProblem) {
                try body(&record)
            } catch {
                return .failure(Self.problem(error))
            }
            var draft = current.draft
            record.write(to: &draft)
            return .success(draft)
        }
        await self.pki.applyTrust()
        return change.reply
    }

    private static func problem(_ problem: RolloverProblem) -> Problem {
        switch problem {
        case .keys(let error): return Problem(error, at: JSONPointer.root)
        case .noActiveGeneration: return Problem(.conflict, "no generation of the authority issues")
        case .refused(.wouldCutOff(let parties)):
            var problem = Problem(
                .conflict,
                "\(RolloverRefusal.wouldCutOff(parties))",
                hint:
                    "give them certificates with the new bundle and wait until they are seen, or ?force=true"
            )
            problem.cutOff = parties.map { party in
                (party: party.party, reason: String("\(party)".dropFirst(party.party.count + 2)))
            }
            return problem
        case .refused(let refusal): return Problem(.conflict, "\(refusal)")
        }
    }

    private static func isForced(_ call: Call) throws(Problem) -> Bool {
        switch call.query["force"] {
        case nil, "false": return false
        case "true": return true
        case _?: throw Problem(.invalidParameter, "the parameter force must be true or false")
        }
    }

    // MARK: - Who is affected

    /// What has been seen of clients and is known of peers.
    private func parties(_ name: String) async throws(Problem) -> [RolloverParty] {
        let record = try self.find(name)
        var live: Set<String> = []
        for der in await self.pki.hooks.current.liveCertificates?() ?? [] {
            guard let leaf = try? Certificate(der: der) else { continue }
            live.insert(AuditLine.hexadecimal(leaf.fingerprint))
            self.pki.sightings.note(leaf)
        }
        do throws(AdminStoreError) {
            try await self.pki.keepSightings()
        } catch {
            throw Problem(error)
        }
        let seen = self.pki.currentSightings(live: live).filter { !$0.leaves.isEmpty }
        var parties = seen.map { self.party($0.name, $0.leaves, record, live) }
        let names = Set(seen.map(\.name))
        for peer in self.objects.store.tables.objects(ObjectKind.peer.plural)
        where !names.contains("remote-\(peer.name)") {
            parties.append(
                RolloverParty(name: "remote-\(peer.name)", trusted: self.acknowledged(peer.name, record))
            )
        }
        return parties
    }

    private func party(
        _ name: String,
        _ leaves: [ClientSighting],
        _ record: AuthorityRecord,
        _ live: Set<String>
    ) -> RolloverParty {
        let ids = Set(record.generations.map(\.id))
        let own = leaves.filter { ids.contains($0.generation) }
        var trusted: Set<String>?
        if let next = record.generation(.next) {
            let since = next.since / 1_000_000_000
            if own.isEmpty {
                // Its certificates are by others: what it trusts has to be said.
                trusted = MeshPKI.peer(ofCommonName: name).flatMap { self.acknowledged($0, record) }
            } else {
                // Who has got a certificate since has got the bundle with it.
                let isFresh = own.allSatisfy { $0.issuedAt >= since }
                trusted = isFresh ? ids : Set(record.active.map { [$0.id] } ?? [])
            }
        }
        return RolloverParty(
            name: name,
            trusted: trusted,
            leaves: own.map { leaf in
                RolloverParty.Leaf(
                    generation: leaf.generation,
                    notAfter: leaf.notAfter,
                    lastSeen: live.contains(leaf.fingerprint) ? self.pki.now : leaf.lastSeen
                )
            }
        )
    }

    /// The generations whose roots a peer is said to trust; `nil` when nothing is said.
    private func acknowledged(_ peer: String, _ record: AuthorityRecord) -> Set<String>? {
        let object = self.objects.store.object(ObjectKind.peer.plural, peer)
        guard let text = object?.annotations[Self.trustAnnotation] else { return nil }
        let roots = Set(text.split { $0 == "," || $0 == " " }.map { $0.lowercased() })
        let trusted = record.generations.filter { generation in
            roots.contains(AuditLine.hexadecimal(generation.root.fingerprint))
        }
        return Set(trusted.map(\.id))
    }
}
