import Dispatch
import Foundation
import MVCC
import NIOConcurrencyHelpers
import Testing

@testable import Storage

@Suite struct ProposalQueueTests {
    @Test func aFullQueueRefusesAndLosesNothing() throws {
        let queue = ProposalQueue(limit: 3)
        for id in 1...3 { try queue.add(Self.proposal(id)) }
        #expect(throws: StoreError.overloaded) { try queue.add(Self.proposal(4)) }
        #expect(queue.count == 3)
        #expect(Self.ids(queue.next(timeout: .zero, maximum: 2)) == [1, 2])
        try queue.add(Self.proposal(5))
        #expect(Self.ids(queue.next(timeout: nil, maximum: 10)) == [3, 5])
        #expect(queue.count == 0)
    }

    @Test func aBatchThatLeftSomethingDoesNotMakeTheNextOneWait() throws {
        let queue = ProposalQueue(limit: 10)
        for id in 1...5 { try queue.add(Self.proposal(id)) }
        // A wait that nobody ends would time out and find nothing.
        #expect(Self.ids(queue.next(timeout: .seconds(20), maximum: 2)) == [1, 2])
        #expect(Self.ids(queue.next(timeout: .seconds(20), maximum: 0)) == [])
        #expect(Self.ids(queue.next(timeout: .seconds(20), maximum: 2)) == [3, 4])
        #expect(Self.ids(queue.next(timeout: .seconds(20), maximum: 2)) == [5])
    }

    @Test func anEmptyQueueReturnsWithNothingAfterTheTimeout() {
        let queue = ProposalQueue(limit: 10)
        for timeout in [Duration.zero, .seconds(-5), .nanoseconds(1), .milliseconds(2)] {
            let batch = queue.next(timeout: timeout, maximum: 10)
            #expect(batch.proposals.isEmpty)
            #expect(!batch.isClosed)
        }
    }

    @Test func aClosedQueueRefusesButGivesWhatItHolds() throws {
        let queue = ProposalQueue(limit: 10)
        for id in 1...3 { try queue.add(Self.proposal(id)) }
        queue.close()
        #expect(throws: StoreError.stopped) { try queue.add(Self.proposal(4)) }
        let first = queue.next(timeout: .seconds(20), maximum: 2)
        #expect(Self.ids(first) == [1, 2])
        #expect(first.isClosed)
        #expect(Self.ids(queue.next(timeout: .seconds(20), maximum: 2)) == [3])
        for _ in 0..<3 {
            let last = queue.next(timeout: .seconds(20), maximum: 2)
            #expect(last.proposals.isEmpty && last.isClosed, "a closed queue never waits")
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func aProposalWakesAThreadThatWaitsForEver() throws {
        let queue = ProposalQueue(limit: 10)
        let taken = NIOLockedValueBox<[Int64]>([])
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            for _ in 0..<2 {
                let batch = queue.next(timeout: nil, maximum: 10)
                taken.withLockedValue { $0 += Self.ids(batch) }
                done.signal()
            }
        }
        thread.start()
        try queue.add(Self.proposal(1))
        done.wait()
        #expect(taken.withLockedValue { $0 } == [1])
        queue.close()
        done.wait()
    }

    @Test(.timeLimit(.minutes(5)))
    func everyProposalOfManyThreadsArrivesOnceAndInTheOrderOfItsThread() throws {
        let queue = ProposalQueue(limit: 64)
        let threads: Int64 = 4
        let perThread: Int64 = 5_000
        for thread in 0..<threads {
            Thread {
                var next: Int64 = 0
                while next < perThread {
                    do {
                        try queue.add(Self.proposal(Int(thread * perThread + next)))
                        next += 1
                    } catch {
                        sched_yield()
                    }
                }
            }.start()
        }
        var lasts = (0..<threads).map { $0 * perThread - 1 }
        var count: Int64 = 0
        while count < threads * perThread {
            for id in Self.ids(queue.next(timeout: nil, maximum: 7)) {
                let thread = Int(id / perThread)
                #expect(id == lasts[thread] + 1)
                lasts[thread] = id
                count += 1
            }
        }
        #expect(queue.count == 0)
    }

    private static func proposal(_ id: Int) -> QueuedProposal {
        QueuedProposal(.keepAlive(lease: Int64(id)), reply: .none)
    }

    private static func ids(_ batch: ProposalQueue.Batch) -> [Int64] {
        batch.proposals.compactMap { queued in
            guard case .keepAlive(let id) = queued.proposal else { return nil }
            return id
        }
    }
}
