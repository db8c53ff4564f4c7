import Foundation
import NIOCore
import NIOEmbedded
import NIOPosix
import Synchronization
import Testing

@testable import Storage

@Suite struct LoopPortTests {
    @Test func manyWakeUpsBeforeATurnAreOneTurn() throws {
        let loop = EmbeddedEventLoop()
        let port = LoopPort(eventLoop: loop)
        let listener = CountingListener()
        port.add(listener)
        for _ in 0..<100 { port.wake() }
        #expect(listener.count == 0, "the loop turns, not the caller")
        loop.run()
        #expect(listener.count == 1)
        port.wake()
        loop.run()
        #expect(listener.count == 2)
        loop.run()
        #expect(listener.count == 2)
        try loop.syncShutdownGracefully()
    }

    @Test func aWakeUpDuringATurnIsAnotherTurn() throws {
        let loop = EmbeddedEventLoop()
        let port = LoopPort(eventLoop: loop)
        let listener = CountingListener()
        port.add(listener)
        listener.onCommit = { if listener.count < 5 { port.wake() } }
        port.wake()
        loop.run()
        #expect(listener.count == 5)
        try loop.syncShutdownGracefully()
    }

    @Test func answersComeBeforeTheListenersAndInOrder() throws {
        let loop = EmbeddedEventLoop()
        let port = LoopPort(eventLoop: loop)
        let trace = Trace()
        let listener = CountingListener()
        listener.onCommit = { trace.lines.append("commit") }
        port.add(listener)
        for number in 1...3 {
            let body: (Answer) -> Void = { answer in
                trace.lines.append("answer \(number) at \(answer.revision ?? 0)")
            }
            let bound = NIOLoopBound(body, eventLoop: loop)
            Reply.loop(port, bound).complete(.success(.done(revision: Int64(number * 10))))
        }
        port.wake()
        loop.run()
        #expect(trace.lines == ["answer 1 at 10", "answer 2 at 20", "answer 3 at 30", "commit"])
        try loop.syncShutdownGracefully()
    }

    @Test func whatAnswersScheduleComesBeforeTheListeners() throws {
        let loop = EmbeddedEventLoop()
        let port = LoopPort(eventLoop: loop)
        let trace = Trace()
        let listener = CountingListener()
        listener.onCommit = { trace.lines.append("commit") }
        port.add(listener)
        for number in 1...2 {
            let body: (Answer) -> Void = { _ in
                loop.execute { trace.lines.append("flush \(number)") }
            }
            Reply.loop(port, NIOLoopBound(body, eventLoop: loop)).complete(.success(.done(revision: 1)))
        }
        port.wake()
        loop.run()
        #expect(trace.lines == ["flush 1", "flush 2", "commit"])
        try loop.syncShutdownGracefully()
    }

    /// A lost wake-up would leave the loop asleep with something unread, and this test waiting for ever.
    @Test(.timeLimit(.minutes(5)))
    func noWakeUpIsLost() async throws {
        let commits = 100_000
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let port = LoopPort(eventLoop: loop)
        let newest = SharedNumber()
        let seenAll = loop.makePromise(of: Int.self)
        try await loop.submit {
            let listener = CountingListener()
            listener.onCommit = {
                if newest.value == commits { seenAll.succeed(listener.count) }
            }
            port.add(listener)
        }.get()
        let thread = Thread {
            for commit in 1...commits {
                newest.value = commit
                port.wake()
            }
        }
        thread.start()
        let turns = try await seenAll.futureResult.get()
        #expect(turns <= commits)
        try await group.shutdownGracefully()
    }
}

/// Counts its wake-ups.
private final class CountingListener: LoopListener {
    private(set) var count = 0
    var onCommit: () -> Void = {}

    func storeDidCommit() {
        self.count += 1
        self.onCommit()
    }
}

private final class Trace {
    var lines: [String] = []
}

/// A number that one thread writes and another reads.
private final class SharedNumber: Sendable {
    private let number = Atomic(0)

    var value: Int {
        get { self.number.load(ordering: .sequentiallyConsistent) }
        set { self.number.store(newValue, ordering: .sequentiallyConsistent) }
    }
}
