import AccessControl
import DataPlane
import FoundationEssentials
import NIOCore
import PKI
import Synchronization

/// JSON Web Tokens (RFC 7519) with etcd's claims `username`, `revision` and `exp`: nothing is kept, so any
/// server with the key knows them, also after a restart.
final class WebTokens: TokenProvider {
    /// The most tokens whose signature is remembered to be right; then all are forgotten.
    private static let rememberedTokens = 4_096

    private struct Header: Codable {
        let alg: String
        var typ: String?
    }

    private struct Claims: Codable {
        let username: String
        let revision: UInt64
        var exp: Double?
        var nbf: Double?
    }

    private struct Verified {
        let grant: AuthGrant
        let end: Double
    }

    private let key: TokenKey
    private let timeToLive: Duration
    private let clock: @Sendable () -> Double
    /// A signature costs some hundred microseconds to verify, and clients send their token with every call.
    private let verified = Mutex<[String: Verified]>([:])

    /// Creates the provider; `clock` returns seconds since 1970.
    init(key: TokenKey, timeToLive: Duration, clock: @escaping @Sendable () -> Double) {
        self.key = key
        self.timeToLive = timeToLive
        self.clock = clock
    }

    func issue(_ grant: AuthGrant, now: NIODeadline) throws(TokenFailure) -> String {
        guard self.key.canSign else { throw .verifiesOnly }
        let end = (self.clock() + Double(self.timeToLive.components.seconds)).rounded(.down)
        let header = Header(alg: self.key.algorithm.rawValue, typ: "JWT")
        let claims = Claims(username: grant.userName, revision: grant.revision, exp: end)
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let signed =
                Base64URL.text([UInt8](try encoder.encode(header))) + "."
                + Base64URL.text([UInt8](try encoder.encode(claims)))
            return signed + "." + Base64URL.text(try self.key.sign(Array(signed.utf8)))
        } catch {
            throw .cannotSign(reason: "\(error)")
        }
    }

    func grant(of token: String, now: NIODeadline) -> AuthGrant? {
        let time = self.clock()
        if let known = self.verified.withLock({ $0[token] }) { return known.end > time ? known.grant : nil }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let signature = Base64URL.bytes(parts[2]),
            let header = Self.decode(Header.self, parts[0]), header.alg == self.key.algorithm.rawValue,
            self.key.verify(signature, of: Array("\(parts[0]).\(parts[1])".utf8)),
            let claims = Self.decode(Claims.self, parts[1]), claims.nbf ?? 0 <= time
        else { return nil }
        // A token without an end has none, as in etcd.
        let end = claims.exp ?? .infinity
        guard end > time else { return nil }
        let grant = AuthGrant(userName: claims.username, revision: claims.revision)
        self.verified.withLock { verified in
            if verified.count >= Self.rememberedTokens { verified = [:] }
            verified[token] = Verified(grant: grant, end: end)
        }
        return grant
    }

    /// Nothing is kept but what the signature says, which does not change.
    func remove(_ token: String) {}

    private static func decode<T: Decodable>(_ type: T.Type, _ part: Substring) -> T? {
        // Whatever is wrong with it: it is not a token of ours.
        Base64URL.bytes(part).flatMap { try? JSONDecoder().decode(type, from: Data($0)) }
    }
}

/// Base 64 without padding, for URLs (RFC 4648 §5).
enum Base64URL {
    static func text(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }

    static func bytes(_ text: Substring) -> [UInt8]? {
        guard text.utf8.count % 4 != 1, !text.contains("="), !text.contains("+"), !text.contains("/") else {
            return nil
        }
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        let standard = String(text).replacing("-", with: "+").replacing("_", with: "/") + padding
        return Data(base64Encoded: standard).map { [UInt8]($0) }
    }
}
