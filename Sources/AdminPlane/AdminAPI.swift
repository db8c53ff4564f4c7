package import CoreMetrics
import MeshResources
package import Persistence

/// Puts the operations of the admin plane together.
package enum AdminAPI {
    /// Makes the service.
    ///
    /// - Parameters:
    ///   - environment: What the plane needs from the rest of the process.
    ///   - feed: The stream of events; somebody runs it.
    ///   - jobs: What does the long jobs; somebody runs it.
    ///   - pages: The files that are served as they are.
    ///   - metrics: Where the metrics go.
    /// - Returns: The service.
    package static func makeService(
        _ environment: AdminEnvironment,
        feed: EventFeed,
        jobs: JobRunner,
        pages: StaticFiles,
        metrics: any MetricsFactory
    ) -> AdminService {
        let authenticator = Authenticator(environment: environment)
        let operations = self.operations(environment, feed, jobs, pages, authenticator)
        return AdminService(
            operations,
            environment: environment,
            authenticator: authenticator,
            metrics: AdminMetrics(operations: operations.map(\.id), factory: metrics)
        )
    }

    /// What there is to call, in the order of the contract.
    private static func operations(
        _ environment: AdminEnvironment,
        _ feed: EventFeed,
        _ jobs: JobRunner,
        _ pages: StaticFiles,
        _ authenticator: Authenticator
    ) -> [Operation] {
        let snapshots = SnapshotKeeper()
        let objects = { (kind: ObjectKind) in
            StoredObjects(kind: kind, environment: environment, snapshots: snapshots)
        }
        let kinds = ObjectKind.all + ObjectKind.ofPKI
        var kindNames = Dictionary(uniqueKeysWithValues: kinds.map { ($0.plural, $0.kind) })
        kindNames[JobRecord.kind] = JobRecord.kindName
        var operations = ObjectKind.collections.flatMap { StoredKinds.operations(objects($0)) }
        operations += PeerStatusResource(objects: objects(.peer)).operations
        operations += Tokens(objects: objects(.token)).operations
        operations += SettingsResource(objects: objects(.settings)).operations
        operations += GlobalServicesResource(environment: environment).operations
        operations += ClientsResource(environment: environment).operations
        operations += KeysResource(environment: environment).operations
        operations += EventsResource(environment: environment, feed: feed, kindNames: kindNames).operations
        operations += JobsResource(environment: environment, jobs: jobs, snapshots: snapshots).operations
        operations += ConfigurationResource(environment: environment).operations
        operations += BackupResource(environment: environment, jobs: jobs).operations
        operations += AuditResource(environment: environment, kindNames: kindNames).operations
        operations += SystemResource(environment: environment, kinds: ObjectKind.all).operations
        if let pki = environment.pki { operations += Self.certificates(pki, objects) }
        operations += OpenPages(files: pages).operations
        operations +=
            StatusPage(
                files: pages,
                environment: environment,
                authenticator: authenticator,
                others: operations,
                kindNames: kindNames
            ).operations
        return IndexResource(others: operations).operations + operations
    }

    /// What there is to call about certificates.
    private static func certificates(
        _ pki: MeshPKI,
        _ objects: (ObjectKind) -> StoredObjects
    ) -> [Operation] {
        AuthoritiesResource(pki: pki, objects: objects(.authority)).operations
            + CertificatesResource(pki: pki, objects: objects(.certificate)).operations
            + CertificateRequests(pki: pki, objects: objects(.certificate)).operations
            + CertificateExport(pki: pki, objects: objects(.certificate)).operations
            + RevocationsResource(
                pki: pki,
                revocations: objects(.revocation),
                lists: objects(.revocationList),
                certificates: objects(.certificate)
            ).operations
            + RolloverResource(pki: pki, objects: objects(.authority)).operations
            + AuthorityLists(pki).operations + EncryptionKeyResource(pki: pki).operations
    }

    /// Prepares the objects that are always there.
    ///
    /// - Throws: ``AdminStoreError``.
    package static func prepare(_ store: AdminStore) async throws(AdminStoreError) {
        try await SettingsResource.initialise(store)
    }
}
