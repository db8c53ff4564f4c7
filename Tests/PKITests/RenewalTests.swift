import PKI
import TestSupport
import Testing

@Suite struct RenewalTests {
    private let leaf = Validity(notBefore: noon, notAfter: noon + 90 * day)
    private let issuer = Validity(notBefore: noon - day, notAfter: noon + 1000 * day)

    private func decide(
        _ leaf: Validity? = nil,
        issuer: Validity? = nil,
        lifetime: Int64 = 90 * day,
        at now: Int64
    ) -> RenewalPlan.Decision {
        RenewalPlan.decide(
            leaf ?? self.leaf,
            issuer: issuer ?? self.issuer,
            lifetime: lifetime,
            backdating: 300,
            seed: 4,
            now: now
        )
    }

    @Test func renewalIsSpreadBehindTwoThirdsOfTheLife() {
        let times = (0..<1000).map { RenewalPlan.renewalTime(self.leaf, seed: $0) }
        let earliest = noon + 60 * day
        let range = earliest..<earliest + 90 * day / 20
        #expect(times.allSatisfy { range.contains($0) })
        // Evenly enough that no tenth of the range is empty or crowded.
        for tenth in 0..<10 {
            let start = earliest + Int64(tenth) * 38_880
            #expect((50...150).contains(times.count { (start..<start + 38_880).contains($0) }))
        }
        #expect(RenewalPlan.renewalTime(self.leaf, seed: 7) == RenewalPlan.renewalTime(self.leaf, seed: 7))
    }

    @Test func everyLeafIsRenewedBeforeItEnds() {
        for seconds: Int64 in [1, 2, 3, 19, 20, 21, 60, 3600, 90 * day, 10_000 * day] {
            let life = Validity(notBefore: noon, notAfter: noon + seconds)
            for seed: UInt64 in [0, 1, .max] {
                let time = RenewalPlan.renewalTime(life, seed: seed)
                #expect(life.renewalTime <= time && (time < life.notAfter || seconds < 3))
            }
        }
    }

    @Test func leafIsRenewedOnceItsTimeHasCome() {
        let due = RenewalPlan.renewalTime(self.leaf, seed: 4)
        #expect(self.decide(at: due - 1) == .wait(until: due))
        for now in [due, self.leaf.notAfter + day] {
            let next = Validity(notBefore: now - 300, notAfter: now + 90 * day)
            #expect(self.decide(at: now) == .renew(next))
        }
    }

    @Test func nothingIsRenewedBeyondItsIssuer() {
        let due = RenewalPlan.renewalTime(self.leaf, seed: 4)
        let short = Validity(notBefore: noon - day, notAfter: noon + 100 * day)
        #expect(
            self.decide(issuer: short, at: due)
                == .renew(Validity(notBefore: due - 300, notAfter: short.notAfter))
        )
        // The leaf ends with its issuer already: a new one would not live longer.
        let same = Validity(notBefore: noon - day, notAfter: self.leaf.notAfter)
        #expect(self.decide(issuer: same, at: due) == .issuerEnds(at: same.notAfter))
        let past = Validity(notBefore: noon - day, notAfter: due)
        #expect(self.decide(issuer: past, at: due) == .issuerInvalid(past))
        let future = Validity(notBefore: due + 1, notAfter: due + 1000)
        #expect(self.decide(issuer: future, at: due) == .issuerInvalid(future))
        let young = Validity(notBefore: due - 10, notAfter: due + 1000 * day)
        #expect(
            self.decide(issuer: young, at: due)
                == .renew(Validity(notBefore: due - 10, notAfter: due + 90 * day))
        )
    }

    @Test func shorterLivesTakeEffectAtTheNextRenewal() {
        let due = RenewalPlan.renewalTime(self.leaf, seed: 4)
        let next = Validity(notBefore: due - 300, notAfter: due + day)
        #expect(self.decide(lifetime: day, at: due) == .renew(next))
    }

    @Test func eachThresholdIsAnnouncedOnceAndNoneLate() {
        let end = noon + 40 * day
        var announced: ExpiryThreshold?
        var log: [(Int64, ExpiryThreshold)] = []
        for hour in 0..<41 * 24 {
            let now = noon + Int64(hour) * 3600
            let due = ExpiryThreshold.due(notAfter: end, announced: announced, renewsAt: nil, now: now)
            guard let due else { continue }
            announced = due
            log.append((now, due))
        }
        let expected: [(Int64, ExpiryThreshold)] = [
            (end - 30 * day, .month), (end - 7 * day, .week), (end - day, .day), (end, .expired),
        ]
        #expect(log.map(\.0) == expected.map(\.0))
        #expect(log.map(\.1) == expected.map(\.1))
    }

    @Test func onlyTheNearestThresholdIsAnnouncedAfterALongSleep() {
        let end = noon + day
        #expect(ExpiryThreshold.due(notAfter: end, announced: nil, renewsAt: nil, now: noon) == .day)
        #expect(ExpiryThreshold.due(notAfter: end, announced: .month, renewsAt: nil, now: end) == .expired)
        #expect(ExpiryThreshold.due(notAfter: end, announced: .day, renewsAt: nil, now: noon + 1) == nil)
        #expect(ExpiryThreshold.crossed(notAfter: end + 30 * day, now: noon) == nil)
        #expect(ExpiryThreshold.allCases == ExpiryThreshold.allCases.sorted())
    }

    @Test func whatRenewsItselfIsAnnouncedOnlyWhenThatIsOverdue() {
        let end = noon + 10 * day
        let renewsAt = noon + 5 * day
        func due(_ now: Int64) -> ExpiryThreshold? {
            ExpiryThreshold.due(notAfter: end, announced: nil, renewsAt: renewsAt, now: now)
        }
        #expect(due(noon) == nil && due(renewsAt - 1) == nil)
        #expect(due(renewsAt) == .week)
        #expect(ExpiryThreshold.due(notAfter: end, announced: nil, renewsAt: end + 5, now: end) == .expired)
    }
}
