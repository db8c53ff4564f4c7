import Foundation
import MVCC
import Testing

@testable import Persistence

@Suite struct CrashTests {
    /// The files as they are while a log is open are what a crash of the process leaves.
    @Test(arguments: [20, 1_000_000])
    func whatAnAppendReturnedFromSurvivesACrashAtAnyTime(checkpointPages: Int) throws {
        let live = try TemporaryDirectory()
        let opened = try Opened(live.store())
        try opened.log.checkpoint(everyPages: checkpointPages)
        try opened.log.reserveRevisions(through: 100_000)
        var expected: [Entry] = []
        var random = SplitMix(seed: 11)
        for _ in 0..<60 {
            expected += try step(opened.log, head: expected.last?.revision ?? 1, &random)
            let crashed = try TemporaryDirectory()
            try live.copy(to: crashed)
            let copy = try Opened(crashed.store())
            #expect(copy.store.recovery == .exact)
            #expect(copy.store.headRevision == expected.last?.revision)
            #expect(try copy.records() == expected)
        }
    }

    /// A power cut leaves the synced part of the write-ahead log, and of the rest any part.
    @Test(arguments: [(20, 1), (20, 2), (1_000_000, 3), (1_000_000, 4)] as [(Int, UInt64)])
    func noRevisionIsGivenOutTwiceWhereverThePowerCutEndsTheLog(checkpointPages: Int, seed: UInt64) throws {
        let live = try TemporaryDirectory()
        let opened = try Opened(live.store())
        try opened.log.checkpoint(everyPages: checkpointPages)
        var random = SplitMix(seed: seed)
        var power = PowerModel(checkpointPages: checkpointPages)
        var appended: [Entry] = []
        var batchEnds: Set<Int64> = [1]
        var head: Int64 = 1
        for round in 0..<50 {
            if round % 10 == 0 {
                try opened.log.reserveRevisions(through: head + 60)
                power.didSync(try live.logByteCount())
            }
            let entries = try step(opened.log, head: head, &random)
            appended += entries
            head = try #require(entries.last).revision
            batchEnds.insert(head)
            power.observe(try live.logByteCount())

            let crashed = try TemporaryDirectory()
            try live.copy(to: crashed)
            let cut = Int.random(in: power.syncedByteCount...power.byteCount, using: &random)
            try crashed.truncate("store.db-wal", to: cut)
            let copy = try Opened(crashed.store(), boot: "boot-2")
            guard case .tailMayBeLost(let reserved) = copy.store.recovery else {
                Issue.record("cut at \(cut) of \(power.byteCount): \(copy.store.recovery)")
                return
            }
            #expect(reserved >= head)
            #expect(copy.store.compactedRevision > head + 1)
            #expect(copy.store.headRevision == copy.store.compactedRevision)
            let found = try copy.records()
            #expect(found == Array(appended.prefix(found.count)), "what is left is the beginning")
            #expect(batchEnds.contains(found.last?.revision ?? 1), "no batch is there in part")
            let next = copy.store.headRevision + 1
            try copy.log.reserveRevisions(through: next)
            try copy.log.append(batch(next...next))
        }
    }

    /// A process that is killed while it writes has acknowledged nothing that a restart does not find.
    @Test(.timeLimit(.minutes(5)), arguments: [15, 40, 90])
    func aKilledProcessLosesNothingThatItAcknowledged(afterMilliseconds delay: Int) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.store()
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, delay = delay as Int] in
            let opened = try Opened(path)
            try opened.log.checkpoint(everyPages: 30)
            try opened.log.reserveRevisions(through: 10_000_000)
            let progress = open(path + ".progress", O_CREAT | O_WRONLY, 0o600)
            Thread.detachNewThread {
                usleep(UInt32(delay) * 1_000)
                kill(getpid(), SIGKILL)
            }
            var head: Int64 = 1
            while true {
                try opened.log.append(batch(head + 1...head + 20))
                head += 20
                pwrite(progress, &head, 8, 0)
            }
        }
        let progress = try Data(contentsOf: URL(fileURLWithPath: path + ".progress"))
        let acknowledged =
            progress.count == 8 ? progress.withUnsafeBytes { $0.loadUnaligned(as: Int64.self) } : 1
        let opened = try Opened(path)
        #expect(opened.store.recovery == .exact)
        #expect(opened.store.headRevision >= acknowledged)
        #expect((opened.store.headRevision - 1) % 20 == 0, "no batch is there in part")
        let revisions = try opened.records().map(\.revision)
        #expect(revisions == Array(2..<opened.store.headRevision + 1))
    }

    /// Appends a batch of random shape and returns its records.
    private func step(
        _ log: SQLiteRevisionLog,
        head: Int64,
        _ random: inout SplitMix
    ) throws -> [Entry] {
        var records: [Record] = []
        let last = head + Int64.random(in: 1...4, using: &random)
        for revision in head + 1...last {
            for sub in 0..<Int.random(in: 1...3, using: &random) {
                records.append(put(revision, sub: sub, byteCount: Int.random(in: 0...3_000, using: &random)))
            }
        }
        try log.append(LogBatch(records: records, headRevision: last))
        return records.map(Entry.init)
    }
}

/// What part of the write-ahead log a power cut leaves for certain.
private struct PowerModel {
    let checkpointPages: Int
    private(set) var syncedByteCount = 0
    private(set) var byteCount = 0

    mutating func didSync(_ byteCount: Int) {
        self.byteCount = byteCount
        self.syncedByteCount = byteCount
    }

    mutating func observe(_ byteCount: Int) {
        // It began again, after all of it was copied into the database and that was synced.
        if byteCount < self.byteCount { self.syncedByteCount = 0 }
        self.byteCount = byteCount
        // https://www.sqlite.org/fileformat.html#the_write_ahead_log: a header of 32 bytes, then frames of a
        // page and 24. It is synced before it is copied, and this long it was just copied.
        if (byteCount - 32) / (8_192 + 24) >= self.checkpointPages { self.syncedByteCount = byteCount }
    }
}

/// A small generator of random numbers with a seed.
private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var value = self.state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}

extension TemporaryDirectory {
    fileprivate func logByteCount() throws -> Int {
        try self.contents()["store.db-wal"]?.count ?? 0
    }
}
