import AdminPlane
import DataPlane
import MVCC
import Storage

/// Collects what the admin plane shows of the rest of the process.
struct SystemFactsSource: Sendable {
    let store: Store
    let certificates: CertificateManager
    let dataPlane: DataPlaneServer
    let readiness: Readiness
    let durability: ServeConfiguration.Durability
    /// When the process started, in nanoseconds since 1970.
    let startTime: Int64

    /// The facts as they are now.
    func current() async -> SystemFacts {
        let keyspace = self.store.replica.current.keyspace
        var facts = SystemFacts()
        facts.version = Version.current
        facts.startTime = self.startTime
        facts.isReady = self.readiness.isReady
        facts.revision = keyspace.revision
        facts.compactedRevision = keyspace.compactedRevision
        facts.keys = keyspace.keyCount
        facts.bytes = keyspace.byteCount
        facts.durability = self.durability.rawValue
        facts.dataAddress = self.dataPlane.localAddresses.first?.text ?? ""
        facts.connections = self.dataPlane.connectionCount
        facts.watches = await self.dataPlane.watchCount()
        facts.certificates = self.certificates.expiries
        return facts
    }
}
