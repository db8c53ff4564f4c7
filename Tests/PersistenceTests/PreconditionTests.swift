import Persistence
import Testing

/// What would issue a revision twice stops the process.
@Suite struct PreconditionTests {
    @Test func usingARevisionThatWasNotReserved() async throws {
        let directory = try TemporaryDirectory()
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            [path = directory.store() as String] in
            try withLog(path) { log in
                try log.reserveRevisions(through: 10)
                try log.append(batch(2...10))
                try log.append(batch(11...11))
            }
        }
        expectMessage("reserved before", in: result)
    }

    @Test func usingARevisionTwice() async throws {
        let directory = try TemporaryDirectory()
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            [path = directory.store() as String] in
            try withLog(path) { log in
                try log.reserveRevisions(through: 10)
                try log.append(batch(2...5))
                try log.append(batch(5...6))
            }
        }
        expectMessage("must ascend", in: result)
    }

    @Test func aHeadThatGoesBack() async throws {
        let directory = try TemporaryDirectory()
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            [path = directory.store() as String] in
            try withLog(path) { log in
                try log.reserveRevisions(through: 10)
                try log.append(batch(2...5))
                try log.append(LogBatch(headRevision: 4))
            }
        }
        expectMessage("head revision must not go back", in: result)
    }

    @Test func aCeilingThatGoesBack() async throws {
        let directory = try TemporaryDirectory()
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            [path = directory.store() as String] in
            try withLog(path) { log in
                try log.reserveRevisions(through: 10)
                try log.reserveRevisions(through: 9)
            }
        }
        expectMessage("ceiling must not go back", in: result)
    }

    @Test func aHorizonThatGoesBack() async throws {
        let directory = try TemporaryDirectory()
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            [path = directory.store() as String] in
            try withLog(path) { log in
                try log.reserveRevisions(through: 10)
                try log.append(batch(2...5))
                try log.append(LogBatch(compactedRevision: 4, headRevision: 5))
                try log.append(LogBatch(compactedRevision: 3, headRevision: 5))
            }
        }
        expectMessage("horizon must not go back", in: result)
    }

    @Test func aLogInMemoryThatUsesARevisionThatWasNotReserved() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let (log, _) = MemoryRevisionLog.open { StoreIdentity(clusterID: 1, memberID: 2) }
            log.append(batch(2...2))
        }
        expectMessage("reserved before", in: result)
    }
}

private func withLog(_ path: String, _ body: (SQLiteRevisionLog) throws -> Void) throws {
    try body(Opened(path).log)
}

/// Expects that the process said why it stopped.
private func expectMessage(
    _ message: String,
    in result: ExitTest.Result?,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains(message), sourceLocation: sourceLocation)
}
