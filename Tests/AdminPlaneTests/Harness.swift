import AdminPlane
import CoreMetrics
import Documents
import Foundation
import MeshResources
import MeshSchema
import MicroHTTP
import NIOCore
import PKI
import Persistence
import Synchronization
import Testing

/// An admin plane over a store of its own, asked without a network.
///
/// The clock stands still until a test moves it.
final class AdminHarness: Sendable {
    let directory: String
    let clock: TestClock
    let environment: AdminEnvironment
    let data = TestDataPlane()
    let service: AdminService
    let pki: MeshPKI
    /// Does the long jobs once a test runs it.
    let jobs: JobRunner
    /// An administrator's token.
    let token: String

    var store: AdminStore { self.environment.store }

    fileprivate init(_ directory: String, _ applied: AppliedStates) async throws {
        let clock = TestClock()
        let random = TestRandom()
        let store = try AdminStore.open(
            path: directory + "/admin.db",
            mark: 7,
            environment: AdminStore.Environment(
                now: { clock.now },
                newUID: { UUID().uuidString.lowercased() },
                sha256: weakHash
            )
        )
        self.pki = try await makePKI(store, clock, random)
        var environment = AdminEnvironment(
            store: store,
            scratch: try ScratchDirectory(path: directory + "/scratch"),
            cluster: ClusterContext(
                name: try ClusterName("east"),
                id: try ClusterID(1, in: .standard),
                mesh: .standard
            ),
            now: { clock.now },
            randomBytes: { random.bytes($0) },
            sha256: weakHash,
            ownUser: 1_000,
            administrator: { _ in nil },
            applied: applied,
            data: self.data.view,
            systemFacts: {
                var facts = SystemFacts()
                facts.isReady = true
                return facts
            }
        )
        environment.pki = self.pki
        try await AdminAPI.prepare(store)
        self.token = try #require(try await BootstrapToken.make(in: environment))
        self.directory = directory
        self.clock = clock
        self.environment = environment
        self.jobs = JobRunner(
            store: store,
            now: environment.now,
            randomBytes: environment.randomBytes,
            sleep: { try? await Task.sleep(for: $0) }
        )
        self.service = AdminAPI.makeService(
            environment,
            feed: EventFeed(store: store, now: { clock.now }, sleep: { try? await Task.sleep(for: $0) }),
            jobs: self.jobs,
            pages: StaticFiles(contract: Array("openapi: 3.1.0\n".utf8), page: [:]),
            metrics: NOOPMetricsHandler.instance
        )
    }

    /// Asks as an administrator, or with another token; `nil` asks without one.
    func ask(
        _ method: String,
        _ target: String,
        _ body: [UInt8] = [],
        as token: String?? = .none,
        fields: [(String, String)] = []
    ) async throws -> Answer {
        var all = HeaderFields()
        if let token = token ?? self.token { all.add("Authorization", "Bearer " + token) }
        for (name, value) in fields { all.add(name, value) }
        var request = Request(
            method: method,
            target: try RequestTarget(Array(target.utf8), maximumPairs: 100),
            fields: all,
            peer: Peer(origin: .tcp(address: "192.0.2.1", port: 40_000))
        )
        // As the HTTP server does it.
        if !body.isEmpty, case .sink(let sink, _) = self.service.planBody(of: request) {
            sink.take(ByteBuffer(bytes: body))
            request.sink = sink
        } else {
            request.body = ByteBuffer(bytes: body)
        }
        return Answer(await self.service.respond(to: request))
    }

    /// Asks with a text as the body, JSON unless the fields say otherwise.
    func ask(
        _ method: String,
        _ target: String,
        _ body: String,
        as token: String?? = .none,
        fields: [(String, String)] = []
    ) async throws -> Answer {
        let isTyped = fields.contains { $0.0 == "Content-Type" }
        let type = isTyped ? [] : [("Content-Type", "application/json")]
        return try await self.ask(method, target, Array(body.utf8), as: token, fields: fields + type)
    }

    /// Makes a token with these scopes and returns its text.
    func makeToken(_ name: String, _ scopes: TokenScope...) async throws -> String {
        let list = scopes.map { "\"\($0.rawValue)\"" }.joined(separator: ",")
        let body = "{\"metadata\":{\"name\":\"\(name)\"},\"spec\":{\"scopes\":[\(list)]}}"
        let answer = try await self.ask("POST", "/api/v1/tokens", body)
        return try #require(answer.json["token"]?.string)
    }
}

/// Runs a test with an admin plane in a directory of its own, which is gone afterwards.
func withAdminPlane(
    applied: AppliedStates = AppliedStates(state: { _ in nil }, wait: { _, _, _ in .timedOut }),
    _ body: (AdminHarness) async throws -> Void
) async throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let harness = try await AdminHarness(directory.path, applied)
    do {
        try await body(harness)
    } catch {
        try? harness.store.close()
        throw error
    }
    try harness.store.close()
}

/// What was answered.
struct Answer {
    let status: Int
    let fields: HeaderFields
    /// The whole body; of a stream what it had until it ended or had nothing more.
    let body: [UInt8]

    init(_ response: Response) {
        self.status = response.status
        self.fields = response.fields
        switch response.body {
        case .bytes(let bytes): self.body = Array(bytes.readableBytesView)
        case .stream(let stream): self.body = stream.takeAll()
        }
    }

    var text: String { String(decoding: self.body, as: UTF8.self) }
    /// The body as an object; empty when it is none.
    var json: DocumentObject { ((try? JSONReader.read(self.body))?.object) ?? DocumentObject() }
    /// The entity tag.
    var tag: String? { self.fields["ETag"] }
    /// The end of the problem's type.
    var slug: String? { self.json["type"]?.string?.split(separator: "/").last.map(String.init) }
    /// The pointers of the fields that are wrong.
    var pointers: [String] { self.json["errors"]?.array?.compactMap { $0.object?["pointer"]?.string } ?? [] }
}

/// A clock that is moved by hand.
final class TestClock: Sendable {
    private let time = Atomic<Int64>(1_800_000_000_000_000_000)

    /// Nanoseconds since 1970.
    var now: Int64 { self.time.load(ordering: .sequentiallyConsistent) }

    func advance(seconds: Int64) {
        self.time.add(seconds * 1_000_000_000, ordering: .sequentiallyConsistent)
    }
}

/// Makes the authority of the mesh, with a sealing key that is forgotten with it.
private func makePKI(_ store: AdminStore, _ clock: TestClock, _ random: TestRandom) async throws -> MeshPKI {
    let pki = MeshPKI(
        MeshPKI.Environment(
            store: store,
            cluster: ClusterContext(
                name: try ClusterName("east"),
                id: try ClusterID(1, in: .standard),
                mesh: .standard
            ),
            serverNames: [],
            now: { clock.now },
            randomBytes: { random.bytes($0) }
        ),
        keyring: EncryptionKeyring(
            vault: KeyVault(current: try EncryptionKey.generate()),
            begin: { present throws(PKIError) in
                let former = [present.current] + present.former
                return KeyVault(current: try EncryptionKey.generate(), former: former)
            },
            finish: { _ throws(PKIError) in }
        )
    )
    var generator = SystemRandomNumberGenerator()
    let now = clock.now / 1_000_000_000
    let key = try PrivateKey.generate()
    let root = try CertificateAuthority.makeRoot(
        commonName: "root",
        key: key,
        serialNumber: .random(using: &generator),
        validity: Validity(notBefore: now - 60, notAfter: now + 3_650 * 86_400)
    )
    try await pki.adopt([root.certificate], key: key)
    return pki
}

/// Bytes that never repeat and are the same in every run.
private final class TestRandom: Sendable {
    private let state = Mutex<UInt64>(0)

    func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in
            self.state.withLock { state in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 33)
            }
        }
    }
}

/// A hash that is good enough to notice accidents.
@Sendable private func weakHash(_ bytes: [UInt8]) -> [UInt8] {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return withUnsafeBytes(of: hash) { Array($0) }
}
