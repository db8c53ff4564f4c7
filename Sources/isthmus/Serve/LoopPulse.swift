import NIOCore
import ServiceLifecycle
import Synchronization
import Telemetry

/// Sees whether every event loop still turns: asks each to note the time, once a second.
final class LoopPulse: Service {
    private static let period = Duration.seconds(1)
    /// After how long without a note a loop counts as stuck.
    private static let patience = Duration.seconds(10)

    private let group: any EventLoopGroup
    private let clock: @Sendable () -> Duration
    private let lastTurns: Mutex<[ObjectIdentifier: Duration]>

    init(group: any EventLoopGroup, clock: @escaping @Sendable () -> Duration) {
        self.group = group
        self.clock = clock
        let now = clock()
        let loops = group.makeIterator().map { (ObjectIdentifier($0), now) }
        self.lastTurns = Mutex(Dictionary(uniqueKeysWithValues: loops))
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                for eventLoop in self.group.makeIterator() {
                    eventLoop.execute { self.note(ObjectIdentifier(eventLoop)) }
                }
                // Cancellation ends the sleep and the loop.
                try? await Task.sleep(for: Self.period)
            }
        }
    }

    /// Whether all loops turned lately.
    var verdict: HealthVerdict {
        let oldest = self.lastTurns.withLock { $0.values.min() } ?? self.clock()
        let silence = self.clock() - oldest
        return silence < Self.patience
            ? .healthy : .unhealthy(reason: "an event loop has not turned for \(silence)")
    }

    private func note(_ loop: ObjectIdentifier) {
        let now = self.clock()
        self.lastTurns.withLock { $0[loop] = now }
    }
}
