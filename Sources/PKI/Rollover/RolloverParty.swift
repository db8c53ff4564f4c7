/// What has been seen of a peer, a client or ourselves that matters to an ``AuthorityRollover``.
package struct RolloverParty: Hashable, Sendable {
    /// One leaf that the party was last seen with; a party with many clients has several.
    package struct Leaf: Hashable, Sendable {
        /// The generation that issued it.
        package let generation: String
        /// The end of its life, in seconds since 1970.
        package let notAfter: Int64
        /// When it was last seen, in seconds since 1970; now, for a connection that is open.
        package let lastSeen: Int64

        /// Creates an observation.
        package init(generation: String, notAfter: Int64, lastSeen: Int64) {
            self.generation = generation
            self.notAfter = notAfter
            self.lastSeen = lastSeen
        }
    }

    /// The party's name, for the list of who would be cut off.
    package let name: String
    /// The generations whose roots it is known to trust, or `nil` when nothing is known.
    package let trusted: Set<String>?
    /// The leaf that each of its clients was last seen with.
    package let leaves: [Leaf]

    /// Creates an observation.
    package init(name: String, trusted: Set<String>?, leaves: [Leaf] = []) {
        self.name = name
        self.trusted = trusted
        self.leaves = leaves
    }
}

/// Somebody who would be cut off by a step, and why.
package struct RolloverCutOff: Hashable, Sendable {
    /// Why a step would cut somebody off.
    package enum Reason: Hashable, Sendable {
        /// It is not known which roots it trusts.
        case trustUnknown
        /// It does not trust the next root.
        case rootMissing
        /// So many of its clients were last seen with a leaf of the former generation, at the latest at
        /// `lastSeen`; the last of these leaves ends at `notAfter` (both in seconds since 1970).
        case formerLeaf(count: Int, lastSeen: Int64, notAfter: Int64)
    }

    /// The party's name.
    package let party: String
    /// The reason.
    package let reason: Reason

    /// Creates an entry of the list.
    package init(party: String, reason: Reason) {
        self.party = party
        self.reason = reason
    }
}

/// Why a step of an ``AuthorityRollover`` is not taken.
package enum RolloverRefusal: Error, Hashable, Sendable {
    /// The step does not follow on this phase.
    case outOfOrder(phase: AuthorityRollover.Phase)
    /// The next generation is the current one.
    case sameGeneration
    /// These parties would be cut off, in the order of their names.
    case wouldCutOff([RolloverCutOff])
}

extension RolloverCutOff: CustomStringConvertible {
    /// The party and the reason, for people.
    package var description: String {
        switch self.reason {
        case .trustUnknown: "\(self.party): it is not known which roots it trusts"
        case .rootMissing: "\(self.party): it does not trust the new root"
        case .formerLeaf(let count, let lastSeen, let notAfter):
            "\(self.party): \(count) of its clients use certificates of the former authority, seen at "
                + "\(UTCTime.text(lastSeen)), valid until \(UTCTime.text(notAfter))"
        }
    }
}

extension RolloverRefusal: CustomStringConvertible {
    /// The reason, for people.
    package var description: String {
        switch self {
        case .outOfOrder(let phase): "the step does not follow on the phase \(phase.rawValue)"
        case .sameGeneration: "the next generation is the current one"
        case .wouldCutOff(let parties):
            "the step would cut off " + parties.map(\.description).joined(separator: "; ")
        }
    }
}
