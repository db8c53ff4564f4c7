import Foundation
import PKI

/// The options of `--auth-token jwt,…` (etcd `server/auth/options.go`).
struct WebTokenOptions: Sendable, Hashable {
    let algorithm: TokenAlgorithm
    let privateKeyFile: String?
    let publicKeyFile: String?
    let timeToLive: Duration

    /// Reads the keys.
    func key() throws(EtcdSettings.Refusal) -> TokenKey {
        let privateKey = try self.privateKeyFile.map { (path) throws(EtcdSettings.Refusal) in
            try Self.read(path)
        }
        let publicKey = try self.publicKeyFile.map { (path) throws(EtcdSettings.Refusal) in
            try Self.read(path)
        }
        do throws(TokenKey.Failure) {
            return try TokenKey(algorithm: self.algorithm, privateKey: privateKey, publicKey: publicKey)
        } catch {
            switch error {
            case .missing: throw .init(description: "auth: missing key data")
            case .mismatch: throw .init(description: "auth: public and private keys don't match")
            case .unusable(let reason): throw .init(description: "auth: \(reason)")
            }
        }
    }

    private static func read(_ path: String) throws(EtcdSettings.Refusal) -> [UInt8] {
        guard let contents = FileManager.default.contents(atPath: path) else {
            throw .init(description: "open \(path): the file cannot be read")
        }
        return [UInt8](contents)
    }
}

extension EtcdConfiguration.TokenOptions {
    /// Reads `simple`, or `jwt,sign-method=…,priv-key=…,pub-key=…,ttl=…`.
    init(_ text: String) throws(EtcdSettings.Refusal) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let refusal = EtcdSettings.Refusal(description: "auth: invalid auth options")
        var options: [String: String] = [:]
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
            guard pair.count == 2, options[pair[0]] == nil else { throw refusal }
            options[pair[0]] = pair[1]
        }
        switch parts.first {
        case "simple": self = .simple
        case "jwt":
            let known = ["sign-method", "pub-key", "priv-key", "ttl"]
            guard options.keys.allSatisfy(known.contains),
                let algorithm = options["sign-method"].flatMap(TokenAlgorithm.init(rawValue:)),
                let timeToLive = Duration(goText: options["ttl"] ?? "5m"), timeToLive > .zero
            else { throw refusal }
            self = .webTokens(
                WebTokenOptions(
                    algorithm: algorithm,
                    privateKeyFile: options["priv-key"],
                    publicKeyFile: options["pub-key"],
                    timeToLive: timeToLive
                )
            )
        default: throw refusal
        }
    }
}
