import Documents
import MeshResources
import Persistence
import Synchronization
import Testing

@testable import AdminPlane

/// Long jobs and their records.
@Suite struct JobTests {
    private func create(_ plane: AdminHarness, _ action: String = "test") async throws -> String {
        try await plane.store.write { (transaction) throws(PersistenceError) in
            .commit(try plane.jobs.create(action, total: 2, in: transaction).name)
        }
    }

    /// Has jobs done while `body` runs.
    private func running(_ plane: AdminHarness, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await plane.jobs.run() }
            try await body()
            group.cancelAll()
        }
    }

    private func get(_ plane: AdminHarness, _ name: String, _ query: String = "") async throws -> Answer {
        try await plane.ask("GET", "/api/v1/operations/\(name)\(query)")
    }

    private func status(_ answer: Answer) -> DocumentObject {
        answer.json["status"]?.object ?? DocumentObject()
    }

    @Test func aJobIsPendingRunsAndEndsWithItsResult() async throws {
        try await withAdminPlane { plane in
            let name = try await self.create(plane)
            #expect(self.status(try await self.get(plane, name))["state"] == "pending")
            let seen = Event<Answer>()
            plane.jobs.enqueue(name) { (job) throws(Problem) in
                await job.report(1, of: 2)
                if let answer = try? await self.get(plane, name) { seen.tell(answer) }
                return ["answer": 42]
            }
            try await self.running(plane) {
                let status = self.status(try await self.get(plane, name, "?wait=done&timeout=1m"))
                #expect(status["state"] == "succeeded")
                #expect(status["result"] == ["answer": 42])
                #expect(status["progress"] == ["done": 2, "total": 2])
            }
            let during = self.status(try #require(seen.values.first))
            #expect(during["state"] == "running")
            #expect(during["progress"] == ["done": 1, "total": 2])
        }
    }

    @Test func aJobThatFailsSaysWhy() async throws {
        try await withAdminPlane { plane in
            let name = try await self.create(plane)
            plane.jobs.enqueue(name) { (_) throws(Problem) in throw Problem(.storageFull, "no room") }
            try await self.running(plane) {
                let status = self.status(try await self.get(plane, name, "?wait=done&timeout=1m"))
                #expect(status["state"] == "failed")
                #expect(status["problem"]?.object?["detail"] == "no room")
                #expect(status["problem"]?.object?["status"] == 507)
            }
        }
    }

    @Test func anInterruptedJobFailsOrBeginsAnew() async throws {
        try await withAdminPlane { plane in
            let lost = try await self.create(plane, "lost")
            let kept = try await self.create(plane, "kept")
            try await plane.jobs.recover(resuming: [
                "kept": { record in { (_) throws(Problem) in .string(record.action) } }
            ])
            let status = self.status(try await self.get(plane, lost))
            #expect(status["state"] == "failed")
            #expect(status["problem"]?.object?["type"] == "/problems/not-available")
            try await self.running(plane) {
                let status = self.status(try await self.get(plane, kept, "?wait=done&timeout=1m"))
                #expect(status["result"] == "kept")
            }
        }
    }

    @Test func aWaitThatIsTooShortEndsWithTheOperation() async throws {
        try await withAdminPlane { plane in
            let name = try await self.create(plane)
            let answer = try await self.get(plane, name, "?wait=done&timeout=1ms")
            #expect(answer.status == 504)
            #expect(answer.json["object"]?.object?["kind"] == "Operation")
            #expect(try await self.get(plane, name, "?wait=applied").status == 400)
            #expect(try await self.get(plane, "none").status == 404)
        }
    }

    @Test func recordsAreListedNewestFirstInPagesAndOldOnesGo() async throws {
        try await withAdminPlane { plane in
            var names: [String] = []
            for _ in 0..<5 {
                names.append(try await self.create(plane))
                plane.clock.advance(seconds: 1)
            }
            var listed: [String] = []
            var target: String? = "/api/v1/operations?limit=2"
            while let next = target {
                let page = try await plane.ask("GET", next)
                #expect(page.status == 200)
                listed +=
                    page.json["items"]?.array?
                    .compactMap { $0.object?["metadata"]?.object?["name"]?.string } ?? []
                let token = page.json["metadata"]?.object?["continue"]?.string
                target = token.map { "/api/v1/operations?limit=2&continue=\($0)" }
            }
            #expect(listed == names.reversed())
            try await plane.jobs.recover()
            plane.clock.advance(seconds: 8 * 86_400)
            let newest = try await self.create(plane)
            #expect(JobRunner.records(in: plane.store.tables).map(\.name) == [newest])
        }
    }
}

/// Something that a job tells the test.
private final class Event<Value: Sendable>: Sendable {
    private let state = Mutex<[Value]>([])
    var values: [Value] { self.state.withLock { $0 } }
    func tell(_ value: Value) { self.state.withLock { $0.append(value) } }
}
