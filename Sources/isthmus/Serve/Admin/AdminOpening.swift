import AdminPlane
import ChangeBus
import Foundation
import Logging
import MeshResources
import MeshSchema
import MicroHTTP
import NIOCore
import PKI
import Persistence
import Storage
import Telemetry

/// Puts the admin plane together, in the order in which its parts need each other.
struct AdminOpening {
    let configuration: ServeConfiguration
    /// Where published objects go.
    let store: Store
    /// The objects.
    let admin: AdminStore
    let commits: AdminCommits
    let certificates: CertificateManager
    /// Whom the listeners trust.
    let trust: Published<MeshTrust>
    let registry: MetricsRegistry
    let logger: Logger

    /// Opens `admin.db`; `commits` is told of what is committed.
    static func openStore(
        _ configuration: ServeConfiguration,
        _ commits: AdminCommits
    ) throws(StartFailure) -> AdminStore {
        let environment = AdminStore.Environment(
            now: AdminClock.now,
            newUID: { UUID().uuidString.lowercased() },
            sha256: Self.sha256,
            didCommit: { commits.committed($0) }
        )
        return try StartFailure.wrap {
            try AdminStore.open(
                path: configuration.stateDirectory + "/admin.db",
                mark: .random(in: 1...UInt64.max),
                environment: environment
            )
        }
    }

    /// Opens the database, starts the listeners and answers requests from then on.
    ///
    /// - Parameters:
    ///   - data: The data plane.
    ///   - facts: What `GET /system/info` tells of the rest of the process.
    /// - Returns: The running plane.
    /// - Throws: ``StartFailure``.
    func start(
        data: DataPlaneView,
        facts: @escaping @Sendable () async -> SystemFacts
    ) async throws -> AdminServer {
        let store = self.admin
        let publisher = self.makePublisher(store)
        let certificates = self.needsCertificates ? self.listenerCertificates : nil
        var environment = AdminEnvironment(
            store: store,
            scratch: try StartFailure.wrap {
                try ScratchDirectory(path: self.configuration.stateDirectory + "/scratch")
            },
            cluster: self.cluster,
            now: AdminClock.now,
            randomBytes: { count in (0..<count).map { _ in UInt8.random(in: 0...255) } },
            sha256: Self.sha256,
            ownUser: geteuid(),
            administrator: { certificates?.administrator($0) },
            applied: publisher.states,
            data: data,
            systemFacts: facts
        )
        environment.pki = self.certificates.pki
        try await AdminAPI.prepare(store)
        try await self.writeToken(environment)
        let feed = EventFeed(store: store, now: AdminClock.now, sleep: AdminClock.sleep)
        self.commits.tell { _ in feed.wake() }
        self.commits.tell { publisher.mark($0) }
        let jobs = JobRunner(
            store: store,
            now: environment.now,
            randomBytes: environment.randomBytes,
            sleep: AdminClock.sleep
        )
        try await jobs.recover()
        let service = AdminAPI.makeService(
            environment,
            feed: feed,
            jobs: jobs,
            pages: try SharedFiles.read(self.configuration.shareDirectory),
            metrics: self.registry
        )
        let server = try self.listen(service, certificates?.load())
        let urls = self.urls(server)
        let reloads = DirtySet<String>(limit: 16)
        await self.certificates.tell { _ in reloads.mark("certificates") }
        try self.writeAddress(urls.first)
        return AdminServer(
            store: store,
            service: service,
            feed: feed,
            publisher: publisher,
            jobs: jobs,
            server: server,
            certificates: certificates,
            logger: self.logger,
            reloads: reloads,
            urls: urls
        )
    }

    // MARK: - Parts

    private func makePublisher(_ admin: AdminStore) -> Publisher {
        Publisher(
            admin: admin,
            store: self.store,
            cluster: self.cluster,
            environment: Publisher.Environment(
                now: AdminClock.now,
                // Ends early only when the task is cancelled, which the caller looks at.
                sleep: AdminClock.sleep
            ),
            metrics: PublicationMetrics(factory: self.registry),
            logger: self.logger
        )
    }

    private var cluster: ClusterContext {
        ClusterContext(
            name: self.configuration.clusterName,
            id: self.configuration.clusterID,
            mesh: self.configuration.mesh
        )
    }

    private var needsCertificates: Bool {
        self.configuration.adminListen.contains { if case .https = $0 { true } else { false } }
    }

    private var listenerCertificates: AdminCertificates {
        AdminCertificates(
            self.certificates.current,
            trust: self.trust,
            clusterName: self.configuration.clusterName.rawValue
        )
    }

    /// Writes the first token to a file that only the server's user can read.
    private func writeToken(_ environment: AdminEnvironment) async throws {
        guard let token = try await BootstrapToken.make(in: environment) else { return }
        let path = self.configuration.stateDirectory + "/token"
        // The process's umask keeps others out from the first moment; a file that was there is replaced.
        try Data((token + "\n").utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        self.logger.info("an administrator's token was made", metadata: ["file": "\(path)"])
    }

    /// Writes where commands on this machine find the server; an older note is replaced.
    private func writeAddress(_ url: String?) throws {
        let file = URL(
            fileURLWithPath: "\(self.configuration.stateDirectory)/\(ConnectionSettings.addressFile)"
        )
        guard let url else {
            // An error says that there is none.
            try? FileManager.default.removeItem(at: file)
            return
        }
        try StartFailure.wrap { try Data((url + "\n").utf8).write(to: file, options: .atomic) }
    }

    private func listen(
        _ service: AdminService,
        _ credentials: ServerConfiguration.Credentials?
    ) throws -> MicroHTTP.Server? {
        guard !self.configuration.adminListen.isEmpty else { return nil }
        let listeners = try self.configuration.adminListen.map { address in
            switch address {
            case .https(let address):
                ServerConfiguration.Listener(try Self.tcp(address), credentials: credentials)
            case .http(let address): ServerConfiguration.Listener(try Self.tcp(address))
            case .unix(let path): ServerConfiguration.Listener(.unix(path: path))
            }
        }
        var server = ServerConfiguration(listeners: listeners)
        server.planBody = { service.planBody(of: $0) }
        return try StartFailure.wrap {
            try MicroHTTP.Server(
                server,
                metrics: ServerMetrics(factory: self.registry),
                now: { NIODeadline.now() },
                refusalResponse: { service.respond(to: $0) },
                handler: { await service.respond(to: $0) }
            )
        }
    }

    /// Where the listeners can be reached from this machine, in the order of the configuration.
    private func urls(_ server: MicroHTTP.Server?) -> [String] {
        zip(self.configuration.adminListen, server?.addresses ?? []).map { configured, bound in
            guard case .tcp(_, let port) = bound else { return configured.description }
            switch configured {
            case .https(let address): return address.localURL(scheme: "https", boundPort: port)
            case .http(let address): return address.localURL(scheme: "http", boundPort: port)
            case .unix: return configured.description
            }
        }
    }

    private static func tcp(_ address: ListenAddress) throws -> ServerConfiguration.Address {
        let resolved = try address.socketAddress()
        return .tcp(address: resolved.ipAddress ?? address.host, port: resolved.port ?? address.port)
    }

    @Sendable private static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        do {
            let digest = try SHA256Digest()
            try digest.update(bytes.span.bytes)
            return try digest.finish()
        } catch {
            // OpenSSL is out of memory: no answer is better than a wrong hash.
            preconditionFailure("a hash cannot be computed: \(error)")
        }
    }
}
