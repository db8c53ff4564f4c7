import ChangeBus
import ServiceLifecycle

/// Lets the certificate manager look now and then, and when something has changed.
struct CertificateService: Service {
    let manager: CertificateManager

    func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    // Cancellation ends the sleep and the loop. A look may bring the next one forward, so the
                    // time is not slept through.
                    try? await Task.sleep(for: .seconds(1))
                    if await self.manager.isDue { self.manager.reloads.mark("timer") }
                }
            }
            await cancelWhenGracefulShutdown {
                while await self.manager.reloads.next() != .names([]) { await self.manager.look() }
            }
            group.cancelAll()
        }
    }
}
