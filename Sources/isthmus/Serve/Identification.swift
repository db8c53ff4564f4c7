import AccessControl
import DataPlane
import MeshSchema
import PKI
import RPC

/// Who a connection speaks for: its certificate's common name, or the administrator on a loopback without
/// TLS.
struct Identification: Sendable {
    private let clusterName: String
    private let roles: StandardRoles

    init(clusterName: ClusterName) {
        self.clusterName = clusterName.rawValue
        self.roles = StandardRoles(
            prefixes: StandardRoles.Prefixes(
                heartbeat: KeyPrefixes.heartbeat,
                state: KeyPrefixes.state,
                cache: KeyPrefixes.cache,
                clusterConfiguration: KeyPrefixes.clusterConfiguration,
                synced: KeyPrefixes.synced
            ),
            clusterName: clusterName.rawValue
        )
    }

    /// Returns who the peer is and what it may do; the transport has verified its certificate.
    func client(_ peer: RPCPeer) throws(RPCRefusal) -> IdentifiedClient {
        guard peer.isTLS else { return IdentifiedClient(self.roles.authorization(of: .loopback)) }
        guard let leaf = peer.certificateChain.first, let certificate = try? Certificate(der: leaf),
            let facts = try? ClientCertificate(certificate)
        else {
            // Losing the error is right: what cannot be parsed names nobody, and the refusal is counted.
            throw .unidentified
        }
        return IdentifiedClient(
            self.authorization(ofCommonName: certificate.commonName),
            certificate: facts
        )
    }

    /// Returns what the holder of a certificate with this common name may do.
    func authorization(ofCommonName name: String) -> Authorization {
        self.roles.authorization(of: Identity(commonName: name, clusterName: self.clusterName))
    }
}
