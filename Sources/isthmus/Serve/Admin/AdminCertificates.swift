import AccessControl
import ChangeBus
import MicroHTTP
import PKI
import Synchronization

/// The credentials of the admin listener, and which client certificates are an administrator's.
///
/// Any thread.
final class AdminCertificates: Sendable {
    private let credentials: Published<MeshCredentials>
    private let trust: Published<MeshTrust>
    private let clusterName: String
    /// What was loaded last.
    private let loaded = Mutex<[Certificate]>([])

    init(_ credentials: Published<MeshCredentials>, trust: Published<MeshTrust>, clusterName: String) {
        self.credentials = credentials
        self.trust = trust
        self.clusterName = clusterName
    }

    /// Returns the credentials; `nil` when they are those that were loaded last.
    func load() -> ServerConfiguration.Credentials? {
        let credentials = self.credentials.current
        let server = credentials.server
        let identity = [server.leaf] + server.chain + credentials.trustRoots
        let isNew = self.loaded.withLock { loaded in
            defer { loaded = identity }
            return loaded != identity
        }
        guard isNew else { return nil }
        return ServerConfiguration.Credentials(
            certificateChainPEM: server.certificateChainPEM,
            privateKeyPEM: server.keyPEM.copy(),
            clientAuthoritiesPEM: server.trustRootsPEM
        )
    }

    /// The common name of a chain (leaf first, DER) of an administrator; `nil` for any other.
    ///
    /// Verified anew for each request, so that a revocation counts at once.
    func administrator(_ chain: [[UInt8]]) -> String? {
        guard case .trusted(let party) = ClientTrust.verdict(on: chain, self.trust.current) else {
            return nil
        }
        let name = party.chain[0].commonName
        return Identity(commonName: name, clusterName: self.clusterName).isAdministrator ? name : nil
    }
}
