/// What a person who starts the server wants to see first: where it is, and lines that work when pasted.
struct Banner {
    let clusterName: String
    let clientURL: String
    /// The first listener of the admin plane; `nil` without one.
    let adminURL: String?
    let healthURL: String
    let stateDirectory: String
    let hasOwnCertificates: Bool

    /// The text, with a line feed at the end.
    var text: String {
        var lines = [
            "isthmus serves cluster \(self.clusterName)",
            "  kvstore  \(self.clientURL)",
            "  admin    \(self.adminURL ?? "off")   token  \(self.stateDirectory)/token",
            "  health   \(self.healthURL)/readyz   metrics  \(self.healthURL)/metrics",
            "  state    \(self.stateDirectory)",
            "",
            "try:",
        ]
        if self.hasOwnCertificates {
            lines.append("  # as the administrator")
            lines.append("  \(self.command("admin")) get --prefix cilium/")
            lines.append("  # as a remote cluster")
            lines.append("  \(self.command("remote")) get --prefix cilium/state/")
        } else {
            lines.append("  ETCDCTL_API=3 etcdctl --endpoints=\(self.clientURL) get --prefix cilium/")
        }
        if let admin = self.adminURL, !admin.hasPrefix("unix:") {
            lines.append("  # the mesh by REST; the status page is \(admin)/")
            lines.append("  \(self.curl(admin))/api/v1/system/info")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func command(_ certificate: String) -> String {
        let pki = Self.quoted(self.stateDirectory + "/pki")
        return "ETCDCTL_API=3 etcdctl --endpoints=\(self.clientURL) --cacert=\(pki)/ca.crt "
            + "--cert=\(pki)/\(certificate).crt --key=\(pki)/\(certificate).key"
    }

    private func curl(_ admin: String) -> String {
        let token = Self.quoted(self.stateDirectory + "/token")
        let trust =
            admin.hasPrefix("https:") ? "--cacert \(Self.quoted(self.stateDirectory + "/pki/ca.crt")) " : ""
        return "curl -fsS \(trust)-H \"Authorization: Bearer $(cat \(token))\" \(admin)"
    }

    /// A path as a shell reads it back unchanged.
    private static func quoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."),
                UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isPlain
            ? path
            : "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#)
                + "'"
    }
}
