import DataPlane
import ServiceLifecycle

/// Listens while the process runs.
///
/// Begins to listen only here, when signals are trapped already: who finds `/health` may also stop the server
/// in order.
struct EtcdListeners: Service {
    let readiness: Readiness
    /// Binds the listeners, and says so.
    let start: @Sendable () async throws -> DataPlaneServer

    func run() async throws {
        let dataPlane = try await self.start()
        try await DataPlaneService(dataPlane: dataPlane, readiness: self.readiness).run()
    }
}
