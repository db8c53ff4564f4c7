import AccessControl
import ChangeBus
import DataPlane
import PKI
import RPC

/// Who a connection speaks for when we stand in for etcd: a certificate's common name is a user's name, if
/// `--client-cert-auth` says so, and no name is built in.
///
/// Until users count (`AuthEnable`) everybody may do everything.
struct EtcdIdentification: Sendable {
    let identifiesByCertificate: Bool
    /// The hosts of which a certificate must be for one; empty: any.
    let allowedHosts: [String]
    /// What is revoked, kept fresh by its ``RevocationKeeper``.
    let revoked: Published<RevocationList?>

    /// Returns who the peer is and what it may do; the transport has verified its certificate, if there has
    /// to be one.
    func client(_ peer: RPCPeer) throws(RPCRefusal) -> IdentifiedClient {
        guard let leaf = peer.certificateChain.first else {
            return IdentifiedClient(Authorization(untilUsersCount: peer.isTLS ? .anonymous : .loopback))
        }
        // Losing the error is right: what cannot be parsed names nobody, and the refusal is counted.
        guard let certificate = try? Certificate(der: leaf) else { throw .unidentified }
        if let list = self.revoked.current, list.contains(certificate) { throw .revoked }
        let isAllowed = self.allowedHosts.isEmpty || self.allowedHosts.contains(where: certificate.isValid)
        guard isAllowed else { throw .unidentified }
        let name = self.identifiesByCertificate ? certificate.commonName : ""
        return IdentifiedClient(
            Authorization(untilUsersCount: Identity(userName: name)),
            certificate: ClientCertificate(certificate)
        )
    }
}
