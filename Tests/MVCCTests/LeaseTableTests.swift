import NIOCore
import TestSupport
import Testing

@testable import MVCC

@Suite struct LeaseTableTests {
    private func put(_ key: String, lease: Int64 = 0) -> Record {
        Record(
            key: ByteBuffer(string: key),
            value: ByteBuffer(string: "value"),
            createRevision: 2,
            modRevision: 2,
            sub: 0,
            version: 1,
            lease: lease
        )
    }

    private func keys(_ table: LeaseTable, _ lease: Int64) -> [String] {
        table.attachedKeys(of: lease).map { String(buffer: $0.key) }
    }

    @Test func aGrantedLeaseExpiresATimeToLiveFromNow() throws {
        var table = LeaseTable()
        let lease = try table.grant(id: 7, timeToLive: .seconds(5), now: .seconds(100))
        #expect(lease.id == 7)
        #expect(lease.timeToLive == .seconds(5))
        #expect(lease.deadline == .seconds(105))
        #expect(table.lease(7) == lease)
        #expect(table.lease(8) == nil)
        #expect(table.count == 1)
        #expect(table.nextDeadline == .seconds(105))
    }

    @Test func anEmptyTableHasNoDeadline() {
        let table = LeaseTable()
        #expect(table.nextDeadline == nil)
        #expect(table.expired(now: .seconds(1_000_000), limit: 10).isEmpty)
        #expect(table.all.isEmpty)
    }

    @Test func anIdentifierIsGrantedOnce() throws {
        var table = LeaseTable()
        _ = try table.grant(id: 7, timeToLive: .seconds(5), now: .zero)
        #expect(throws: StoreError.leaseExists) {
            _ = try table.grant(id: 7, timeToLive: .seconds(9), now: .seconds(1))
        }
        #expect(table.lease(7)?.deadline == .seconds(5))
        table.remove(id: 7)
        #expect(try table.grant(id: 7, timeToLive: .seconds(9), now: .seconds(1)).deadline == .seconds(10))
    }

    @Test func theLongestTimeToLiveIsNineBillionSeconds() throws {
        var table = LeaseTable()
        let longest = try table.grant(id: 1, timeToLive: .seconds(9_000_000_000), now: .seconds(1))
        #expect(longest.deadline == .seconds(9_000_000_001))
        #expect(throws: StoreError.leaseTooLong) {
            _ = try table.grant(id: 2, timeToLive: .seconds(9_000_000_001), now: .zero)
        }
        #expect(table.count == 1)
    }

    @Test func aLeaseIsExpiredFromItsDeadlineOnAndNotBefore() throws {
        var table = LeaseTable()
        _ = try table.grant(id: 1, timeToLive: .seconds(5), now: .zero)
        #expect(table.expired(now: .seconds(5) - .nanoseconds(1), limit: 10).isEmpty)
        #expect(table.expired(now: .seconds(5), limit: 10) == [1])
    }

    @Test func expiredLeasesComeEarliestFirstAndNoMoreThanAsked() throws {
        var table = LeaseTable()
        for (id, seconds) in [(4, 30), (9, 10), (2, 20), (3, 20), (1, 40)] {
            _ = try table.grant(id: Int64(id), timeToLive: .seconds(seconds), now: .zero)
        }
        #expect(table.expired(now: .seconds(30), limit: 10) == [9, 2, 3, 4])
        #expect(table.expired(now: .seconds(30), limit: 2) == [9, 2])
        #expect(table.expired(now: .seconds(30), limit: 0).isEmpty)
        #expect(table.all.map(\.id) == [9, 2, 3, 4, 1])
    }

    @Test func renewingMovesTheDeadline() throws {
        var table = LeaseTable()
        _ = try table.grant(id: 1, timeToLive: .seconds(5), now: .zero)
        _ = try table.grant(id: 2, timeToLive: .seconds(6), now: .zero)
        #expect(table.renew(id: 1, now: .seconds(3))?.deadline == .seconds(8))
        #expect(table.nextDeadline == .seconds(6))
        #expect(table.all.map(\.id) == [2, 1])
        #expect(table.renew(id: 3, now: .seconds(3)) == nil)
        table.renewAll(now: .seconds(100))
        #expect(table.all.map(\.deadline) == [.seconds(105), .seconds(106)])
    }

    @Test func aRemovedLeaseIsForgotten() throws {
        var table = LeaseTable()
        _ = try table.grant(id: 1, timeToLive: .seconds(5), now: .zero)
        table.remove(id: 1)
        table.remove(id: 1)
        #expect(table.count == 0)
        #expect(table.lease(1) == nil)
        #expect(table.nextDeadline == nil)
    }

    @Test func attachedKeysComeInByteOrder() throws {
        var table = LeaseTable()
        for key in ["b", "a\u{0}", "a", "ab"] { table.attach(self.put(key, lease: 5), to: 5) }
        table.attach(self.put("a", lease: 6), to: 6)
        #expect(self.keys(table, 5) == ["a", "a\u{0}", "ab", "b"])
        #expect(self.keys(table, 6) == ["a"])
        #expect(self.keys(table, 4).isEmpty)
        table.detach(self.put("ab"), from: 5)
        table.detach(self.put("a"), from: 5)
        table.detach(self.put("nothing"), from: 5)
        #expect(self.keys(table, 5) == ["a\u{0}", "b"])
        #expect(self.keys(table, 6) == ["a"])
        #expect(table.attachedKeys(of: 5).map(\.isTombstone) == [true, true])
    }

    @Test(arguments: [Int64.min, -1, 0, 1, Int64.max])
    func anyIdentifierCanBeUsed(id: Int64) throws {
        var table = LeaseTable()
        for other in [Int64.min, -1, 0, 1, Int64.max] {
            _ = try table.grant(id: other, timeToLive: .seconds(1), now: .zero)
            table.attach(self.put("key \(other)"), to: other)
        }
        #expect(self.keys(table, id) == ["key \(id)"])
        table.remove(id: id)
        #expect(table.lease(id) == nil)
        #expect(table.count == 4)
    }

    /// A table beside a dictionary, over random time.
    @Test(arguments: 0..<4 as Range<UInt64>)
    func randomUseLeavesTheSameAsInADictionary(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var table = LeaseTable()
        var expected: [Int64: (timeToLive: Duration, deadline: Duration)] = [:]
        var now = Duration.zero
        var snapshots: [(table: LeaseTable, order: [Int64])] = []
        for step in 0..<600 {
            now += .milliseconds(random.below(300))
            let id = Int64(random.below(120))
            switch random.below(10) {
            case 0..<5:
                let timeToLive = Duration.seconds(1 + random.below(20))
                let granted = try? table.grant(id: id, timeToLive: timeToLive, now: now)
                #expect((granted != nil) == (expected[id] == nil))
                if granted != nil { expected[id] = (timeToLive, now + timeToLive) }
            case 5..<8:
                let renewed = table.renew(id: id, now: now)
                if let timeToLive = expected[id]?.timeToLive { expected[id] = (timeToLive, now + timeToLive) }
                #expect(renewed?.deadline == expected[id]?.deadline)
            case 8:
                table.remove(id: id)
                expected[id] = nil
            default:
                if random.chance(10) {
                    table.renewAll(now: now)
                    expected = expected.mapValues { ($0.timeToLive, now + $0.timeToLive) }
                }
            }
            let order = expected.map { (id: $0.key, deadline: $0.value.deadline) }
                .sorted { ($0.deadline, $0.id) < ($1.deadline, $1.id) }
            #expect(table.count == order.count)
            #expect(table.nextDeadline == order.first?.deadline)
            #expect(
                table.expired(now: now, limit: 3) == order.prefix { $0.deadline <= now }.prefix(3).map(\.id)
            )
            #expect(table.lease(id)?.deadline == expected[id]?.deadline)
            if step % 50 == 0 { snapshots.append((table, order.map(\.id))) }
        }
        for (table, order) in snapshots { #expect(table.all.map(\.id) == order) }
    }
}
