import Foundation
import Persistence
import Testing

@Suite struct RestartTests {
    @Test(arguments: [Durability.relaxed, .strict], ["boot-1", "boot-2", ""])
    func aCleanStopIsResumedExactly(durability: Durability, boot: String) throws {
        let directory = try TemporaryDirectory()
        let first = try Opened(directory.store(), durability)
        try first.log.reserveRevisions(through: 500)
        try first.log.append(batch(2...20))
        try first.log.close()

        let second = try Opened(directory.store(), durability, boot: boot)
        #expect(second.store.recovery == .exact)
        #expect(second.store.headRevision == 20)
        #expect(second.store.revisionCeiling == 500)
        #expect(second.store.identity == first.store.identity)
        #expect(try second.records().count == 19)
    }

    @Test func aCrashOfTheProcessIsResumedExactly() throws {
        let directory = try TemporaryDirectory()
        do {
            let first = try Opened(directory.store())
            try first.log.reserveRevisions(through: 500)
            try first.log.append(batch(2...20))
        }
        let second = try Opened(directory.store(), boot: "boot-1")
        #expect(second.store.recovery == .exact)
        #expect(second.store.headRevision == 20)
        #expect(second.store.compactedRevision == 0)
        #expect(try second.records().count == 19)
    }

    @Test(arguments: ["boot-2", ""])
    func aPowerCutIsResumedAboveEveryReservedRevision(boot: String) throws {
        let directory = try TemporaryDirectory()
        do {
            let first = try Opened(directory.store(), boot: boot.isEmpty ? "" : "boot-1")
            try first.log.reserveRevisions(through: 500)
            try first.log.append(batch(2...20))
        }
        let second = try Opened(directory.store(), boot: boot)
        #expect(second.store.recovery == .tailMayBeLost(resumedAbove: 500))
        // A watcher that saw revision 500 asks for 501, which must be below the horizon.
        #expect(second.store.compactedRevision > 501)
        #expect(second.store.headRevision == second.store.compactedRevision)
        #expect(second.store.revisionCeiling == second.store.headRevision)
        #expect(try second.records().count == 19, "the newest record of each key stays readable")

        let next = second.store.headRevision + 1
        try second.log.reserveRevisions(through: next + 10)
        try second.log.append(batch(next...next))
        try second.log.close()
        let third = try Opened(directory.store(), boot: boot)
        #expect(third.store.recovery == .exact)
        #expect(third.store.headRevision == next)
        #expect(third.store.compactedRevision == second.store.compactedRevision)
    }

    @Test func twoPowerCutsInARowGoUpTwiceOnlyWhenSomethingWasWritten() throws {
        let directory = try TemporaryDirectory()
        do {
            let first = try Opened(directory.store(), boot: "boot-1")
            try first.log.reserveRevisions(through: 500)
        }
        let second = try Opened(directory.store(), boot: "boot-2").store
        var resumed: Int64 = 0
        do {
            let third = try Opened(directory.store(), boot: "boot-3")
            #expect(third.store.headRevision == second.headRevision)
            #expect(third.store.recovery == second.recovery)
            resumed = third.store.headRevision
            try third.log.append(LogBatch(documents: [], headRevision: resumed))
        }
        let fourth = try Opened(directory.store(), boot: "boot-4")
        #expect(fourth.store.recovery == .tailMayBeLost(resumedAbove: resumed))
        #expect(fourth.store.headRevision > resumed + 1)
    }

    @Test func aPowerCutTakesNothingFromAStrictLog() throws {
        let directory = try TemporaryDirectory()
        do {
            let first = try Opened(directory.store(), .strict)
            try first.log.reserveRevisions(through: 500)
            try first.log.append(batch(2...20))
        }
        let second = try Opened(directory.store(), .strict, boot: "boot-2")
        #expect(second.store.recovery == .exact)
        #expect(second.store.headRevision == 20)
    }

    /// What counts is how durably the lost run wrote, not how the next one will.
    @Test func aRelaxedRunIsNotTrustedByAStrictOne() throws {
        let directory = try TemporaryDirectory()
        do {
            let first = try Opened(directory.store(), .relaxed)
            try first.log.reserveRevisions(through: 500)
        }
        let second = try Opened(directory.store(), .strict, boot: "boot-2")
        #expect(second.store.recovery == .tailMayBeLost(resumedAbove: 500))
    }

    @Test func theStartCountGoesUpWithEachRunThatWrites() throws {
        let directory = try TemporaryDirectory()
        for expected in UInt64(2)...5 {
            let opened = try Opened(directory.store())
            #expect(opened.store.startCount == expected)
            try opened.log.append(LogBatch(headRevision: 1))
            try opened.log.close()
        }
    }

    @Test func openingAndReadingAndClosingChangesNothing() throws {
        let directory = try TemporaryDirectory()
        let first = try Opened(directory.store())
        try first.log.reserveRevisions(through: 500)
        try first.log.append(batch(2...20))
        try first.log.close()
        let before = try directory.contents()
        #expect(before.keys.sorted() == ["store.db"])

        let second = try Opened(directory.store(), boot: "boot-2")
        #expect(try second.records().count == 19)
        try second.log.close()
        #expect(try directory.contents() == before)
    }

    /// As after a copy that was made with `VACUUM INTO`.
    @Test func aStoreInAnotherJournalModeReturnsToTheWriteAheadLog() throws {
        let directory = try TemporaryDirectory()
        let first = try Opened(directory.store())
        try first.log.reserveRevisions(through: 500)
        try first.log.append(batch(2...20))
        try first.log.close()
        let tool = try RawDatabase(directory.store())
        try tool.execute("PRAGMA journal_mode = DELETE")
        try tool.close()

        let second = try Opened(directory.store())
        try second.log.append(batch(21...30))
        #expect(try directory.contents().keys.sorted() == ["store.db", "store.db-wal"])
        let crashed = try TemporaryDirectory()
        try directory.copy(to: crashed)
        #expect(try Opened(crashed.store()).store.headRevision == 30)
    }

    @Test func onlyTheOwnerMayReadTheFiles() throws {
        let directory = try TemporaryDirectory()
        let opened = try Opened(directory.store())
        try opened.log.append(LogBatch(headRevision: 1))
        for name in ["store.db", "store.db-wal"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: directory.store(name))
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test func closingTwiceIsHarmless() throws {
        let directory = try TemporaryDirectory()
        let opened = try Opened(directory.store())
        try opened.log.append(LogBatch(headRevision: 1))
        try opened.log.close()
        try opened.log.close()
        #expect(try Opened(directory.store()).store.recovery == .exact)
    }

    @Test func aLogInMemoryIsFreshEachTime() {
        let identity = StoreIdentity(clusterID: 1, memberID: 2)
        for _ in 0..<2 {
            let (log, store) = MemoryRevisionLog.open { identity }
            #expect(store.recovery == .fresh)
            #expect(store.headRevision == 1)
            #expect(store.startCount == 2)
            log.reserveRevisions(through: 100)
            log.append(batch(2...20))
            #expect(log.sizeInBytes == 0)
            log.close()
        }
    }
}
