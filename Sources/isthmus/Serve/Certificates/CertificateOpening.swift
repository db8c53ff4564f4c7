import AdminPlane
import ChangeBus
import Foundation
import Logging
import MeshResources
import MeshSchema
import PKI
import Persistence
import Telemetry

/// Opens the authorities in `admin.db`, takes over the one that a directory held before, and loads the first
/// credentials.
struct CertificateOpening {
    let configuration: ServeConfiguration
    let store: AdminStore
    let registry: MetricsRegistry
    let logger: Logger

    /// - Throws: ``StartFailure``: the key-encryption key is missing or another, or the directory is damaged.
    func open() async throws -> CertificateManager {
        do {
            return try await self.openUnwrapped()
        } catch {
            throw StartFailure(description: "the certificates cannot be used: \(error)")
        }
    }

    private func openUnwrapped() async throws -> CertificateManager {
        let directory = self.directory
        try FileManager.default.createDirectory(
            atPath: directory.path,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        let keyring = try EncryptionKeyFile.keyring(
            text: ProcessInfo.processInfo.environment[EncryptionKeyFile.variable],
            path: self.configuration.pkiKeyFile ?? directory.path + "/vault.key"
        )
        let pki = MeshPKI(
            MeshPKI.Environment(
                store: self.store,
                cluster: ClusterContext(
                    name: self.configuration.clusterName,
                    id: self.configuration.clusterID,
                    mesh: self.configuration.mesh
                ),
                serverNames: directory.settings.serverNames,
                now: AdminClock.now,
                randomBytes: { count in (0..<count).map { _ in UInt8.random(in: 0...255) } }
            ),
            keyring: keyring
        )
        // A rotation that was cut short, or a new key that an operator put before the old one.
        if keyring.hasFormerKeys { _ = try await pki.reseal(keyring.vault) }
        if !pki.hasMeshAuthority { try await self.adopt(directory, pki) }
        if pki.authority(MeshPKI.meshAuthority)?.active?.hasKey == true { try directory.removeAuthorityKey() }
        let first = try CertificateManager.load(pki, directory, logger: self.logger)
        let manager = CertificateManager(
            pki: pki,
            first: first,
            directory: directory,
            registry: self.registry,
            logger: self.logger
        )
        pki.setHook { hooks in hooks.renewOwn = { profile in try await manager.renew(profile) } }
        await manager.look()
        return manager
    }

    private var directory: PKIDirectory {
        var settings = PKIDirectory.Settings(clusterName: self.configuration.clusterName.rawValue)
        settings.serverNames = self.configuration.data.certificateNames
        return PKIDirectory(path: self.configuration.stateDirectory + "/pki", settings: settings)
    }

    /// Makes the authority of a first start, or takes over that of an older state directory.
    private func adopt(_ directory: PKIDirectory, _ pki: MeshPKI) async throws {
        var generator = SystemRandomNumberGenerator()
        var settings = directory.settings
        settings.leafLifetime = pki.lifetimes.life
        let directory = PKIDirectory(path: directory.path, settings: settings)
        let credentials = try directory.load(now: CertificateManager.now, using: &generator)
        for notice in credentials.notices { notice.log(to: self.logger) }
        try await pki.adopt(credentials.trustRoots, key: credentials.authorityKey)
        self.logger.info("the mesh's authority is kept in admin.db from now on")
    }
}

extension PKIDirectory.Notice {
    /// Says what a look at the directory did or found.
    func log(to logger: Logger) {
        switch self {
        case .created(let file): logger.info("a credential was made", metadata: ["file": "\(file)"])
        case .replaced(let file): logger.info("the trusted roots have changed", metadata: ["file": "\(file)"])
        case .reissued(let file, let reason):
            logger.info(
                "a certificate was issued anew",
                metadata: ["file": "\(file)", "reason": "\(reason)"]
            )
        case .renewalDue(let file, let validity):
            logger.warning(
                "a certificate should be renewed and cannot be renewed here",
                metadata: ["file": "\(file)", "validity": "\(validity)"]
            )
        case .tightened(let file, let mode):
            logger.warning(
                "others had access to a file of the PKI; it was taken away",
                metadata: ["file": "\(file)", "mode": "\(String(mode, radix: 8))"]
            )
        }
    }
}
