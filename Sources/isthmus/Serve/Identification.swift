import AccessControl
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

    /// Returns what the peer may do; the transport has verified its certificate.
    func authorization(of peer: RPCPeer) throws(RPCRefusal) -> Authorization {
        guard peer.isTLS else { return self.roles.authorization(of: .loopback) }
        guard let leaf = peer.certificateChain.first, let certificate = try? Certificate(der: leaf) else {
            // Losing the error is right: what cannot be parsed names nobody, and the refusal is counted.
            throw .unidentified
        }
        let identity = Identity(commonName: certificate.commonName, clusterName: self.clusterName)
        return self.roles.authorization(of: identity)
    }
}
