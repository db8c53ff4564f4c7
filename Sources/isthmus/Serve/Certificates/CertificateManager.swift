import AdminPlane
import ChangeBus
import CoreMetrics
import Foundation
import Logging
import MeshResources
import PKI
import Persistence
import Telemetry

/// Keeps this server's own certificates: those of its listeners, and the first clients' in `pki/`.
///
/// Authorities are in `admin.db`, the directory is what is put out. A certificate is issued anew when its
/// last third begins, when another generation of the authority issues, when a name is missing or when it
/// was revoked. What cannot be renewed leaves the old in use.
actor CertificateManager {
    /// The longest time between two looks, in seconds.
    private static let longestPause: Int64 = 60
    /// The longest time between two tries after failures, in seconds.
    private static let longestBackOff: Int64 = 3_600
    /// The most certificates that have a series of their own in the metrics.
    private static let gaugeLimit = 500
    private static let gauge = "isthmus_certificate_expiry_timestamp_seconds"

    nonisolated let pki: MeshPKI
    /// Marked when there is something to look at: by SIGHUP, by the timer, by changes of authorities.
    nonisolated let reloads = DirtySet<String>(limit: 16)
    /// The newest credentials.
    nonisolated let current: Published<MeshCredentials>

    private let path: String
    private let settings: PKIDirectory.Settings
    private let registry: MetricsRegistry
    private let failures: Counter
    private let logger: Logger
    private var listeners: [@Sendable (MeshCredentials) -> Void] = []
    private var followers: [@Sendable () async -> Void] = []
    private var failuresInARow = 0
    private var nextLook: Int64 = 0
    private var lastProblem: String?
    private var gauges: Set<String> = []

    init(
        pki: MeshPKI,
        first: MeshCredentials,
        directory: PKIDirectory,
        registry: MetricsRegistry,
        logger: Logger
    ) {
        self.pki = pki
        self.current = Published(first)
        self.path = directory.path
        self.settings = directory.settings
        self.registry = registry
        self.failures = Counter(label: "isthmus_certificate_renewal_failures_total", factory: registry)
        self.logger = logger
        registry.describe(Self.gauge, help: "When a certificate ends, in seconds since 1970.")
    }

    /// Adds somebody who is told of each change; must not block.
    func tell(_ listener: @escaping @Sendable (MeshCredentials) -> Void) {
        self.listeners.append(listener)
    }

    /// Adds somebody who looks at the objects whenever this does.
    func follow(_ follower: @escaping @Sendable () async -> Void) {
        self.followers.append(follower)
    }

    // MARK: - Looking

    /// Brings certificates, files, objects, events and metrics to what they should be; a failure is logged
    /// once and leaves everything in use.
    func look() async {
        for follower in self.followers { await follower() }
        do {
            try self.refresh()
            try await self.pki.record(self.current.current)
            try await self.pki.keepSightings()
            try await self.pki.warnOfExpiries()
            self.updateGauges()
            if self.lastProblem != nil { self.logger.info("certificates are renewed again") }
            self.failuresInARow = 0
            self.lastProblem = nil
        } catch {
            self.failures.increment()
            self.failuresInARow += 1
            // Once for each problem, not once for each look.
            if self.lastProblem != "\(error)" {
                self.logger.error(
                    "certificates cannot be renewed; those in use stay in use",
                    metadata: ["error": "\(error)"]
                )
            }
            self.lastProblem = "\(error)"
        }
        self.nextLook = Self.now + self.pause
    }

    /// Issues one certificate anew, although its time has not come.
    func renew(_ profile: CertificateProfile) async throws {
        try self.refresh(forcing: profile)
        try await self.pki.record(self.current.current)
        self.updateGauges()
    }

    /// Whether it is time to look again.
    var isDue: Bool { Self.now >= self.nextLook }

    /// In how many seconds to look again.
    private var pause: Int64 {
        guard self.failuresInARow == 0 else {
            return min(Self.longestBackOff, 5 << Int64(min(self.failuresInARow, 10)))
        }
        let credentials = self.current.current
        let next = CertificateProfile.allCases.map { self.renewalTime(credentials[$0].leaf) }.min() ?? 0
        return max(1, min(Self.longestPause, next - Self.now))
    }

    private func refresh(forcing profile: CertificateProfile? = nil) throws {
        let old = self.current.current
        let credentials = try Self.load(
            self.pki,
            PKIDirectory(path: self.path, settings: self.settings),
            renewing: profile.map { old[$0].leaf },
            logger: self.logger
        )
        let leaves = { (credentials: MeshCredentials) in
            CertificateProfile.allCases.flatMap { [credentials[$0].leaf] + credentials[$0].chain }
        }
        guard leaves(credentials) != leaves(old) || credentials.trustRoots != old.trustRoots else { return }
        self.current.publish(credentials)
        for listener in self.listeners { listener(credentials) }
    }

    /// Loads the directory with what the mesh's authority says.
    static func load(
        _ pki: MeshPKI,
        _ directory: PKIDirectory,
        renewing: Certificate? = nil,
        logger: Logger
    ) throws -> MeshCredentials {
        let lifetimes = pki.lifetimes
        var settings = directory.settings
        settings.leafLifetime = lifetimes.life
        // Without its key, which is kept elsewhere then, what is there stays.
        let hasKey = pki.authority(MeshPKI.meshAuthority)?.active?.hasKey ?? false
        let signer = hasKey ? try pki.signer() : nil
        let denied = try pki.trust().trust.denied
        // Whoever has a certificate from after a rotation has the bundle from after it, too.
        let rotation = pki.authority(MeshPKI.meshAuthority)?.generation(.next)?.since
        let issuer = PKIDirectory.Issuer(
            trusted: pki.authority(MeshPKI.meshAuthority)?.roots ?? [],
            signer: signer,
            renewalTime: { leaf in
                guard leaf != renewing else { return .min }
                let time = Self.renewalTime(leaf, before: lifetimes.renewBefore)
                return Self.isOlder(leaf, than: rotation) ? min(time, (rotation ?? 0) / 1_000_000_000) : time
            },
            isDenied: { leaf in denied.denial(of: [leaf], peer: nil) != nil }
        )
        var generator = SystemRandomNumberGenerator()
        let credentials = try PKIDirectory(path: directory.path, settings: settings).load(
            issuedBy: issuer,
            now: Self.now,
            using: &generator
        )
        for notice in credentials.notices { notice.log(to: logger) }
        return credentials
    }

    /// Two thirds of the life and a little more by chance, the same for the same certificate; later where the
    /// settings say so.
    private static func renewalTime(_ leaf: Certificate, before: Duration) -> Int64 {
        let validity = leaf.validity
        guard before.components.seconds >= validity.seconds / 3 else {
            return validity.notAfter - before.components.seconds
        }
        return RenewalPlan.renewalTime(validity, seed: RenewalPlan.seed(of: leaf))
    }

    /// Whether a leaf was issued before a rotation began, in nanoseconds since 1970.
    private static func isOlder(_ leaf: Certificate, than rotation: Int64?) -> Bool {
        let issued = leaf.validity.notBefore + MeshPKI.backdating
        return rotation.map { issued < $0 / 1_000_000_000 } ?? false
    }

    private func renewalTime(_ leaf: Certificate) -> Int64 {
        let rotation = self.pki.authority(MeshPKI.meshAuthority)?.generation(.next)?.since
        guard !Self.isOlder(leaf, than: rotation) else { return 0 }
        return Self.renewalTime(leaf, before: self.pki.lifetimes.renewBefore)
    }

    static var now: Int64 { AdminClock.now() / 1_000_000_000 }

    // MARK: - What others are shown

    /// When the certificates end, by name, in seconds since 1970.
    nonisolated var expiries: [(name: String, notAfter: Int64)] {
        let credentials = self.current.current
        let leaves = CertificateProfile.allCases.map { profile in
            (name: profile.rawValue, notAfter: credentials[profile].leaf.validity.notAfter)
        }
        return leaves + credentials.trustRoots.prefix(1).map { (name: "ca", notAfter: $0.validity.notAfter) }
    }

    private func updateGauges() {
        var values = self.pki.expiries.prefix(Self.gaugeLimit).map { ($0.id, $0.notAfter) }
        values += self.expiries.map { ($0.name, $0.notAfter) }
        for (name, notAfter) in values {
            self.registry.register(gauge: Self.gauge, labels: [("certificate", name)]) { Double(notAfter) }
        }
        let names = Set(values.map(\.0))
        for name in self.gauges.subtracting(names).sorted() {
            self.registry.unregister(Self.gauge, labels: [("certificate", name)])
        }
        self.gauges = names
    }
}
