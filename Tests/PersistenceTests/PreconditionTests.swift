import Persistence
import Testing

/// What would issue a revision twice stops the process.
@Suite struct PreconditionTests {
    @Test func usingARevisionThatWasNotReserved() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            try withLog { log in
                try log.reserveRevisions(through: 10)
                try log.append(batch(2...10))
                try log.append(batch(11...11))
            }
        }
        expectMessage("reserved before", in: result)
    }

    @Test func usingARevisionTwice() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            try withLog { log in
                try log.reserveRevisions(through: 10)
                try log.append(batch(2...5))
                try log.append(batch(5...6))
            }
        }
        expectMessage("must ascend", in: result)
    }

    @Test func aHeadThatGoesBack() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            try withLog { log in
                try log.reserveRevisions(through: 10)
                try log.append(batch(2...5))
                try log.append(LogBatch(headRevision: 4))
            }
        }
        expectMessage("head revision must not go back", in: result)
    }

    @Test func aCeilingThatGoesBack() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            try withLog { log in
                try log.reserveRevisions(through: 10)
                try log.reserveRevisions(through: 9)
            }
        }
        expectMessage("ceiling must not go back", in: result)
    }

    @Test func aHorizonThatGoesBack() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            try withLog { log in
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

private func withLog(_ body: (SQLiteRevisionLog) throws -> Void) throws {
    let directory = try TemporaryDirectory()
    try withExtendedLifetime(directory) { try body(Opened(directory.store()).log) }
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
