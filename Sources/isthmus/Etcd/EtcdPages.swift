import DataPlane
import Storage
import Telemetry

/// The pages that etcd serves to probes and scrapes beside `/version` and `/health`: `/metrics`, `/livez` and
/// `/readyz`, with etcd's names of the checks (`etcdhttp/health.go`).
struct EtcdPages: Sendable {
    private let routes: HealthRoutes

    init(registry: MetricsRegistry, store: Store, readiness: Readiness, pulse: LoopPulse) {
        let isReady: @Sendable () -> HealthVerdict = {
            readiness.isReady ? .healthy : .unhealthy(reason: "the server starts or stops")
        }
        self.routes = HealthRoutes(
            checks: [
                HealthCheck("serializable_read", scope: .liveness) { pulse.verdict },
                HealthCheck("data_corruption", scope: .readiness) {
                    store.replica.current.isCorrupt
                        ? .unhealthy(reason: "alarm activated: CORRUPT") : .healthy
                },
                HealthCheck("linearizable_read", scope: .readiness, verdict: isReady),
                HealthCheck("non_learner", scope: .readiness) { .healthy },
            ],
            metrics: { registry.render() }
        )
    }

    /// Returns the page at a path, if there is one.
    func find(_ method: String, _ target: String) -> ProbePage? {
        guard ["/metrics", "/livez", "/readyz"].contains(where: target.hasPrefix) else { return nil }
        let response = self.routes.response(method: method, target: target)
        return ProbePage(
            status: response.statusCode,
            contentType: response.contentType,
            body: response.body
        )
    }
}
