import CoreMetrics
import Logging
import NIOSSL

/// The data plane's credentials and what keeps them fresh.
struct Credentials {
    let source: CredentialSource
    let contexts: TLSContexts
    let keeper: CredentialKeeper

    /// Loads what the source has, and looks there again at each interval.
    init(
        _ source: CredentialSource,
        interval: Duration,
        metrics: any MetricsFactory,
        logger: Logger
    ) throws(StartFailure) {
        let context = try StartFailure.wrap {
            guard let context = try source.load() else {
                throw TLSContexts.Failure(description: "no credentials were found")
            }
            return context
        }
        self.source = source
        self.contexts = TLSContexts(context)
        self.keeper = CredentialKeeper(
            source: source,
            contexts: self.contexts,
            logger: logger,
            failures: Counter(label: "isthmus_data_credential_failures_total", factory: metrics),
            interval: interval
        )
    }
}
