import MVCC
import NIOCore
import TestSupport
import Testing

@testable import DataPlane

/// A key space, and callers that contend in it by their machines alone.
private struct Contest {
    /// One call, and what it does next.
    struct Caller {
        enum Next: Equatable {
            case join
            case commit(Transaction)
            case look
            case wait(key: ByteBuffer, after: Int64)
            case done(ContenderMachine.Step)
        }

        var machine: ContenderMachine
        var next = Next.join
        var isEnded = false
        var isFirst: Bool {
            if case .done(.answer) = self.next { true } else { false }
        }
    }

    static let name = ByteBuffer(string: "name")
    var keyspace = Keyspace()
    var callers: [Caller] = []
    /// The leases of those who were first, in that order.
    var winners: [Int64] = []

    init(_ purpose: (Int64) -> ContenderMachine.Purpose, count: Int) throws {
        for lease in 1...Int64(count) {
            _ = try self.keyspace.grant(lease: lease, timeToLive: .seconds(60), now: .zero)
            let machine = ContenderMachine(purpose(lease), name: Self.name, lease: lease)
            self.callers.append(Caller(machine: machine))
        }
    }

    static func locks(_ count: Int) throws -> Contest { try Contest({ _ in .lock }, count: count) }

    /// The keys of the queue, oldest first.
    var queue: [String] {
        get throws {
            var query = RangeQuery.first(of: Self.name)
            query.limit = 0
            return try self.keyspace.range(query).records.map { String(buffer: $0.key) }
        }
    }

    /// Does the next step of a caller; `false` when it has to wait or is done.
    @discardableResult
    mutating func step(_ index: Int) throws -> Bool {
        switch self.callers[index].next {
        case .join:
            let outcome = try self.keyspace.apply(self.callers[index].machine.join)
            if self.callers[index].isEnded { self.follow(self.callers[index].machine.ended(), index) }
            try self.take(self.callers[index].machine.joined(outcome), index)
        case .commit(let transaction):
            let outcome = try self.keyspace.apply(transaction)
            try self.take(self.callers[index].machine.published(outcome), index)
        case .look:
            let machine = self.callers[index].machine
            let step = self.callers[index].machine.looked(
                own: self.keyspace.newest(machine.key)?.createRevision,
                older: try self.keyspace.range(machine.older).records.first?.key,
                at: self.keyspace.revision
            )
            try self.take(step, index)
        case .wait(let key, let revision):
            // The watch sees a deletion after `revision`, whether or not the key came back.
            let record = self.keyspace.newest(key)
            guard record == nil || (record?.createRevision ?? 0) > revision else { return false }
            try self.take(self.callers[index].machine.olderIsGone(), index)
        case .done: return false
        }
        return true
    }

    /// The caller goes away.
    mutating func end(_ index: Int) throws {
        self.callers[index].isEnded = true
        guard self.callers[index].next != .join else { return }
        if self.callers[index].isFirst { return }
        try self.take(self.callers[index].machine.ended(), index)
    }

    private mutating func take(_ step: ContenderMachine.Step, _ index: Int) throws {
        if case .leave(let transaction) = step { _ = try self.keyspace.apply(transaction) }
        self.follow(step, index)
    }

    private mutating func follow(_ step: ContenderMachine.Step, _ index: Int) {
        switch step {
        case .publish(let transaction): self.callers[index].next = .commit(transaction)
        case .look: self.callers[index].next = .look
        case .wait(let key, let revision): self.callers[index].next = .wait(key: key, after: revision)
        case .answer:
            self.callers[index].next = .done(step)
            self.winners.append(self.callers[index].machine.lease)
        case .fail, .leave, .stop: self.callers[index].next = .done(step)
        }
    }

    /// Lets every caller do what it can.
    mutating func settle() throws {
        var isMoving = true
        while isMoving {
            isMoving = false
            for index in self.callers.indices where try self.step(index) { isMoving = true }
        }
    }

    mutating func unlock(_ index: Int) {
        _ = self.keyspace.deleteRange(DeleteRange(KeyRange(self.callers[index].machine.key)))
    }
}

@Suite struct ContenderMachineTests {
    @Test func theKeyIsTheNameAndTheLeaseInHexadecimal() {
        let machine = ContenderMachine(.lock, name: ByteBuffer(string: "a"), lease: 0x7a_bc)
        #expect(String(buffer: machine.key) == "a/7abc")
        #expect(machine.older.range == KeyRange(prefix: "a/"))
    }

    @Test func aFreeLockIsAnsweredWithTheRevisionThatJoined() throws {
        var contest = try Contest.locks(1)
        try contest.settle()
        #expect(contest.callers[0].next == .done(.answer(revision: 2)))
        #expect(contest.callers[0].machine.createRevision == 2)
    }

    @Test func eachDeletionLetsTheNextOneIn() throws {
        var contest = try Contest.locks(4)
        for index in 0..<4 {
            try contest.settle()
            #expect(contest.winners == Array(1...Int64(index + 1)))
            contest.unlock(index)
        }
    }

    @Test func aWaiterWatchesTheYoungestOlderKeyOnly() throws {
        var contest = try Contest.locks(3)
        try contest.settle()
        #expect(contest.callers[2].next == .wait(key: contest.callers[1].machine.key, after: 4))
    }

    @Test func aWaiterWhoseKeyIsGoneIsNotGivenTheLock() throws {
        var contest = try Contest.locks(2)
        try contest.settle()
        _ = try contest.keyspace.revoke(lease: 2)
        contest.unlock(0)
        try contest.settle()
        #expect(contest.callers[1].next == .done(.fail(.sessionExpired)))
    }

    @Test func aWinnerOfAnElectionIsNotToldThatItsKeyIsGone() throws {
        var contest = try Contest({ _ in .campaign(value: ByteBuffer()) }, count: 2)
        try contest.settle()
        _ = try contest.keyspace.revoke(lease: 2)
        contest.unlock(0)
        try contest.settle()
        #expect(contest.callers[1].next == .done(.answer(revision: 3)))
    }

    @Test func aCampaignWithAnotherValuePublishesItFirst() throws {
        var contest = try Contest({ _ in .campaign(value: ByteBuffer(string: "old")) }, count: 1)
        try contest.settle()
        let again = ContenderMachine(
            .campaign(value: ByteBuffer(string: "new")),
            name: Contest.name,
            lease: 1
        )
        contest.callers.append(Contest.Caller(machine: again))
        try contest.settle()
        #expect(contest.callers[1].next == .done(.answer(revision: 2)))
        #expect(contest.keyspace.newest(again.key)?.value == ByteBuffer(string: "new"))
    }

    @Test func aCampaignThatLosesItsKeyBeforePublishingDoesNotLead() throws {
        var contest = try Contest({ _ in .campaign(value: ByteBuffer(string: "old")) }, count: 1)
        try contest.settle()
        let again = ContenderMachine(
            .campaign(value: ByteBuffer(string: "new")),
            name: Contest.name,
            lease: 1
        )
        contest.callers.append(Contest.Caller(machine: again))
        try contest.step(1)
        contest.unlock(0)
        try contest.settle()
        #expect(contest.callers[1].next == .done(.fail(.notLeader)))
    }

    @Test func whoeverEndsBeforeJoiningIsDecidedLeavesNothingBehind() throws {
        var contest = try Contest.locks(1)
        try contest.end(0)
        try contest.settle()
        #expect(try contest.queue == [])
    }

    @Test func whoeverEndsWhileJoiningAgainKeepsThePlaceThatItHad() throws {
        var contest = try Contest.locks(1)
        try contest.settle()
        contest.callers.append(
            Contest.Caller(machine: ContenderMachine(.lock, name: Contest.name, lease: 1))
        )
        try contest.end(1)
        try contest.settle()
        #expect(try contest.queue == ["name/1"])
    }

    /// Three callers, every order of their steps, endings and unlockings in the first five moves.
    @Test func inEverySmallWorldLocksAreHeldOneAtATimeAndInTheOrderOfJoining() throws {
        var odometer = Odometer()
        var worlds = 0
        while odometer.next() {
            worlds += 1
            var contest = try Contest.locks(3)
            var joined: [Int64] = []
            for _ in 0..<5 {
                let index = odometer.choose(3)
                let lease = contest.callers[index].machine.lease
                if contest.callers[index].isFirst {
                    contest.unlock(index)
                } else if odometer.choose(2) == 1 {
                    try contest.end(index)
                } else {
                    if contest.callers[index].next == .join { joined.append(lease) }
                    try contest.step(index)
                }
                try Self.check(contest, joined)
            }
            // Nobody waits for ever: whoever is left gets it once those before have let go.
            for _ in 0..<3 {
                try contest.settle()
                try Self.check(contest, contest.winners)
                for index in contest.callers.indices where contest.callers[index].isFirst {
                    contest.unlock(index)
                }
            }
            #expect(try contest.queue == [])
        }
        #expect(worlds > 1_000)
    }

    private static func check(_ contest: Contest, _ joined: [Int64]) throws {
        let queue = try contest.queue
        let holders = contest.callers.filter(\.isFirst).map { String(buffer: $0.machine.key) }
        #expect(holders.filter { queue.contains($0) }.count <= 1)
        if let holder = holders.first(where: { queue.contains($0) }) { #expect(queue.first == holder) }
        #expect(contest.winners == joined.filter { contest.winners.contains($0) })
    }
}
