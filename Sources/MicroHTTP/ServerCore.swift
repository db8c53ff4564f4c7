import CoreMetrics
import NIOCore
import Synchronization

/// What all daemons of a server share.
final class ServerCore: Sendable {
    let limits: ServerLimits
    let planBody: (@Sendable (Request) -> BodyPlan)?
    let handler: @Sendable (Request) async -> Response
    let refusalResponse: @Sendable (Refusal) -> Response
    let now: @Sendable () -> NIODeadline
    let metrics: ServerMetrics
    let watchdog: Watchdog
    let executor: HandlerExecutor
    let isStopping = Atomic(false)

    let idleNanoseconds: UInt64
    let headNanoseconds: UInt64
    let bodyNanoseconds: UInt64
    let answerNanoseconds: UInt64

    private let inFlight = Atomic(0)

    init(
        limits: ServerLimits,
        planBody: (@Sendable (Request) -> BodyPlan)?,
        metrics: ServerMetrics,
        watchdog: Watchdog,
        executor: HandlerExecutor,
        now: @escaping @Sendable () -> NIODeadline,
        refusalResponse: @escaping @Sendable (Refusal) -> Response,
        handler: @escaping @Sendable (Request) async -> Response
    ) {
        self.limits = limits
        self.planBody = planBody
        self.metrics = metrics
        self.watchdog = watchdog
        self.executor = executor
        self.now = now
        self.refusalResponse = refusalResponse
        self.handler = handler
        self.idleNanoseconds = Self.nanoseconds(limits.idleTimeout)
        self.headNanoseconds = Self.nanoseconds(limits.headTimeout)
        self.bodyNanoseconds = Self.nanoseconds(limits.bodyTimeout)
        self.answerNanoseconds = Self.nanoseconds(limits.answerTimeout)
    }

    private static func nanoseconds(_ duration: Duration) -> UInt64 {
        UInt64(max(0, TimeAmount(duration).nanoseconds))
    }

    /// Takes a place for a request, unless all are taken.
    func admit() -> Bool {
        let count = self.inFlight.add(1, ordering: .relaxed).newValue
        guard count <= self.limits.requestsInFlight else {
            self.inFlight.subtract(1, ordering: .relaxed)
            return false
        }
        self.metrics.inFlight.set(count)
        return true
    }

    /// Gives the place of a request back.
    func dismiss() {
        self.metrics.inFlight.set(self.inFlight.subtract(1, ordering: .relaxed).newValue)
    }

    /// The time in which a body must come.
    func bodyTime(byteCount: Int) -> UInt64 {
        let excess = max(0, byteCount - self.limits.bodyBytes)
        return self.bodyNanoseconds
            + UInt64(excess / max(1, self.limits.bodyBytesPerSecond)) * 1_000_000_000
    }

    /// The time in which an answer must be taken.
    func answerTime(byteCount: Int) -> UInt64 {
        self.answerNanoseconds + UInt64(byteCount / max(1, self.limits.answerBytesPerSecond)) * 1_000_000_000
    }
}
