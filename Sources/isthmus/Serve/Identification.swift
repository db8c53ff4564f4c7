import AccessControl
import AdminPlane
import ChangeBus
import DataPlane
import MeshSchema
import PKI
import RPC

/// Who a connection speaks for: its certificate's common name, or the administrator on a loopback without
/// TLS.
struct Identification: Sendable {
    private let clusterName: String
    private let roles: StandardRoles
    /// Whom to trust; for what was revoked while a handshake was under way or a session was resumed.
    private let trust: Published<MeshTrust>?
    /// Who was seen with which certificate, for rollovers.
    private let sightings: ClientSightings?

    init(
        clusterName: ClusterName,
        trust: Published<MeshTrust>? = nil,
        sightings: ClientSightings? = nil
    ) {
        self.trust = trust
        self.sightings = sightings
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
        var chain: [Certificate] = []
        for der in peer.certificateChain {
            // Losing the error is right: what cannot be parsed names nobody, and the refusal is counted.
            guard let certificate = try? Certificate(der: der) else { throw .unidentified }
            chain.append(certificate)
        }
        guard let leaf = chain.first else { throw .unidentified }
        let name = leaf.commonName
        if let denied = self.trust?.current.denied {
            let cluster = name.hasPrefix("remote-") ? String(name.dropFirst("remote-".count)) : nil
            guard denied.denial(of: chain, peer: cluster) == nil else { throw .revoked }
        }
        self.sightings?.note(leaf)
        return IdentifiedClient(
            self.authorization(ofCommonName: name),
            certificate: ClientCertificate(leaf, chain: peer.certificateChain)
        )
    }

    /// Returns what the holder of a certificate with this common name may do.
    func authorization(ofCommonName name: String) -> Authorization {
        self.roles.authorization(of: Identity(commonName: name, clusterName: self.clusterName))
    }
}
