/// Who a client is, as its verified certificate's common name tells.
///
/// The name is compared byte for byte and nothing is trimmed, folded or repaired, so that no two spellings
/// are one identity by accident. Whatever is not exactly a known shape is a user, and a name that no user can
/// have is nobody.
package enum Identity: Hashable, Sendable {
    /// Whoever may do everything, under the name of the certificate.
    case administrator(name: String)
    /// An agent or operator of the server's own cluster, under the name of the certificate.
    case localAgent(name: String)
    /// The remote cluster of this name.
    case peer(cluster: String)
    /// A remote cluster that does not say which.
    case anyPeer
    /// A user of the Auth API, if there is one with this name.
    case user(name: String)
    /// A client whose certificate has no usable name: it may do nothing.
    case anonymous
    /// A client without TLS on a loopback address, where the operator allowed that: an administrator.
    case loopback

    /// The longest common name that is looked at, in bytes; a longer one names nobody.
    package static let maxNameBytes = 256

    /// Reads a common name.
    ///
    /// - Parameters:
    ///   - commonName: The certificate's one common name, whole: what is behind a zero byte belongs to it.
    ///   - clusterName: The name of the server's own cluster, which its administrators and agents carry.
    package init(commonName: String, clusterName: String) {
        guard Self.isUsable(commonName) else {
            self = .anonymous
            return
        }
        let name = commonName.utf8
        if name.elementsEqual("root".utf8) {
            self = .administrator(name: commonName)
        } else if Self.isClusterName(clusterName.utf8[...]), name.elementsEqual("admin-\(clusterName)".utf8) {
            self = .administrator(name: commonName)
        } else if Self.isClusterName(clusterName.utf8[...]), name.elementsEqual("local-\(clusterName)".utf8) {
            self = .localAgent(name: commonName)
        } else if name.elementsEqual("remote".utf8) {
            self = .anyPeer
        } else if let cluster = Self.peer(of: commonName) {
            self = .peer(cluster: cluster)
        } else {
            self = .user(name: commonName)
        }
    }

    /// Reads a common name where no name is built in, as etcd does: it is a user's, whatever it says.
    package init(userName: String) {
        self = Self.isUsable(userName) ? .user(name: userName) : .anonymous
    }

    /// Whether this identity may do everything.
    package var isAdministrator: Bool {
        switch self {
        case .administrator, .loopback: true
        case .localAgent, .peer, .anyPeer, .user, .anonymous: false
        }
    }

    /// The user name that etcd would know this client by, for logs; empty when it has none.
    package var name: String {
        switch self {
        case .administrator(let name), .localAgent(let name), .user(let name): name
        case .peer(let cluster): "remote-\(cluster)"
        case .anyPeer: "remote"
        case .anonymous, .loopback: ""
        }
    }

    private static func peer(of commonName: String) -> String? {
        let prefix = "remote-".utf8
        guard commonName.utf8.starts(with: prefix) else { return nil }
        let cluster = commonName.utf8.dropFirst(prefix.count)
        return self.isClusterName(cluster) ? String(Substring(cluster)) : nil
    }

    /// Whether a user can have this name and a log can show it.
    private static func isUsable(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= self.maxNameBytes else { return false }
        // U+FFFD stands where bytes were not UTF-8: two different names would become one.
        return !name.unicodeScalars.contains { scalar in
            scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) || scalar == "\u{fffd}"
        }
    }

    /// Whether these are the bytes of a cluster's name: 1 to 32 of a-z, 0-9 and inner hyphens, as Cilium
    /// asks.
    private static func isClusterName(_ name: Substring.UTF8View) -> Bool {
        let hyphen = UInt8(ascii: "-")
        guard (1...32).contains(name.count), name.first != hyphen, name.last != hyphen else { return false }
        return name.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: byte == hyphen
            }
        }
    }
}
