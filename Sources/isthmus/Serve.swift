import AdminPlane
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
///     logs, metrics → state directory → health listener → certificates → store → heartbeat → data plane
///         → admin plane
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
        let credentials = try self.loadCredentials()
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
        let dataPlane = try await self.startDataPlane(store, credentials?.contexts)
        let admin = try await self.startAdminPlane(store, credentials?.source, dataPlane)
        StoreGauges(store: store, source: credentials?.source).register(in: self.registry)
        ProcessGauges.register(in: self.registry)
        self.greet(dataPlane, admin, health)

        var services: [any Service] = [pulse, StoreService(store: store), health, cluster]
        if let credentials { services.append(credentials.keeper) }
        services.append(
            SignalReloader(reloads: [admin.reloads] + (credentials.map { [$0.keeper.reloads] } ?? []))
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

    /// The credentials of the data plane and what keeps them fresh; `nil` without TLS.
    private func loadCredentials() throws -> Credentials? {
        let source: CredentialSource
        let interval: Duration
        switch self.configuration.data.tls {
        case .off: return nil
        case .automatic:
            var settings = PKIDirectory.Settings(clusterName: self.configuration.clusterName.rawValue)
            settings.serverNames = self.configuration.data.certificateNames
            let path = self.configuration.stateDirectory + "/pki"
            source = .automatic(PKIDirectory(path: path, settings: settings), logger: self.logger)
            interval = .seconds(3_600)
        case .files(let certificate, let key, let authorities):
            let files = CredentialFiles(certificate: certificate, key: key, authorities: authorities)
            source = .files(files, logger: self.logger)
            interval = .seconds(10)
        }
        return try Credentials(source, interval: interval, metrics: self.registry, logger: self.logger)
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

    private func startDataPlane(_ store: Store, _ contexts: TLSContexts?) async throws -> DataPlaneServer {
        let identification = Identification(clusterName: self.configuration.clusterName)
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
                endpoints: [DataPlaneEndpoint(address: try data.listen.socketAddress(), tls: tls)],
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
        _ source: CredentialSource?,
        _ dataPlane: DataPlaneServer
    ) async throws -> AdminServer {
        let opening = AdminOpening(
            configuration: self.configuration,
            store: store,
            registry: self.registry,
            logger: self.logger
        )
        let facts = SystemFactsSource(
            store: store,
            source: source,
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
