/// Where an authority stands in the exchange of one generation for the next.
///
/// Pure: a value that is stored after each step, so that a restart goes on where it was. Generations are
/// known by their ``AuthorityGeneration/id``. The steps: `rotate` (the next generation's root is given to
/// everybody, both are trusted, leaves still come from the current one), `activate` (leaves come from the
/// next one, both are trusted), `retire` (the former one is dropped). A step that would cut somebody off is
/// refused with the list of them, unless it is forced.
package struct AuthorityRollover: Hashable, Sendable {
    /// Between which steps it is.
    package enum Phase: String, Hashable, Sendable, Codable {
        /// There is one generation.
        case stable
        /// After `rotate`: the next root is being distributed.
        case distributing
        /// After `activate`: new leaves are being distributed.
        case activated
    }

    /// Between which steps it is.
    package private(set) var phase: Phase
    /// The generation that issues leaves.
    package private(set) var current: String
    /// The next generation while it is being distributed, the former one after that; `nil` when stable.
    package private(set) var other: String?
    /// When the phase began, in seconds since 1970.
    package private(set) var since: Int64

    /// Begins with one generation.
    package init(current: String, since: Int64) {
        self.phase = .stable
        self.current = current
        self.other = nil
        self.since = since
    }

    /// The generations whose roots are trusted and given to others: the one that issues first.
    package var trusted: [String] {
        [self.current] + (self.other.map { [$0] } ?? [])
    }

    /// Begins to distribute the next generation's root; again with the same one changes nothing.
    ///
    /// - Throws: ``RolloverRefusal/outOfOrder(phase:)``, ``RolloverRefusal/sameGeneration``.
    package mutating func rotate(to next: String, now: Int64) throws(RolloverRefusal) {
        guard next != self.current else { throw .sameGeneration }
        if self.phase == .distributing, self.other == next { return }
        guard self.phase == .stable else { throw .outOfOrder(phase: self.phase) }
        self.phase = .distributing
        self.other = next
        self.since = now
    }

    /// Gives up a generation that was not activated; nothing was issued from it.
    ///
    /// - Throws: ``RolloverRefusal/outOfOrder(phase:)``.
    package mutating func cancel(now: Int64) throws(RolloverRefusal) {
        guard self.phase == .distributing else { throw .outOfOrder(phase: self.phase) }
        self.phase = .stable
        self.other = nil
        self.since = now
    }

    /// Lets the next generation issue leaves; again changes nothing.
    ///
    /// - Parameters:
    ///   - parties: Everybody who has to accept what the next generation issues.
    ///   - isForced: Whether to go on although somebody would be cut off.
    ///   - now: The time in seconds since 1970.
    /// - Throws: ``RolloverRefusal/outOfOrder(phase:)``, ``RolloverRefusal/wouldCutOff(_:)``.
    package mutating func activate(
        parties: [RolloverParty],
        isForced: Bool,
        now: Int64
    ) throws(RolloverRefusal) {
        if self.phase == .activated { return }
        guard self.phase == .distributing, let next = self.other else {
            throw .outOfOrder(phase: self.phase)
        }
        let cutOff = self.cutOffByActivation(parties)
        guard isForced || cutOff.isEmpty else { throw .wouldCutOff(cutOff) }
        self.phase = .activated
        self.other = self.current
        self.current = next
        self.since = now
    }

    /// Drops the former generation.
    ///
    /// - Parameters:
    ///   - parties: Everybody whose leaves have to be accepted afterwards, ourselves among them.
    ///   - isForced: Whether to go on although somebody would be cut off.
    ///   - now: The time in seconds since 1970.
    /// - Throws: ``RolloverRefusal/outOfOrder(phase:)``, ``RolloverRefusal/wouldCutOff(_:)``.
    package mutating func retire(
        parties: [RolloverParty],
        isForced: Bool,
        now: Int64
    ) throws(RolloverRefusal) {
        guard self.phase == .activated else { throw .outOfOrder(phase: self.phase) }
        let cutOff = self.cutOffByRetirement(parties, now: now)
        guard isForced || cutOff.isEmpty else { throw .wouldCutOff(cutOff) }
        self.phase = .stable
        self.other = nil
        self.since = now
    }

    /// Who would be cut off by `activate`: whoever is not known to trust the next root.
    package func cutOffByActivation(_ parties: [RolloverParty]) -> [RolloverCutOff] {
        guard self.phase == .distributing, let next = self.other else { return [] }
        return parties.sorted { $0.name < $1.name }.compactMap { party in
            guard let trusted = party.trusted else {
                return RolloverCutOff(party: party.name, reason: .trustUnknown)
            }
            return trusted.contains(next) ? nil : RolloverCutOff(party: party.name, reason: .rootMissing)
        }
    }

    /// Who would be cut off by `retire`: whoever was last seen with an unexpired leaf of the former
    /// generation.
    package func cutOffByRetirement(_ parties: [RolloverParty], now: Int64) -> [RolloverCutOff] {
        guard self.phase == .activated, let former = self.other else { return [] }
        return parties.sorted { $0.name < $1.name }.compactMap { party in
            let old = party.leaves.filter { $0.generation == former && now < $0.notAfter }
            guard let newest = old.map(\.lastSeen).max() else { return nil }
            let end = old.map(\.notAfter).max() ?? newest
            return RolloverCutOff(
                party: party.name,
                reason: .formerLeaf(count: old.count, lastSeen: newest, notAfter: end)
            )
        }
    }
}

extension AuthorityRollover: Codable {
    private enum CodingKeys: String, CodingKey {
        case phase
        case current
        case other
        case since
    }

    /// Reads a stored state, and refuses one that no sequence of steps leads to.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.phase = try values.decode(Phase.self, forKey: .phase)
        self.current = try values.decode(String.self, forKey: .current)
        self.other = try values.decodeIfPresent(String.self, forKey: .other)
        self.since = try values.decode(Int64.self, forKey: .since)
        guard (self.phase == .stable) == (self.other == nil), self.other != self.current else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "no such state of a rollover")
            )
        }
    }

    /// Writes the state for storage.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(self.phase, forKey: .phase)
        try values.encode(self.current, forKey: .current)
        try values.encodeIfPresent(self.other, forKey: .other)
        try values.encode(self.since, forKey: .since)
    }
}
