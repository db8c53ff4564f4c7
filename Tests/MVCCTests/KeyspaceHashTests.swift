import NIOCore
import Testing

@testable import MVCC

/// The hash of the history against what etcd 3.4 and 3.5 answered for the same history.
@Suite struct KeyspaceHashTests {
    private static func put(_ key: String, _ value: String) -> Put {
        Put(key: ByteBuffer(string: key), value: ByteBuffer(string: value))
    }

    /// Two revisions of `a`, then `b`, the delete of `a` at 5, and `c` at 6.
    private static func history() throws -> Keyspace {
        var keyspace = Keyspace()
        for (key, value) in [("a", "1"), ("a", "2"), ("b", "1")] {
            _ = try keyspace.put(Self.put(key, value))
        }
        _ = keyspace.deleteRange(DeleteRange(KeyRange(ByteBuffer(string: "a"))))
        _ = try keyspace.put(Self.put("c", "3"))
        return keyspace
    }

    @Test func everyRevisionHasEtcdsHash() throws {
        let hashes = try (2...6).map { try Self.history().hash(through: $0) }
        #expect(hashes == [2_587_454_935, 535_221_974, 1_662_700_350, 475_587_494, 2_899_898_430])
    }

    private static let afterCompaction: [(horizon: Int64, hashes: [UInt32])] = [
        (2, [1_483_641_527, 1_514_356_665, 3_170_289_113, 2_151_659_951]),
        (3, [1_514_356_665, 1_010_904_130, 984_488_096]),
        (4, [1_010_904_130, 984_488_096]),
        (5, [1_920_696_755]),
    ]

    @Test(arguments: Self.afterCompaction)
    func whatCompactionKeptCountsOnlyWhileItIsCurrent(horizon: Int64, hashes: [UInt32]) throws {
        var keyspace = try Self.history()
        try keyspace.compact(through: horizon)
        #expect((horizon + 1...6).map { keyspace.hash(through: $0) } == hashes)
        while keyspace.needsTrimming { _ = keyspace.trim(limit: 1) }
        #expect((horizon + 1...6).map { keyspace.hash(through: $0) } == hashes)
    }

    @Test func whatWasKeptCountsWhenNoKeyExists() throws {
        var keyspace = try Self.history()
        _ = keyspace.deleteRange(DeleteRange(.everything))
        try keyspace.compact(through: 6)
        #expect(keyspace.hash(through: 7) == 2_294_745_789)
        _ = try keyspace.put(Self.put("d", ""))
        #expect(keyspace.hash(through: 7) == 2_294_745_789)
        #expect(keyspace.hash(through: 8) == 2_548_377_090)
    }
}
