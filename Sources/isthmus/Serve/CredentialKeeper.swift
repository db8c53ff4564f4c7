import ChangeBus
import CoreMetrics
import Foundation
import Logging
import PKI
import ServiceLifecycle

/// Keeps the data plane's certificate fresh: looks at its source now and then, and when asked to.
///
/// What it finds is built and checked before it replaces what is in use; what cannot be used leaves the old
/// in place.
struct CredentialKeeper: Service {
    let source: CredentialSource
    let contexts: TLSContexts
    let logger: Logger
    let failures: Counter
    /// How long between two looks.
    let interval: Duration
    /// Marked by SIGHUP.
    let reloads = DirtySet<String>(limit: 16)

    func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    // Cancellation ends the sleep and the loop.
                    try? await Task.sleep(for: self.interval)
                    self.reloads.mark("timer")
                }
            }
            await cancelWhenGracefulShutdown {
                var lastProblem: String?
                while !Task.isCancelled {
                    guard await self.reloads.next() != .names([]) else { break }
                    self.look(&lastProblem)
                }
            }
            group.cancelAll()
        }
    }

    private func look(_ lastProblem: inout String?) {
        do {
            if let context = try self.source.load() {
                self.contexts.replace(context)
                self.logger.info("the data plane has a new certificate")
            }
            lastProblem = nil
        } catch {
            self.failures.increment()
            // Once for each problem, not once for each look.
            if lastProblem != "\(error)" {
                self.logger.error(
                    "the data plane's certificate could not be renewed; the old one stays in use",
                    metadata: ["error": "\(error)"]
                )
            }
            lastProblem = "\(error)"
        }
    }
}
