import AdminPlane
import ChangeBus
import Foundation
import Logging
import MeshResources
import MicroHTTP
import NIOCore
import PKI
import Persistence
import ServiceLifecycle
import Telemetry

/// The admin plane in this process: its database, its listeners, and what runs beside them.
struct AdminServer: Service {
    /// How long requests have to end when the server stops.
    private static let grace = Duration.seconds(10)
    /// How long old listeners go on after a change of certificates.
    private static let credentialGrace = Duration.seconds(30)
    /// How often old events and answers are deleted.
    private static let pruneInterval = Duration.seconds(300)
    /// What is kept of events and answers (DESIGN's limits: 100,000 rows or 7 days; a day of answers).
    private static let eventCount: Int64 = 100_000
    private static let eventAge: Int64 = 7 * 86_400 * 1_000_000_000
    private static let answerAge: Int64 = 86_400 * 1_000_000_000

    let store: AdminStore
    let service: AdminService
    let feed: EventFeed
    let publisher: Publisher
    let jobs: JobRunner
    /// The listeners; `nil` without any.
    let server: MicroHTTP.Server?
    let certificates: AdminCertificates?
    let logger: Logger
    /// Marked when there are new certificates.
    let reloads: DirtySet<String>
    /// Where it can be reached from this machine.
    let urls: [String]

    func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.feed.run() }
            group.addTask { await self.publisher.run() }
            group.addTask { await self.jobs.run() }
            group.addTask { await self.prune() }
            group.addTask {
                while await self.reloads.next() != .names([]) { self.reload() }
            }
            try? await gracefulShutdown()
            await self.server?.stop(grace: Self.grace)
            group.cancelAll()
        }
        do {
            try self.store.close()
        } catch {
            self.logger.error("admin.db was not closed in order", metadata: ["error": "\(error)"])
        }
    }

    private func prune() async {
        while !Task.isCancelled {
            let now = AdminClock.now()
            do {
                try await self.store.prune(
                    keepingNewest: Self.eventCount,
                    eventsBefore: now - Self.eventAge,
                    answersBefore: now - Self.answerAge
                )
            } catch {
                self.logger.error("old events could not be deleted", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: Self.pruneInterval)
        }
    }

    private func reload() {
        guard let certificates = self.certificates else { return }
        do {
            guard let credentials = certificates.load() else { return }
            try self.server?.replaceCredentials(credentials, grace: Self.credentialGrace)
            self.logger.info("the admin listener has a new certificate")
        } catch {
            self.logger.error(
                "the admin listener's certificate could not be renewed; the old one stays in use",
                metadata: ["error": "\(error)"]
            )
        }
    }
}

/// The time of the admin plane.
enum AdminClock {
    /// Suspends for so long, or until the task is cancelled.
    @Sendable static func sleep(_ duration: Duration) async { try? await Task.sleep(for: duration) }

    /// Nanoseconds since 1970.
    @Sendable static func now() -> Int64 {
        WallClock.nanoseconds
    }
}
