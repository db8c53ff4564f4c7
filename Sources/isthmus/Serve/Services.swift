import ChangeBus
import DataPlane
import NIOCore
import ServiceLifecycle
import Storage
import Synchronization
import Telemetry
import UnixSignals

/// Whether the server should be sent clients.
final class Readiness: Sendable {
    private let state = Atomic(false)

    var isReady: Bool {
        get { self.state.load(ordering: .acquiring) }
        set { self.state.store(newValue, ordering: .releasing) }
    }
}

/// Calls for clients once everything runs, and ends the data plane: not ready, stop accepting, send clients
/// away, close.
struct DataPlaneService: Service {
    /// How long clients have to leave (CONTRACT: 30 s).
    private static let grace = Duration.seconds(30)

    let dataPlane: DataPlaneServer
    let readiness: Readiness

    func run() async throws {
        // Signals are trapped before any service runs: who sees the server ready may also stop it in order.
        self.readiness.isReady = true
        try? await gracefulShutdown()
        self.readiness.isReady = false
        await self.dataPlane.shutdown(grace: Self.grace)
    }
}

/// Ends the store: answers what waits and closes the log as cleanly stopped.
struct StoreService: Service {
    let store: Store

    func run() async throws {
        try? await gracefulShutdown()
        self.store.stop()
    }
}

/// Ends the health listener.
struct HealthService: Service {
    let listener: HealthListener

    func run() async throws {
        try? await gracefulShutdown()
        await self.listener.shutdown()
    }
}

/// Turns SIGHUP into a look at the credentials.
struct SignalReloader: Service {
    let reloads: [DirtySet<String>]

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in await UnixSignalsSequence(trapping: .sighup) {
                for reloads in self.reloads { reloads.mark("signal") }
            }
        }
    }
}
