import MVCC
import NIOCore
import Persistence
import TestSupport
import Testing

@testable import Storage

/// A store is killed between any two writes of its log, and must come back as it was last readable.
@Suite struct RecoveryTests {
    @Test("every prefix of a log recovers to what was readable then", arguments: 1...12)
    func everyPrefixRecovers(seed: Int) {
        var history = RandomHistory(seed: UInt64(seed))
        history.run(steps: 60)
        let entries = history.driver.log.entries
        #expect(entries.count > 40)
        for count in 0...entries.count {
            let restarted = CommitDriver(recovering: FaultyLog(StoredLog(entries.prefix(count))))
            let expected = history.state(afterEntries: count)
            #expect(
                restarted.keyspace.description == expected.text,
                "seed \(seed), after \(count) of \(entries.count)"
            )
            #expect(restarted.alarms == expected.alarms)
            #expect(restarted.keyspace.brokenInvariant == nil)
        }
    }

    @Test("a recovered store goes on with new revisions", arguments: 21...24)
    func aRecoveredStoreGoesOn(seed: Int) {
        var history = RandomHistory(seed: UInt64(seed))
        history.run(steps: 40)
        let entries = history.driver.log.entries
        for count in stride(from: 0, through: entries.count, by: 7) {
            var next = RandomHistory(
                seed: UInt64(seed + count),
                log: FaultyLog(StoredLog(entries.prefix(count)))
            )
            let resumed = next.driver.revision
            next.run(steps: 8)
            #expect(next.driver.keyspace.brokenInvariant == nil)
            #expect(next.driver.step(.put("z"))[0].revision.map { $0 > resumed } == true)
            let again = CommitDriver(recovering: FaultyLog(next.driver.log.stored))
            #expect(again.keyspace.description == next.driver.keyspace.description)
        }
    }

    @Test func aFreshStoreBeginsAsEtcdDoes() {
        let driver = CommitDriver()
        #expect(driver.revision == 1)
        #expect(driver.keyspace.compactedRevision == -1)
        #expect(driver.loop.nextDeadline == nil)
    }

    @Test func theHeadSurvivesTheCompactionOfItsOwnRecord() {
        let driver = CommitDriver()
        driver.step(.put("a"), .delete("a"), .put("b"), .delete("b"), .put("c"))
        driver.step(.compact(6), .delete("c"))
        driver.step(.compact(7), .setDocument(name: "d", bytes: [1]))
        driver.settle()
        #expect(CommitDriver(recovering: driver.log).revision == 7)
    }
}

/// Random proposals, failures of the log and passing time; remembers what was readable after each entry.
private struct RandomHistory {
    typealias State = (entries: Int, text: [String], alarms: Set<Alarm>)

    let driver: CommitDriver
    private var random: SeededGenerator
    /// What was readable when the log had this many entries; ascending.
    private var states: [State]

    init(seed: UInt64, log: FaultyLog = FaultyLog()) {
        self.random = SeededGenerator(seed: seed)
        self.driver = CommitDriver(recovering: log, leaseIDs: Array(1_000..<2_000)) {
            $0.trimLimit = 4
            $0.revisionBlock = 6
            $0.batchLimit = 5
        }
        self.states = [(0, self.driver.keyspace.description, self.driver.alarms)]
    }

    /// What was readable after the batch that is the last of the first `count` entries.
    func state(afterEntries count: Int) -> State {
        self.states.last { $0.entries <= count } ?? self.states[0]
    }

    mutating func run(steps: Int) {
        for _ in 0..<steps {
            if self.random.chance(10) {
                let call = self.random.pick([FaultyLog.Call.append, .reserve, .delete])
                self.driver.log.fail(call, with: FaultyLog.broken)
            }
            let before = self.driver.log.entries.count
            self.driver.step((0..<self.random.below(7)).map { _ in self.proposal() })
            self.note(since: before)
            self.driver.now += .milliseconds(self.random.below(1_500))
        }
    }

    /// The state changes with the batch of a step; reservations before and deletions after it show nothing.
    private mutating func note(since before: Int) {
        let entries = self.driver.log.entries
        let batches = (before..<entries.count).filter { index in
            guard case .append = entries[index] else { return false }
            return true
        }
        guard let batch = batches.first else { return }
        self.states.append((batch + 1, self.driver.keyspace.description, self.driver.alarms))
    }

    private mutating func proposal() -> Proposal {
        let lease = Int64(1 + self.random.below(3))
        switch self.random.below(100) {
        case 0..<40:
            return .put(self.key(), "\(self.random.below(1_000))", lease: self.random.chance(30) ? lease : 0)
        case 40..<55: return .delete(self.key())
        case 55..<58: return .delete(prefix: "k")
        case 58..<70:
            let operations: [Operation] = [
                .put("k\(self.random.below(5))", "t"), .delete("x\(self.random.below(3))"),
            ]
            return .transaction(Transaction(success: operations))
        case 70..<78: return .grant(lease, seconds: 2 + self.random.below(8))
        case 78..<81: return .revoke(lease: lease)
        case 81..<86: return .keepAlive(lease: lease)
        case 86..<95:
            let span = max(1, Int(self.driver.revision - max(0, self.driver.keyspace.compactedRevision)))
            return .compact(self.driver.revision - Int64(self.random.below(span)))
        case 95..<97: return .setAlarm(.corrupt, isRaised: false)
        default: return .setDocument(name: "d\(self.random.below(2))", bytes: [UInt8(self.random.below(9))])
        }
    }

    private mutating func key() -> String {
        self.random.chance(80) ? "k\(self.random.below(5))" : "x\(self.random.below(3))"
    }
}
