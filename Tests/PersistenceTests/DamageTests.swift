import Foundation
import Persistence
import Testing

/// Damage is either noticed, with an error and every byte left as it was, or it hit nothing that is read.
@Suite struct DamageTests {
    @Test(arguments: 0..<8)
    func aDamagedByte(round: Int) throws {
        let sound = try Sound()
        let fileByteCount = try #require(try sound.directory.contents()["store.db"]).count
        // The first bytes of every page, where SQLite keeps its structure, and others all over the file.
        let pages = stride(from: 0, to: fileByteCount, by: 8_192)
            .flatMap { page in (0..<16).map { page + $0 } }
        let others = stride(from: 37, to: fileByteCount, by: 1_999)
        for offset in (pages + others).enumerated().filter({ $0.offset % 8 == round }).map(\.element) {
            let damaged = try TemporaryDirectory()
            try sound.directory.copy(to: damaged)
            let byte = try damaged.contents()["store.db"]?[offset] ?? 0
            try damaged.overwrite("store.db", at: offset, with: [byte ^ UInt8(1 << (offset % 8))])
            try sound.expectErrorOrEquality(damaged, "byte \(offset)")
        }
    }

    @Test func aZeroedPage() throws {
        let sound = try Sound()
        let fileByteCount = try #require(try sound.directory.contents()["store.db"]).count
        for page in stride(from: 0, to: fileByteCount, by: 8_192) {
            let damaged = try TemporaryDirectory()
            try sound.directory.copy(to: damaged)
            try damaged.overwrite("store.db", at: page, with: [UInt8](repeating: 0, count: 8_192))
            try sound.expectErrorOrEquality(damaged, "page at \(page)")
        }
    }

    @Test func aTruncatedFile() throws {
        let sound = try Sound()
        let fileByteCount = try #require(try sound.directory.contents()["store.db"]).count
        for byteCount in stride(from: 1, to: fileByteCount, by: 4_099) {
            let damaged = try TemporaryDirectory()
            try sound.directory.copy(to: damaged)
            try damaged.truncate("store.db", to: byteCount)
            let before = try damaged.contents()
            #expect(throws: PersistenceError.self, "cut to \(byteCount)") { try Opened(damaged.store()) }
            #expect(try damaged.contents() == before)
        }
    }

    /// The write-ahead log must stay, too: closing would usually copy it into the damaged file and delete it.
    @Test func aDamagedFileKeepsItsWriteAheadLog() throws {
        let live = try TemporaryDirectory()
        let damaged = try TemporaryDirectory()
        try Sound.fill(live)
        let opened = try Opened(live.store())
        try opened.log.append(batch(401...420))
        try live.copy(to: damaged)
        let fileByteCount = try #require(try damaged.contents()["store.db"]).count
        // The log holds new versions of few pages; of a page in the middle only the file has one.
        let page = fileByteCount / 8_192 / 2 * 8_192
        try damaged.overwrite("store.db", at: page, with: [UInt8](repeating: 0xff, count: 8_192))
        let before = try damaged.contents()
        #expect(before["store.db-wal"]?.isEmpty == false)
        let error = #expect(throws: PersistenceError.self) { try Opened(damaged.store()) }
        guard case .corrupt(damaged.store(), _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try damaged.contents() == before)
    }

    @Test func aDamagedRecordIsNamedAndTheLogTakesNoMoreChanges() throws {
        let sound = try Sound()
        let target = sound.entries[123]
        let contents = try #require(try sound.directory.contents()["store.db"])
        let place = try #require(contents.range(of: Data(target.encoded)))
        let damaged = try TemporaryDirectory()
        try sound.directory.copy(to: damaged)
        let middle = place.lowerBound + target.encoded.count / 2
        try damaged.overwrite("store.db", at: middle, with: [contents[middle] ^ 0x10])
        let before = try damaged.contents()
        let opened = try Opened(damaged.store())
        let error = #expect(throws: PersistenceError.self) { try opened.records() }
        #expect("\(try #require(error))".contains("revision \(target.revision), change \(target.sub)"))
        #expect(throws: PersistenceError.self) { try opened.log.reserveRevisions(through: 10_000) }
        try opened.log.close()
        #expect(try damaged.contents() == before)
    }

    @Test func whatTheReaderThrowsIsPassedOnAndHarmsNothing() throws {
        let sound = try Sound()
        let opened = try Opened(sound.directory.store())
        let refusal = PersistenceError.corrupt(path: "elsewhere", reason: "the reader's own")
        var count = 0
        #expect(throws: refusal) {
            try opened.log.forEachRecord { _ throws(PersistenceError) in
                count += 1
                if count == 3 { throw refusal }
            }
        }
        #expect(count == 3)
        try opened.log.close()
    }
}

/// A store in order, closed, and what it holds.
private struct Sound {
    let directory: TemporaryDirectory
    let entries: [Entry]
    let store: RecoveredStore

    init() throws {
        self.directory = try TemporaryDirectory()
        try Self.fill(self.directory)
        let opened = try Opened(self.directory.store())
        self.entries = try opened.records()
        self.store = opened.store
    }

    static func fill(_ directory: TemporaryDirectory) throws {
        let opened = try Opened(directory.store())
        try opened.log.reserveRevisions(through: 1_000)
        try opened.log.append(batch(2...200))
        let wide = (0..<100).map { put(300, sub: $0) }
        try opened.log.append(LogBatch(records: wide, headRevision: 300))
        try opened.log.append(batch(301...303, byteCount: 20_000))
        let leases = (1...50).map { LeaseChange.grant(id: $0 * 1_000_003, ttlSeconds: 60) }
        let documents = [
            DocumentChange(name: "alarms", bytes: [1, 2, 3]), DocumentChange(name: "auth", bytes: [4]),
        ]
        try opened.log.append(LogBatch(leaseChanges: leases, documents: documents, headRevision: 400))
        try opened.log.close()
    }

    func expectErrorOrEquality(
        _ damaged: TemporaryDirectory,
        _ comment: Comment,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let before = try damaged.contents()
        do throws(PersistenceError) {
            let opened = try Opened(damaged.store())
            let entries = try opened.records()
            #expect(entries == self.entries, comment, sourceLocation: sourceLocation)
            #expect(opened.store == self.store, comment, sourceLocation: sourceLocation)
        } catch {
            #expect("\(error)".contains(damaged.store()), comment, sourceLocation: sourceLocation)
        }
        #expect(try damaged.contents() == before, comment, sourceLocation: sourceLocation)
    }
}
