import AdminPlane
import CoreMetrics
import Foundation
import Logging
import MVCC
import MeshResources
import MeshSchema
import NIOCore
import Persistence
import Storage
import Synchronization

/// An admin store, a key-value store and the publisher between them, which can crash and come back.
final class PublicationWorld {
    let cluster: ClusterContext
    private let directory: String
    private let quota: Int
    private(set) var store: Store
    private(set) var admin: AdminStore
    private(set) var publisher: Publisher
    private let commits: CommitRelay
    private var running: Task<Void, Never>?

    init(quota: Int = 0) throws {
        self.cluster = ClusterContext(
            name: try ClusterName("east"),
            id: try ClusterID(7, in: .standard),
            mesh: .standard
        )
        self.quota = quota
        self.directory = NSTemporaryDirectory() + "publication-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: self.directory, withIntermediateDirectories: true)
        self.commits = CommitRelay()
        self.store = try Self.makeStore(quota: quota)
        self.admin = try Self.openAdmin(self.directory, self.commits)
        self.publisher = Self.makePublisher(self.admin, self.store, self.cluster)
    }

    /// Ends everything and deletes the files.
    func close() async throws {
        await self.stop()
        try self.admin.close()
        self.store.stop()
        try FileManager.default.removeItem(atPath: self.directory)
    }

    // MARK: - Life

    /// Lets the publisher run.
    func start() {
        let publisher = self.publisher
        self.commits.target.withLock { $0 = { publisher.mark($0) } }
        self.running = Task { await publisher.run() }
    }

    /// Stops the publisher wherever it is.
    func stop() async {
        self.commits.target.withLock { $0 = nil }
        self.running?.cancel()
        await self.running?.value
        self.running = nil
    }

    /// Ends the process and begins another one; the key-value store may have been wiped meanwhile.
    ///
    /// `meanwhile` happens before the other process looks.
    func restart(
        wipingStore: Bool = false,
        meanwhile: (PublicationWorld) async throws -> Void = { _ in }
    ) async throws {
        await self.stop()
        try self.admin.close()
        if wipingStore {
            self.store.stop()
            self.store = try Self.makeStore(quota: self.quota)
        }
        try await meanwhile(self)
        self.admin = try Self.openAdmin(self.directory, self.commits)
        self.publisher = Self.makePublisher(self.admin, self.store, self.cluster)
        self.start()
    }

    // MARK: - What REST does

    /// Creates or replaces objects in one transaction.
    @discardableResult
    func put(_ drafts: [AdminObjectDraft]) async throws -> [AdminObject] {
        try await self.admin.write { (transaction) throws(PersistenceError) in
            var objects: [AdminObject] = []
            for draft in drafts { objects.append(try transaction.put(draft, event: "test.put")) }
            return .commit(objects)
        }
    }

    /// Creates or replaces an object.
    @discardableResult
    func put(
        _ kind: PublishedKind,
        _ name: String,
        _ spec: String,
        labels: [String: String] = [:]
    ) async throws -> AdminObject {
        var draft = AdminObjectDraft(kind: kind.rawValue, name: name)
        draft.spec = Array(spec.utf8)
        draft.labels = labels
        return try await self.put([draft])[0]
    }

    /// Deletes an object and leaves its tombstone.
    func delete(_ kind: PublishedKind, _ name: String) async throws {
        let id = AdminObjectID(kind: kind.rawValue, name: name)
        try await self.admin.write { (transaction) throws(PersistenceError) in
            try transaction.delete(id.kind, id.name, event: "test.deleted")
            try Tombstone.write(id, in: transaction)
            return .commit(())
        }
    }

    /// Waits until an object is applied as it is; no longer than a minute.
    func wait(for object: AdminObject) async -> AppliedWait {
        await self.publisher.states.wait(
            AdminObjectID(kind: object.kind, name: object.name),
            object.resourceVersion,
            Self.now() + 60_000_000_000
        )
    }

    // MARK: - What others do

    func putForeign(_ key: String, _ value: String, lease: Int64 = 0) async throws {
        var put = Put(key: ByteBuffer(string: key), value: ByteBuffer(string: value))
        put.lease = lease
        _ = try await self.store.commit(.put(put))
    }

    func deleteForeign(_ key: String) async throws {
        _ = try await self.store.commit(.deleteRange(DeleteRange(KeyRange(ByteBuffer(string: key)))))
    }

    /// Grants a lease that lasts for the test.
    func grant(_ id: Int64) async throws {
        _ = try await self.store.commit(.grant(lease: id, timeToLive: .seconds(86_400)))
    }

    /// All keys with their values.
    var contents: [String: String] {
        let range = KeyRange(key: ByteBuffer(bytes: [0]), rangeEnd: ByteBuffer(bytes: [0]))
        let result = try? self.store.replica.current.keyspace.range(RangeQuery(range))
        let records = result?.records ?? []
        return Dictionary(
            uniqueKeysWithValues: records.map { (String(buffer: $0.key), String(buffer: $0.value)) }
        )
    }

    /// The number of deleted objects whose keys are still to be deleted.
    var pendingTombstones: Int {
        self.admin.tables.objects(Tombstone.kind).count { Tombstone.isPending($0) }
    }

    func record(_ key: String) -> Record? {
        self.store.replica.current.keyspace.newest(ByteBuffer(string: key))
    }

    // MARK: - Parts

    static func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1_000_000_000) }

    private static func makeStore(quota: Int) throws -> Store {
        let (log, recovered) = MemoryRevisionLog.open(newIdentity: {
            StoreIdentity(clusterID: 1, memberID: 2)
        })
        var configuration = StoreConfiguration()
        configuration.compactionInterval = .zero
        if quota > 0 { configuration.quotaBytes = quota }
        let leases = LeaseNumbers()
        let loop = try CommitLoop(
            recovered: recovered,
            log: log,
            configuration: configuration,
            now: .zero,
            makeLeaseID: { leases.next() },
            forEachRecord: { (_) throws(PersistenceError) in }
        )
        return Store(
            loop,
            identity: recovered.identity,
            term: 1,
            metrics: StorageMetrics(factory: NOOPMetricsHandler.instance),
            logger: Self.quiet,
            clock: { .zero }
        )
    }

    private static func openAdmin(_ directory: String, _ commits: CommitRelay) throws -> AdminStore {
        try AdminStore.open(
            path: directory + "/admin.db",
            mark: 7,
            environment: AdminStore.Environment(
                now: { Self.now() },
                newUID: { UUID().uuidString },
                sha256: { $0 },
                didCommit: { ids in commits.target.withLock { $0 }?(ids) }
            )
        )
    }

    private static func makePublisher(
        _ admin: AdminStore,
        _ store: Store,
        _ cluster: ClusterContext
    ) -> Publisher {
        var environment = Publisher.Environment(
            now: { Self.now() },
            sleep: { try? await Task.sleep(for: $0) }
        )
        environment.retryDelay = .milliseconds(1)
        environment.longestRetryDelay = .milliseconds(10)
        return Publisher(
            admin: admin,
            store: store,
            cluster: cluster,
            environment: environment,
            metrics: PublicationMetrics(factory: NOOPMetricsHandler.instance),
            logger: Self.quiet
        )
    }

    private static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// Passes on what was committed to whoever listens at the moment.
final class CommitRelay: Sendable {
    let target = Mutex<(@Sendable ([AdminObjectID]) -> Void)?>(nil)
}

/// Makes numbers of leases.
private final class LeaseNumbers: Sendable {
    private let last = Mutex<Int64>(1_000)

    func next() -> Int64 {
        self.last.withLock { last in
            last += 1
            return last
        }
    }
}
