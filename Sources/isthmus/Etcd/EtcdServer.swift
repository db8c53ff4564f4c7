import ChangeBus
import CoreMetrics
import DataPlane
import Foundation
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import PKI
import Persistence
import RPC
import ServiceLifecycle
import Storage
import Telemetry
import UnixSignals
import Watching

/// Puts a server together that stands in for etcd, from the same parts as ``Server``.
///
///     log → data directory → tokens, certificates → store → listeners → metrics
///
/// It differs in what surrounds the store: nobody is built in, nothing is written that clients did not write,
/// and metrics and health are pages of the client's listeners too.
struct EtcdServer {
    private let configuration: EtcdConfiguration
    private let registry = MetricsRegistry()
    private let logger: Logger
    private let clock: @Sendable () -> Duration
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
    private let readiness = Readiness()
    private let environment: [String: String]

    /// Runs until the process is told to stop.
    ///
    /// - Throws: ``StartFailure`` or ``EtcdSettings/Refusal`` when a part cannot be made; nothing was served
    ///   then.
    static func run(
        _ configuration: EtcdConfiguration,
        arguments: [String],
        environment: [String: String]
    ) async throws {
        let start = ContinuousClock.now
        let server = EtcdServer(
            configuration: configuration,
            logger: try EtcdLog.bootstrap(configuration.log),
            clock: { ContinuousClock.now - start },
            environment: environment
        )
        MetricsSystem.bootstrap(server.registry)
        server.report(arguments)
        try await server.run()
    }

    private func report(_ arguments: [String]) {
        self.logger.info("Running: ", metadata: ["args": .array(arguments.map { "\($0)" })])
        for warning in self.configuration.warnings { self.logger.warning("\(warning)") }
        guard !self.configuration.ignoredFlags.isEmpty else { return }
        self.logger.warning(
            "these settings mean nothing to isthmus, which is one process with one store",
            metadata: ["flags": .array(self.configuration.ignoredFlags.map { "\($0)" })]
        )
    }

    private func run() async throws {
        let directory = try EtcdDirectory(self.configuration.dataDirectory)
        let tokens = try self.makeTokens()
        let credentials = try self.loadCredentials(directory)
        let revoked = Published<RevocationList?>(try self.loadRevocations())
        let store = try self.openStore(directory)
        let pulse = LoopPulse(group: self.group, clock: self.clock)

        var services: [any Service] = [pulse, StoreService(store: store)]
        if let credentials {
            services += [credentials.keeper, SignalReloader(reloads: [credentials.keeper.reloads])]
        }
        if let path = self.configuration.security.revocationFile {
            services.append(RevocationKeeper(path: path, lists: revoked, logger: self.logger))
        }
        services.append(
            EtcdListeners(readiness: self.readiness) {
                let dataPlane = try await self.startDataPlane(store, credentials, revoked, tokens, pulse)
                self.greet(dataPlane)
                await InitDaemon.notifyReady(environment: self.environment, group: self.group)
                return dataPlane
            }
        )
        let lifecycle = ServiceGroup(
            services: services,
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: self.logger
        )
        try await lifecycle.run()
        try await self.group.shutdownGracefully()
        self.removeSockets()
        self.logger.info("closed etcd server", metadata: ["name": "\(self.configuration.name)"])
    }

    // MARK: - The parts

    private func makeTokens() throws -> (any TokenProvider)? {
        guard case .webTokens(let options) = self.configuration.tokens else {
            self.logger.warning("simple token is not cryptographically signed")
            return nil
        }
        return WebTokens(key: try options.key(), timeToLive: options.timeToLive) {
            Date().timeIntervalSince1970
        }
    }

    /// The credentials of the listeners and what keeps them fresh; `nil` when no URL needs them.
    private func loadCredentials(_ directory: EtcdDirectory) throws -> Credentials? {
        let urls = self.configuration.clientURLs + self.configuration.metricsURLs
        guard urls.contains(where: \.isSecure) else { return nil }
        let security = self.configuration.security
        var demands = security.tls
        // As in Go's server: authorities alone make a certificate a must, too.
        demands.clientCertificate = security.identifiesByCertificate || security.authoritiesFile != nil
        let files: CredentialFiles
        if security.isAutomatic {
            let made = try StartFailure.wrap {
                try SelfSignedFiles(
                    directory: directory.path,
                    hosts: urls.compactMap(\.dialledHost) + ["localhost", "127.0.0.1"],
                    years: security.years,
                    now: Int64(Date().timeIntervalSince1970)
                )
            }
            files = CredentialFiles(
                certificate: made.certificate,
                key: made.key,
                authorities: security.authoritiesFile,
                demands: demands
            )
        } else {
            files = CredentialFiles(
                certificate: security.certificateFile ?? "",
                key: security.keyFile ?? "",
                authorities: security.authoritiesFile,
                demands: demands
            )
        }
        return try Credentials(
            .files(files),
            // etcd reads them at each handshake.
            interval: .seconds(1),
            metrics: self.registry,
            logger: self.logger
        )
    }

    private func loadRevocations() throws -> RevocationList? {
        guard let path = self.configuration.security.revocationFile else { return nil }
        return try StartFailure.wrap { try RevocationKeeper.read(path) }
    }

    private func openStore(_ directory: EtcdDirectory) throws -> Store {
        let settings = self.configuration.store
        var limits = StoreConfiguration()
        limits.quotaBytes = settings.quotaBytes
        limits.compactionInterval = settings.compactionInterval
        limits.historyRevisions = settings.keptRevisions
        limits.compactsByRevision = settings.compactsByRevision
        let identity = try StartFailure.wrap {
            try StoreIdentity(peerURLs: self.configuration.peerURLs, token: self.configuration.token)
        }
        let opening = StoreOpening(
            path: directory.store,
            durability: settings.isSynced ? .strict : .relaxed,
            limits: limits,
            newIdentity: { identity },
            clock: self.clock,
            metrics: self.registry,
            logger: self.logger
        )
        return try StartFailure.wrap { try opening.open() }
    }

    private func startDataPlane(
        _ store: Store,
        _ credentials: Credentials?,
        _ revoked: Published<RevocationList?>,
        _ tokens: (any TokenProvider)?,
        _ pulse: LoopPulse
    ) async throws -> DataPlaneServer {
        let contexts = credentials?.contexts
        let tls = contexts.map { contexts -> @Sendable () -> NIOSSLContext? in { contexts.current } }
        let security = self.configuration.security
        let identification = EtcdIdentification(
            identifiesByCertificate: security.identifiesByCertificate,
            allowedHosts: security.allowedHosts,
            revoked: revoked
        )
        let pages = EtcdPages(registry: self.registry, store: store, readiness: self.readiness, pulse: pulse)
        do {
            return try await DataPlaneServer.start(
                endpoints: try self.endpoints(tls),
                group: self.group,
                store: store,
                configuration: self.dataPlaneConfiguration(pages),
                identify: { (peer) throws(RPCRefusal) in try identification.client(peer) },
                tokens: tokens,
                randomBytes: { count in (0..<count).map { _ in UInt8.random(in: 0...255) } },
                makeDigest: { try SHA256Digest() },
                wallClock: { WallClock.milliseconds },
                metrics: self.registry,
                logger: self.logger,
                willListen: { self.registerMetrics(store, credentials) }
            )
        } catch let failure as ListenFailure {
            throw StartFailure(description: "listen tcp \(failure.address.text): \(failure.reason)")
        }
    }

    private func registerMetrics(_ store: Store, _ credentials: Credentials?) {
        StoreGauges(store: store).register(in: self.registry)
        ProcessGauges.register(in: self.registry)
        EtcdMetrics(registry: self.registry, store: store, isSynced: self.configuration.store.isSynced)
            .register()
    }

    private func endpoints(_ tls: (@Sendable () -> NIOSSLContext?)?) throws -> [DataPlaneEndpoint] {
        self.removeSockets()
        let hasIPv6 = FileManager.default.contents(atPath: "/proc/net/if_inet6")?.isEmpty == false
        func endpoint(_ url: EtcdURL, _ content: DataPlaneEndpoint.Content) throws -> DataPlaneEndpoint {
            let address = try url.socketAddress(hasIPv6: hasIPv6)
            return DataPlaneEndpoint(address: address, tls: url.isSecure ? tls : nil, content: content)
        }
        return try self.configuration.clientURLs.map { try endpoint($0, .api) }
            + self.configuration.metricsURLs.map { try endpoint($0, .probes) }
    }

    private func dataPlaneConfiguration(_ pages: EtcdPages) -> DataPlaneConfiguration {
        let limits = self.configuration.limits
        var plane = DataPlaneConfiguration(
            advertisedURLs: self.configuration.advertisedClientURLs.map(\.description)
        )
        plane.memberName = self.configuration.name
        plane.peerURLs = self.configuration.peerURLs.map(\.description)
        plane.maximumOperations = limits.operations
        plane.maximumRequestBytes = limits.requestBytes
        plane.progressInterval = limits.progressInterval
        plane.servesGateway = self.configuration.servesGateway
        plane.allowsAnyOrigin = true
        plane.probes = { method, target in pages.find(method, target) }
        plane.authLimits.tokenTimeToLive = limits.tokenTimeToLive
        plane.authLimits.bcryptCost = limits.bcryptCost
        // etcd has no such limits; these only stop clients that have lost their way.
        plane.maximumWatchesPerConnection = 100_000
        plane.watchLimits.watchesPerStream = 100_000
        plane.transportLimits.maxConcurrentStreams = limits.streams
        plane.transportLimits.keepaliveInterval = limits.keepaliveInterval
        plane.transportLimits.keepaliveTimeout = limits.keepaliveTimeout
        // As etcd: half a MiB for what surrounds the request.
        let messageBytes = limits.requestBytes + 524_288
        plane.transportLimits.maxMessageBytes = messageBytes
        plane.transportLimits.maxBodyBytes = max(plane.transportLimits.maxBodyBytes, messageBytes)
        plane.transportLimits.maxPartialBytes = max(plane.transportLimits.maxPartialBytes, 4 * messageBytes)
        return plane
    }

    /// Removes the socket files of an earlier run, or of this one.
    private func removeSockets() {
        for url in self.configuration.clientURLs + self.configuration.metricsURLs where url.isUnixSocket {
            unlink(url.authority)
        }
    }

    private func greet(_ dataPlane: DataPlaneServer) {
        let count = self.configuration.clientURLs.count
        for (url, address) in zip(self.configuration.clientURLs, dataPlane.localAddresses.prefix(count)) {
            self.logger.info("ready to serve client requests")
            let traffic: Logger.Metadata = ["traffic": "grpc+http", "address": "\(address.text)"]
            if url.isSecure {
                self.logger.info("serving client traffic securely", metadata: traffic)
            } else {
                self.logger.info(
                    "serving client traffic insecurely; this is strongly discouraged!",
                    metadata: traffic
                )
            }
        }
        for address in dataPlane.localAddresses.dropFirst(count) {
            self.logger.info("serving metrics", metadata: ["address": "\(address.text)"])
        }
    }
}
