import AdminPlane
import ChangeBus
import CoreMetrics
import DataPlane
import Foundation
import Logging
import MeshResources
import MeshSchema
import NIOCore
import NIOPosix
import NIOSSL
import PKI
import Persistence
import RPC
import ServiceLifecycle
import Storage
import Synchronization
import Telemetry
import UnixSignals

/// Puts a server together, in the order in which its parts need each other, and runs it.
///
///     logs, metrics → state directory → health listener → admin.db, certificates → store → heartbeat
///         → data plane → admin plane
///
/// The health listener comes early, so that a probe can tell a server that loads from one that is gone.
struct Server {
    private let configuration: ServeConfiguration
    private let registry: MetricsRegistry
    private let logger: Logger
    private let clock: @Sendable () -> Duration
    /// The loops of the data plane.
    private let group: MultiThreadedEventLoopGroup
    /// A loop for probes and scrapes, which must neither wait for the data plane nor hold it up.
    private let healthGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let readiness = Readiness()

    /// Runs until the process is told to stop.
    ///
    /// - Throws: ``StartFailure`` when a part cannot be made; nothing was served then.
    static func run(_ configuration: ServeConfiguration) async throws {
        let start = ContinuousClock.now
        let server = Server(
            configuration: configuration,
            registry: MetricsRegistry(),
            logger: Self.makeLogger(configuration),
            clock: { ContinuousClock.now - start },
            group: MultiThreadedEventLoopGroup(numberOfThreads: configuration.data.threads)
        )
        MetricsSystem.bootstrap(server.registry)
        try await server.run()
    }

    private func run() async throws {
        try StateDirectory(path: self.configuration.stateDirectory).prepare()
        let pulse = LoopPulse(group: self.group, clock: self.clock)
        let health = try await self.startHealth(pulse)
        let commits = AdminCommits()
        let adminStore = try AdminOpening.openStore(self.configuration, commits)
        let certificates = try await self.openCertificates(adminStore, commits)
        let trust = try await self.openTrust(certificates, commits)
        let credentials = try self.loadCredentials()
        let contexts = try await self.contexts(certificates, trust, credentials)
        let store = try self.openStore()
        let cluster = OwnCluster(
            store: store,
            name: self.configuration.clusterName,
            id: self.configuration.clusterID,
            mesh: self.configuration.mesh,
            interval: self.configuration.heartbeatInterval,
            logger: self.logger
        )
        try await self.announce(cluster)
        let dataPlane = try await self.startDataPlane(store, contexts, trust)
        await trust.watch(dataPlane)
        let admin = try await self.startAdminPlane(
            store,
            adminStore,
            commits,
            certificates,
            trust,
            dataPlane
        )
        StoreGauges(store: store).register(in: self.registry)
        ProcessGauges.register(in: self.registry)
        self.greet(dataPlane, admin, health)

        var services: [any Service] = [pulse, StoreService(store: store), health, cluster]
        if let credentials { services.append(credentials.keeper) }
        services.append(CertificateService(manager: certificates))
        services.append(
            SignalReloader(reloads: [certificates.reloads] + (credentials.map { [$0.keeper.reloads] } ?? []))
        )
        services.append(admin)
        // The last to start is the first to stop: clients are sent away before anything they use ends.
        services.append(DataPlaneService(dataPlane: dataPlane, readiness: self.readiness))
        let lifecycle = ServiceGroup(
            services: services,
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: self.logger
        )
        try await lifecycle.run()
        try await self.group.shutdownGracefully()
        try await self.healthGroup.shutdownGracefully()
        self.logger.info("stopped")
    }

    // MARK: - The parts

    private static func makeLogger(_ configuration: ServeConfiguration) -> Logger {
        let sink = LogSink(level: LogLevel(configuration.logLevel), clock: LogSink.wallClock)
        LoggingSystem.bootstrap { label in
            switch configuration.logFormat {
            case .json: JSONLogHandler(label: label, sink: sink)
            case .text: TextLogHandler(label: label, sink: sink)
            }
        }
        return Logger(label: "isthmus")
    }

    private func startHealth(_ pulse: LoopPulse) async throws -> HealthService {
        let readiness = self.readiness
        let checks = [
            HealthCheck("event-loops", scope: .liveness) { pulse.verdict },
            HealthCheck("store", scope: .readiness) {
                readiness.isReady
                    ? .healthy : .unhealthy(reason: "the store is being loaded or the server stops")
            },
        ]
        let listener = try await StartFailure.wrap(listeningOn: self.configuration.healthListen) {
            try await HealthListener.start(
                on: try self.configuration.healthListen.socketAddress(),
                group: self.healthGroup,
                checks: checks,
                registry: self.registry
            )
        }
        return HealthService(listener: listener)
    }

    /// The authorities and what keeps this server's own certificates fresh.
    private func openCertificates(
        _ store: AdminStore,
        _ commits: AdminCommits
    ) async throws -> CertificateManager {
        let opening = CertificateOpening(
            configuration: self.configuration,
            store: store,
            registry: self.registry,
            logger: self.logger
        )
        let manager = try await opening.open()
        commits.tell { ids in
            if ids.contains(where: { MeshPKI.isWatched($0) }) { manager.reloads.mark("change") }
        }
        return manager
    }

    /// Whom the listeners trust, and what follows changes of it.
    private func openTrust(
        _ certificates: CertificateManager,
        _ commits: AdminCommits
    ) async throws -> TrustKeeper {
        let pki = certificates.pki
        let keeper: TrustKeeper
        do throws(PKIError) {
            keeper = try TrustKeeper(pki, logger: self.logger)
        } catch {
            throw StartFailure(description: "the certificates cannot be used: \(error)")
        }
        pki.setHook { hooks in hooks.applyTrust = { await keeper.apply() } }
        await certificates.follow { await keeper.apply() }
        return keeper
    }

    /// The files of the data plane and what looks at them; `nil` when its certificate is our own, or TLS off.
    private func loadCredentials() throws -> Credentials? {
        guard case .files(let certificate, let key, let authorities) = self.configuration.data.tls else {
            return nil
        }
        let files = CredentialFiles(certificate: certificate, key: key, authorities: authorities)
        return try Credentials(
            .files(files),
            interval: .seconds(10),
            metrics: self.registry,
            logger: self.logger
        )
    }

    /// What new connections of the data plane begin with; `nil` without TLS.
    private func contexts(
        _ certificates: CertificateManager,
        _ trust: TrustKeeper,
        _ credentials: Credentials?
    ) async throws -> TLSContexts? {
        guard self.configuration.data.tls == .automatic else { return credentials?.contexts }
        let make = { @Sendable () throws -> NIOSSLContext in
            let roots = trust.trust.current.acceptableRoots
            return try TLSContexts.makeContext(certificates.current.current.server, roots: roots)
        }
        let contexts = TLSContexts(try make())
        let logger = self.logger
        let rebuild = { @Sendable in
            do {
                contexts.replace(try make())
                logger.info("the data plane has new credentials")
            } catch {
                logger.error("new credentials cannot be used", metadata: ["error": "\(error)"])
            }
        }
        await certificates.tell { _ in rebuild() }
        await trust.rebuild(rebuild)
        return contexts
    }

    private func openStore() throws -> Store {
        var limits = StoreConfiguration()
        limits.quotaBytes = self.configuration.store.quota.bytes
        limits.historyByteLimit = Int(self.configuration.store.historyLimit.bytes)
        limits.compactionInterval = self.configuration.store.compactionInterval
        let opening = StoreOpening(
            path: self.configuration.stateDirectory + "/store.db",
            durability: .init(rawValue: self.configuration.store.durability.rawValue) ?? .strict,
            limits: limits,
            newIdentity: { StoreOpening.randomIdentity() },
            clock: self.clock,
            metrics: self.registry,
            logger: self.logger
        )
        return try StartFailure.wrap { try opening.open() }
    }

    /// Writes the first heartbeat, unless the store takes no writes: reading must work on a full disk too.
    private func announce(_ cluster: OwnCluster) async throws {
        do {
            try await cluster.announce()
        } catch {
            self.logger.error("the cluster's own keys cannot be written", metadata: ["error": "\(error)"])
        }
    }

    private func startDataPlane(
        _ store: Store,
        _ contexts: TLSContexts?,
        _ trust: TrustKeeper
    ) async throws -> DataPlaneServer {
        let identification = Identification(
            clusterName: self.configuration.clusterName,
            trust: trust.trust,
            sightings: trust.sightings
        )
        // With files, who is trusted is in a file, too; what was revoked counts all the same.
        let verify = self.configuration.data.tls == .automatic ? ClientTrust(trust: trust.trust).verify : nil
        let data = self.configuration.data
        let hostName = ProcessInfo.processInfo.hostName
        var plane = DataPlaneConfiguration(
            advertisedURLs: data.clientURLs(boundPort: data.listen.port, hostName: hostName)
        )
        plane.memberName = self.configuration.clusterName.rawValue
        let tls = contexts.map { contexts -> @Sendable () -> NIOSSLContext? in { contexts.current } }
        let identify: DataPlaneServer.Identify = { (peer) throws(RPCRefusal) in
            try identification.client(peer)
        }
        return try await StartFailure.wrap(listeningOn: data.listen) {
            try await DataPlaneServer.start(
                endpoints: [
                    DataPlaneEndpoint(address: try data.listen.socketAddress(), tls: tls, verify: verify)
                ],
                group: self.group,
                store: store,
                configuration: plane,
                identify: identify,
                randomBytes: { count in (0..<count).map { _ in UInt8.random(in: 0...255) } },
                makeDigest: { try SHA256Digest() },
                wallClock: { WallClock.milliseconds },
                metrics: self.registry,
                logger: self.logger
            )
        }
    }

    private func startAdminPlane(
        _ store: Store,
        _ adminStore: AdminStore,
        _ commits: AdminCommits,
        _ certificates: CertificateManager,
        _ trust: TrustKeeper,
        _ dataPlane: DataPlaneServer
    ) async throws -> AdminServer {
        let opening = AdminOpening(
            configuration: self.configuration,
            store: store,
            admin: adminStore,
            commits: commits,
            certificates: certificates,
            trust: trust.trust,
            registry: self.registry,
            logger: self.logger
        )
        let facts = SystemFactsSource(
            store: store,
            certificates: certificates,
            dataPlane: dataPlane,
            readiness: self.readiness,
            durability: self.configuration.store.durability,
            startTime: AdminClock.now()
        )
        let data = DataPlaneView(
            dataPlane,
            store: store,
            identification: Identification(clusterName: self.configuration.clusterName)
        )
        return try await opening.start(data: data) { await facts.current() }
    }

    private func greet(_ dataPlane: DataPlaneServer, _ admin: AdminServer, _ health: HealthService) {
        let address = dataPlane.localAddresses.first
        let port = address?.port ?? self.configuration.data.listen.port
        self.logger.info(
            "listening",
            metadata: [
                "data.address": "\(address?.text ?? "")",
                "admin.address": "\(admin.urls.joined(separator: ","))",
                "health.address": "\(health.listener.localAddress.text)",
            ]
        )
        let banner = Banner(
            clusterName: self.configuration.clusterName.rawValue,
            clientURL: self.configuration.data.localURL(boundPort: port),
            adminURL: admin.urls.first,
            healthURL: self.configuration.healthListen.localURL(
                scheme: "http",
                boundPort: health.listener.localAddress.port ?? 0
            ),
            stateDirectory: StateDirectory(path: self.configuration.stateDirectory).absolutePath,
            hasOwnCertificates: self.configuration.data.tls == .automatic
        )
        FileHandle.standardOutput.write(Data(banner.text.utf8))
    }
}

/// The data plane knows no library of cryptography.
extension SHA256Digest: SnapshotDigest {}
