import Foundation
import PKI
import TestSupport
import Testing

@Suite struct AuthorityRolloverTests {
    private let ready = RolloverParty(name: "west", trusted: ["one", "two"])

    private func leaf(_ generation: String, notAfter: Int64 = noon + day) -> RolloverParty.Leaf {
        .init(generation: generation, notAfter: notAfter, lastSeen: noon - 60)
    }

    @Test func threeStepsExchangeTheGeneration() throws {
        var rollover = AuthorityRollover(current: "one", since: noon)
        #expect(rollover.trusted == ["one"])
        try rollover.rotate(to: "two", now: noon + 1)
        #expect(rollover.phase == .distributing && rollover.current == "one")
        #expect(rollover.trusted == ["one", "two"])
        try rollover.activate(parties: [self.ready], isForced: false, now: noon + 2)
        #expect(rollover.phase == .activated && rollover.current == "two")
        #expect(rollover.trusted == ["two", "one"])
        try rollover.retire(parties: [self.ready], isForced: false, now: noon + 3)
        #expect(rollover.phase == .stable && rollover.trusted == ["two"] && rollover.since == noon + 3)
    }

    @Test func activationIsRefusedWithTheListOfWhoWouldBeCutOff() throws {
        var rollover = AuthorityRollover(current: "one", since: noon)
        try rollover.rotate(to: "two", now: noon)
        let before = rollover
        let parties = [
            RolloverParty(name: "south", trusted: nil), RolloverParty(name: "north", trusted: ["one"]),
            self.ready,
        ]
        let refusal = RolloverRefusal.wouldCutOff([
            RolloverCutOff(party: "north", reason: .rootMissing),
            RolloverCutOff(party: "south", reason: .trustUnknown),
        ])
        #expect(throws: refusal) {
            try rollover.activate(parties: parties, isForced: false, now: noon + 1)
        }
        #expect(rollover == before)
        #expect("\(refusal)".contains("north: it does not trust the new root; south: it is not known"))
        try rollover.activate(parties: parties, isForced: true, now: noon + 1)
        #expect(rollover.current == "two")
    }

    @Test func retirementIsRefusedWhileLeavesOfTheFormerAuthorityAreInUse() throws {
        var rollover = AuthorityRollover(current: "one", since: noon - 9)
        try rollover.rotate(to: "two", now: noon - 8)
        try rollover.activate(parties: [], isForced: false, now: noon - 7)
        let parties = [
            RolloverParty(name: "west", trusted: nil, leaves: [self.leaf("one"), self.leaf("two")]),
            RolloverParty(
                name: "east itself",
                trusted: nil,
                leaves: [self.leaf("one", notAfter: noon + 5), self.leaf("one", notAfter: noon + 9)]
            ), RolloverParty(name: "north", trusted: nil, leaves: [self.leaf("two")]),
            // It has ended, so that nothing changes for its holder.
            RolloverParty(name: "south", trusted: nil, leaves: [self.leaf("one", notAfter: noon)]),
        ]
        let refusal = RolloverRefusal.wouldCutOff([
            RolloverCutOff(
                party: "east itself",
                reason: .formerLeaf(count: 2, lastSeen: noon - 60, notAfter: noon + 9)
            ),
            RolloverCutOff(
                party: "west",
                reason: .formerLeaf(count: 1, lastSeen: noon - 60, notAfter: noon + day)
            ),
        ])
        #expect(throws: refusal) { try rollover.retire(parties: parties, isForced: false, now: noon) }
        #expect(rollover.phase == .activated)
        try rollover.retire(parties: parties, isForced: true, now: noon)
        #expect(rollover.trusted == ["two"])
    }

    /// Every sequence of up to five steps: states and refusals as the picture of the three phases says, and
    /// each state survives storage.
    @Test func everyShortHistoryIsOneOfThePicture() throws {
        enum Step: CaseIterable { case rotate, rotateBack, cancel, activate, retire }
        func apply(_ step: Step, to rollover: inout AuthorityRollover) throws(RolloverRefusal) {
            switch step {
            case .rotate: try rollover.rotate(to: "two", now: noon)
            case .rotateBack: try rollover.rotate(to: "one", now: noon)
            case .cancel: try rollover.cancel(now: noon)
            case .activate: try rollover.activate(parties: [], isForced: false, now: noon)
            case .retire: try rollover.retire(parties: [], isForced: false, now: noon)
            }
        }
        func explore(_ rollover: AuthorityRollover, depth: Int) throws {
            let stored = try JSONDecoder().decode(
                AuthorityRollover.self,
                from: JSONEncoder().encode(rollover)
            )
            #expect(stored == rollover)
            #expect((rollover.phase == .stable) == (rollover.trusted.count == 1))
            guard depth > 0 else { return }
            for step in Step.allCases {
                var next = rollover
                do throws(RolloverRefusal) {
                    try apply(step, to: &next)
                } catch {
                    #expect(next == rollover, "\(step) was refused and changed something")
                    continue
                }
                switch (step, rollover.phase) {
                case (.rotate, .stable), (.rotateBack, .stable): #expect(next.phase == .distributing)
                case (.rotate, .distributing), (.rotateBack, .distributing): #expect(next == rollover)
                case (.cancel, .distributing): #expect(next.trusted == [rollover.current])
                case (.activate, .distributing): #expect(next.trusted == rollover.trusted.reversed())
                case (.activate, .activated): #expect(next == rollover)
                case (.retire, .activated): #expect(next.trusted == [rollover.current])
                default: Issue.record("\(step) in \(rollover.phase)")
                }
                try explore(next, depth: depth - 1)
            }
        }
        try explore(AuthorityRollover(current: "one", since: noon), depth: 5)
    }

    @Test(arguments: [
        #"{"phase":"stable","current":"one","other":"two","since":1}"#,
        #"{"phase":"activated","current":"one","since":1}"#,
        #"{"phase":"distributing","current":"one","other":"one","since":1}"#,
        #"{"phase":"later","current":"one","since":1}"#, #"{"phase":"stable","since":1}"#,
    ])
    func stateThatNoHistoryLeadsToIsRefused(text: String) {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(AuthorityRollover.self, from: Data(text.utf8))
        }
    }
}
