import CoreMetrics
import MVCC
import NIOCore
import NIOPosix
import Passwords
import Synchronization

/// Hashes and checks passwords, which takes tens of milliseconds each, on threads of its own: neither the
/// event loops nor the commit thread wait, and long ranges do not queue behind logins.
final class PasswordWorker: Sendable {
    private let pool: NIOThreadPool
    private let limit: Int
    private let cost: Int
    private let metrics: AuthMetrics
    private let randomBytes: @Sendable (Int) -> [UInt8]
    /// How many are being worked on or wait.
    private let pending = Atomic(0)

    /// Starts the threads; ``stop()`` must be called.
    init(
        pool: NIOThreadPool,
        limits: AuthLimits,
        metrics: AuthMetrics,
        randomBytes: @escaping @Sendable (Int) -> [UInt8]
    ) {
        self.pool = pool
        self.limit = limits.passwordLimit
        self.cost = limits.bcryptCost
        self.metrics = metrics
        self.randomBytes = randomBytes
        self.pool.start()
    }

    /// Ends the threads; what waits is answered with ``StoreError/stopped``.
    func stop() async {
        // The pool says only that it was stopped before, which is as well.
        try? await self.pool.shutdownGracefully()
    }

    /// Hashes a password with a new salt; `body` is called on `eventLoop`, where this is called.
    func hash(
        _ password: String,
        on eventLoop: any EventLoop,
        then body: @escaping (Result<Result<PasswordHash, PasswordHash.Failure>, StoreError>) -> Void
    ) {
        let salt = self.randomBytes(PasswordHash.saltByteCount)
        let cost = self.cost
        self.run(on: eventLoop, then: body) {
            do throws(PasswordHash.Failure) {
                return .success(try PasswordHash(password: password, cost: cost, salt: salt))
            } catch {
                return .failure(error)
            }
        }
    }

    /// Checks a password against the text of a hash, and has a token made if it is right.
    ///
    /// Signing a token takes time as well. `body` is called on `eventLoop`, where this is called, with `nil`
    /// for a wrong password.
    func check(
        _ password: String,
        against text: String,
        on eventLoop: any EventLoop,
        makeToken: @escaping @Sendable () -> Result<String, TokenFailure>,
        then body: @escaping (Result<Result<String, TokenFailure>?, StoreError>) -> Void
    ) {
        // A text that is no hash is nobody's password: such a user was given none that counts.
        guard let hash = try? PasswordHash(text: text) else {
            body(.success(nil))
            return
        }
        self.run(on: eventLoop, then: body) { hash.matches(password) ? makeToken() : nil }
    }

    private func run<Output: Sendable>(
        on eventLoop: any EventLoop,
        then body: @escaping (Result<Output, StoreError>) -> Void,
        _ work: @escaping @Sendable () -> Output
    ) {
        guard self.pending.add(1, ordering: .relaxed).newValue <= self.limit else {
            self.pending.subtract(1, ordering: .relaxed)
            self.metrics.refusedPasswords.increment()
            body(.failure(.overloaded))
            return
        }
        let task = self.pool.runIfActive(eventLoop: eventLoop) { work() }
        task.assumeIsolated().whenComplete { result in
            self.pending.subtract(1, ordering: .relaxed)
            // The pool fails only when it does not run.
            body(result.mapError { _ in .stopped })
        }
    }
}
