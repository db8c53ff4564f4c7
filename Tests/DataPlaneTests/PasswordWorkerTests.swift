import CoreMetrics
import MVCC
import NIOCore
import NIOPosix
import Passwords
import Testing

@testable import DataPlane

@Suite(.timeLimit(.minutes(5))) struct PasswordWorkerTests {
    private static func makeWorker(limit: Int) -> PasswordWorker {
        var limits = AuthLimits()
        limits.bcryptCost = 4
        limits.passwordLimit = limit
        return PasswordWorker(
            pool: NIOThreadPool(numberOfThreads: limits.passwordThreads),
            limits: limits,
            metrics: AuthMetrics(factory: NOOPMetricsHandler.instance),
            randomBytes: { Array(repeating: 7, count: $0) }
        )
    }

    /// Hashes passwords at once on a loop, and returns what became of them in the order of asking.
    private static func hash(
        _ passwords: [String],
        with worker: PasswordWorker
    ) async throws -> [Result<Result<PasswordHash, PasswordHash.Failure>, StoreError>] {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        return try await eventLoop.flatSubmit {
            let answers = passwords.map { password in
                let promise = eventLoop.makePromise(
                    of: Result<Result<PasswordHash, PasswordHash.Failure>, StoreError>.self
                )
                worker.hash(password, on: eventLoop) { promise.succeed($0) }
                return promise.futureResult
            }
            return EventLoopFuture.whenAllSucceed(answers, on: eventLoop)
        }.get()
    }

    private static func check(
        _ password: String,
        _ text: String,
        with worker: PasswordWorker
    ) async throws -> Bool {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let result = try await eventLoop.flatSubmit {
            let promise = eventLoop.makePromise(of: Result<Bool, StoreError>.self)
            let makeToken: @Sendable () -> Result<String, TokenFailure> = { .success("token") }
            worker.check(password, against: text, on: eventLoop, makeToken: makeToken) { result in
                promise.succeed(result.map { (try? $0?.get()) == "token" })
            }
            return promise.futureResult
        }.get()
        return try result.get()
    }

    @Test func whatIsHashedCanBeChecked() async throws {
        let worker = Self.makeWorker(limit: 10)
        let hash = try await Self.hash(["secret"], with: worker)[0].get().get()
        #expect(hash.text.hasPrefix("$2a$04$"))
        #expect(try await Self.check("secret", hash.text, with: worker))
        #expect(try await !Self.check("Secret", hash.text, with: worker))
        #expect(try await !Self.check("", "", with: worker), "no hash is nobody's password")
        await worker.stop()
    }

    @Test func whatIsTooMuchIsRefusedAndTheRestIsDone() async throws {
        let worker = Self.makeWorker(limit: 3)
        let results = try await Self.hash(["a", "b", "c", "d", "e"], with: worker)
        #expect(results.prefix(3).allSatisfy { (try? $0.get()) != nil })
        #expect(results.suffix(2).allSatisfy { $0 == .failure(.overloaded) })
        let later = try await Self.hash(["f"], with: worker)
        #expect((try? later[0].get()) != nil, "there is room again")
        await worker.stop()
    }

    @Test func aPasswordThatCannotBeHashedIsNamed() async throws {
        let worker = Self.makeWorker(limit: 3)
        let results = try await Self.hash([String(repeating: "x", count: 73), "a\0"], with: worker)
        #expect(results == [.success(.failure(.tooLong)), .success(.failure(.zeroByte))])
        await worker.stop()
    }

    @Test func afterTheEndNothingIsHashed() async throws {
        let worker = Self.makeWorker(limit: 3)
        await worker.stop()
        #expect(try await Self.hash(["a"], with: worker) == [.failure(.stopped)])
    }
}
