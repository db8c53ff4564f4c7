import TestSupport
import Testing

@testable import Watching

@Suite struct WatcherMachineTests {
    /// Every small world: which of five revisions have an event, where the watch starts, how the loop reads
    /// the log, when the sink takes something, when the watcher catches up.
    @Test func everySmallWorldDeliversWhatIsWantedOnceAndInOrder() {
        var odometer = Odometer()
        var worlds = 0
        while odometer.next() {
            worlds += 1
            guard let problem = SmallWorld.play(&odometer) else { continue }
            Issue.record("world \(worlds): \(problem)")
            return
        }
        #expect(worlds > 10_000)
    }

    @Test(
        "where a watcher begins",
        arguments: [
            (start: 4, isLive: false), (start: 5, isLive: true), (start: 6, isLive: true),
            (start: 100, isLive: true),
        ] as [(start: Int64, isLive: Bool)]
    )
    func begins(start: Int64, isLive: Bool) {
        let machine = WatcherMachine(start: start, liveCursor: 5)
        let begins = machine.isLive
        let next = machine.next
        #expect(begins == isLive)
        #expect(next == start)
    }

    @Test func aStalledWatcherRemembersTheFirstEventThatItMissed() {
        var machine = WatcherMachine(start: 5, liveCursor: 5)
        let action = machine.deliver(from: 8, through: 9, isWritable: false)
        #expect(action == .startCatchUp)
        let next = machine.next
        #expect(next == 8, "nothing was wanted before")
        let later = machine.deliver(from: 10, through: 12, isWritable: true)
        #expect(later == .skip, "it reads the log by itself now")
    }

    @Test func aWatchThatStartsInsideASegmentIsSentItsEnd() {
        var machine = WatcherMachine(start: 8, liveCursor: 5)
        let early = machine.deliver(from: 5, through: 7, isWritable: true)
        let inside = machine.deliver(from: 7, through: 9, isWritable: true)
        let after = machine.deliver(from: 10, through: 10, isWritable: true)
        #expect([early, inside, after] == [.skip, .sendFrom(8), .send])
    }
}

private enum SmallWorld {
    private static let head: Int64 = 5

    /// Plays one world; describes what went wrong, if anything.
    static func play(_ odometer: inout Odometer) -> String? {
        // Revisions 1 and 2 were read before the watch, 3 to 5 are to come.
        var cursor: Int64 = 3
        var events: [Int64] = []
        for revision in 1...Self.head where odometer.choose(2) == 1 { events.append(revision) }
        let start = Int64(1 + odometer.choose(7))
        var machine = WatcherMachine(start: start, liveCursor: cursor)
        var delivered: [Int64] = []
        while cursor <= Self.head {
            let choice = odometer.choose(machine.isLive ? 2 : 3)
            if choice == 2 {
                self.catchUp(&machine, events, cursor, &delivered)
            } else {
                let last = min(Self.head, cursor + Int64(choice))
                let inside = events.filter { $0 >= cursor && $0 <= last }
                if !inside.isEmpty {
                    self.deliver(inside, to: &machine, isWritable: odometer.choose(2) == 1, &delivered)
                }
                cursor = last + 1
            }
            let reached = machine.isLive ? cursor : machine.next
            if !machine.isLive, reached >= cursor { return "it catches up although it is not behind" }
            let wanted = events.filter { $0 >= start && $0 < reached }
            if delivered != wanted {
                return "delivered \(delivered), not \(wanted) of \(events) from \(start)"
            }
        }
        while !machine.isLive { self.catchUp(&machine, events, cursor, &delivered) }
        let wanted = events.filter { $0 >= start }
        return delivered == wanted ? nil : "delivered \(delivered) in the end, not \(wanted)"
    }

    private static func deliver(
        _ events: [Int64],
        to machine: inout WatcherMachine,
        isWritable: Bool,
        _ delivered: inout [Int64]
    ) {
        switch machine.deliver(from: events[0], through: events[events.count - 1], isWritable: isWritable) {
        case .send: delivered += events
        case .sendFrom(let first): delivered += events.filter { $0 >= first }
        case .skip, .startCatchUp: break
        }
    }

    /// Reads one revision of the log.
    private static func catchUp(
        _ machine: inout WatcherMachine,
        _ events: [Int64],
        _ cursor: Int64,
        _ delivered: inout [Int64]
    ) {
        let next = machine.next
        if events.contains(next) { delivered.append(next) }
        _ = machine.caughtUp(to: next + 1, liveCursor: cursor)
    }
}
