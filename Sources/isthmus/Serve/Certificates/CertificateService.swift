import ChangeBus
import ServiceLifecycle

/// Lets the certificate manager look now and then, and when something has changed.
struct CertificateService: Service {
    let manager: CertificateManager

    func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    // Cancellation ends the sleep and the loop.
                    try? await Task.sleep(for: await self.manager.pause)
                    self.manager.reloads.mark("timer")
                }
            }
            await cancelWhenGracefulShutdown {
                while await self.manager.reloads.next() != .names([]) { await self.manager.look() }
            }
            group.cancelAll()
        }
    }
}
