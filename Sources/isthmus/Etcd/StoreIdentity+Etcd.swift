import PKI
import Persistence

extension StoreIdentity {
    /// The identifiers that etcd gives to a new cluster of one member (`server/etcdserver/api/membership`):
    /// so a cluster that is started with the same flags has the same ones as real etcd's.
    init(peerURLs: [EtcdURL], token: String) throws(PKIError) {
        let urls = peerURLs.map(\.description).sorted().joined()
        let member = try Self.number(Array(urls.utf8) + Array(token.utf8))
        let bytes = stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: member >> $0) }
        self.init(clusterID: try Self.number(bytes), memberID: member)
    }

    /// The first eight bytes of the SHA-1 digest.
    private static func number(_ bytes: [UInt8]) throws(PKIError) -> UInt64 {
        try Digest.sha1(bytes).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
