import NIOCore
import NIOPosix

/// The part of a work that one event loop does.
///
/// Loop-bound.
protocol CrewMember: AnyObject, SendableMetatype {
    var pool: ConnectionPool { get }
}

/// One member per event loop, and the way to tell all of them to do something.
final class Crew<Member: CrewMember>: Sendable {
    private struct Place: Sendable {
        let eventLoop: any EventLoop
        let member: NIOLoopBoundBox<Member>
        let failed: EventLoopFuture<Void>
    }

    private let places: [Place]
    private let timeout: Int

    /// Starts the event loops and lets `make` create the member with each number, on its loop.
    init(
        _ options: CommonOptions,
        make: @escaping @Sendable (ConnectionPool, Int) -> Member
    ) async throws {
        let target = try options.target()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: options.threads)
        var places: [Place] = []
        for (index, eventLoop) in group.makeIterator().enumerated() {
            let place = eventLoop.submit {
                let pool = ConnectionPool(eventLoop: eventLoop, target: target)
                let member = NIOLoopBoundBox(make(pool, index), eventLoop: eventLoop)
                return Place(eventLoop: eventLoop, member: member, failed: pool.failed.futureResult)
            }
            places.append(try await place.get())
        }
        self.places = places
        self.timeout = options.timeout
    }

    var count: Int { self.places.count }

    /// Runs `body` on each loop and returns the results in the order of the members.
    ///
    /// - Throws: The first failure of any member or connection, or ``LoadError/timedOut(seconds:)``.
    @discardableResult
    func all<Result: Sendable>(
        _ body: @escaping @Sendable (Member) -> EventLoopFuture<Result>
    ) async throws -> [Result] {
        try await self.each(self.places, body)
    }

    /// Runs `body` on the first loop only.
    @discardableResult
    func first<Result: Sendable>(
        _ body: @escaping @Sendable (Member) -> EventLoopFuture<Result>
    ) async throws -> [Result] {
        try await self.each(Array(self.places.prefix(1)), body)
    }

    private func each<Result: Sendable>(
        _ chosen: [Place],
        _ body: @escaping @Sendable (Member) -> EventLoopFuture<Result>
    ) async throws -> [Result] {
        let home = self.places[0].eventLoop
        let outcome = home.makePromise(of: [Result].self)
        let futures = chosen.map { place in
            place.eventLoop.flatSubmit { body(place.member.value) }
        }
        for place in self.places { place.failed.whenFailure { outcome.fail($0) } }
        let seconds = self.timeout
        let alarm = home.scheduleTask(in: .seconds(Int64(seconds))) {
            outcome.fail(LoadError.timedOut(seconds: seconds))
        }
        EventLoopFuture.whenAllSucceed(futures, on: home).cascade(to: outcome)
        defer { alarm.cancel() }
        return try await outcome.futureResult.get()
    }
}

/// Returns the share of `total` that falls to member `index` of `count`.
func share(of total: Int, _ index: Int, of count: Int) -> Int {
    (total - index + count - 1) / count
}
