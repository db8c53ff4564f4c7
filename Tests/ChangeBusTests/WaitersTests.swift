import ChangeBus
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2)))
struct WaitersTests {
    @Test func whatHoldsAlreadyIsNotWaitedFor() async throws {
        let waiters = Waiters<String>(limit: 1)
        #expect(try await waiters.wait(for: "a") { true })
        #expect(waiters.count == 0)
    }

    @Test func aTaskLooksAgainWhenItsNameIsWokenAndOnlyThen() async throws {
        let waiters = Waiters<String>(limit: 2)
        let looks = Counters(1)
        let isTrue = Counters(1)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await waiters.wait(for: "a") {
                    looks.increment(0)
                    return isTrue.value(0) > 0
                }
            }
            while looks.value(0) < 1 { await Task.yield() }
            for _ in 0..<100 {
                waiters.wake("b")
                await Task.yield()
            }
            #expect(looks.value(0) == 1)
            waiters.wake("a")
            while looks.value(0) < 2 { await Task.yield() }
            isTrue.increment(0)
            waiters.wake("a")
            let isReached = try await group.next()
            #expect(isReached == true)
        }
        #expect(waiters.count == 0)
    }

    @Test func moreTasksThanTheLimitAreRefused() async throws {
        let waiters = Waiters<Int>(limit: 2)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for name in 0..<2 { group.addTask { try await waiters.wait(for: name) { false } } }
            while waiters.count < 2 { await Task.yield() }
            await #expect(throws: WaitersError.tooMany(limit: 2)) {
                _ = try await waiters.wait(for: 7) { true }
            }
            group.cancelAll()
            for try await isReached in group { #expect(!isReached) }
        }
        #expect(waiters.count == 0)
        #expect(try await waiters.wait(for: 7) { true })
    }

    @Test func aCancelledTaskDoesNotWait() async throws {
        let waiters = Waiters<Int>(limit: 1_000)
        // Cancelled before, while and after they begin to wait.
        for round in 0..<300 {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask { try await waiters.wait(for: round) { false } }
                for _ in 0..<round % 4 { await Task.yield() }
                group.cancelAll()
                let isReached = try await group.next()
                #expect(isReached == false)
            }
        }
        #expect(waiters.count == 0)
    }

    @Test func noWakeUpIsMissed() async throws {
        let names = 4
        let steps = 2_000
        let waiters = Waiters<Int>(limit: 64)
        let counters = Counters(names)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for name in 0..<names {
                group.addTask {
                    for _ in 0..<steps {
                        counters.increment(name)
                        waiters.wake(name)
                        await Task.yield()
                    }
                }
                for start in 1...4 {
                    group.addTask {
                        // Each waits for every value that comes next: a wake-up that is missed ends the test.
                        var value = start
                        while value <= steps {
                            let wanted = value
                            let isReached = try await waiters.wait(for: name) {
                                counters.value(name) >= wanted
                            }
                            #expect(isReached)
                            value = max(value + start, counters.value(name))
                            if wanted == steps { break }
                            value = min(value, steps)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(waiters.count == 0)
    }
}

/// Numbers that many threads look at.
private final class Counters: Sendable {
    private let values: Mutex<[Int]>

    init(_ count: Int) { self.values = Mutex(Array(repeating: 0, count: count)) }

    func increment(_ index: Int) { self.values.withLock { $0[index] += 1 } }

    func value(_ index: Int) -> Int { self.values.withLock { $0[index] } }
}
