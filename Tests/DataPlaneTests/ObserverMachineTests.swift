import Testing

@testable import DataPlane

@Suite struct ObserverMachineTests {
    @Test func aLeaderIsReportedAtTheRevisionAtWhichItWasSeen() {
        var machine = ObserverMachine()
        #expect(machine.looked(hasLeader: true, at: 7) == .reportAndFollow(revision: 7))
        #expect(machine.saw(putAt: 9, in: 12) == .report(revision: 12))
    }

    @Test func whileNobodyLeadsTheFirstPutDecides() {
        var machine = ObserverMachine()
        #expect(machine.looked(hasLeader: false, at: 7) == .expect(after: 7))
        #expect(machine.sawDelete() == .ignore)
        #expect(machine.saw(putAt: 9, in: 12) == .reportAndFollow(revision: 9))
        #expect(machine.saw(putAt: 10, in: 12) == .report(revision: 12))
    }

    @Test func theNextLeaderIsLookedForOnce() {
        var machine = ObserverMachine()
        _ = machine.looked(hasLeader: true, at: 7)
        #expect(machine.sawDelete() == .look)
        #expect(machine.sawDelete() == .ignore)
        #expect(machine.saw(putAt: 9, in: 9) == .ignore)
        #expect(machine.looked(hasLeader: true, at: 9) == .reportAndFollow(revision: 9))
    }

    @Test func missedEventsAreMadeUpForByLooking() {
        var machine = ObserverMachine()
        _ = machine.looked(hasLeader: false, at: 7)
        #expect(machine.missedEvents() == .look)
        #expect(machine.looked(hasLeader: false, at: 9) == .expect(after: 9))
    }
}
