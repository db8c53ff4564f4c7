import Documents
import MeshResources
import MeshSchema
import MicroHTTP
import Persistence
import Synchronization

/// Finds out who asks.
///
/// Any thread. A token is looked up in the published objects with every request, so rotating or deleting it
/// takes effect at once.
struct Authenticator: Sendable {
    /// The cookie of the status page.
    ///
    /// It only opens what changes nothing, so no other site can use it.
    static let cookie = "isthmus_token"

    let environment: AdminEnvironment
    private let limiter = FailureLimiter()
    private let cache = TokenCache()

    init(environment: AdminEnvironment) {
        self.environment = environment
    }

    /// Returns the caller.
    ///
    /// - Throws: 401, or 429 for an address that fails too often.
    func caller(of request: Request) throws(Problem) -> Caller {
        let address = Self.address(of: request.peer)
        switch self.identify(request, address) {
        case .success(let caller?): return caller
        case .success(nil):
            var problem = Problem(
                .unauthorized,
                "this needs a bearer token or a client certificate of the mesh with the admin profile",
                hint: "send 'Authorization: Bearer <token>'; the first token is in the file 'token' of the "
                    + "server's state directory"
            )
            problem.fields.add("WWW-Authenticate", #"Bearer realm="isthmus""#)
            throw problem
        case .failure(let reason): throw self.failure(reason.text, address)
        }
    }

    /// Whether the request comes from somebody who has the scope, for decisions before it is one.
    ///
    /// Who has not is found out, and counted, when the request is answered.
    func may(_ request: Request, _ scope: TokenScope) -> Bool {
        let caller = self.identify(request, Self.address(of: request.peer))
        return (try? caller.get())?.may(scope) ?? false
    }

    /// Whether `text` is a valid token, for the status page's sign-in.
    ///
    /// - Throws: 401, or 429 for an address that fails too often.
    func checkToken(_ text: String, from peer: Peer) throws(Problem) -> Caller {
        let address = Self.address(of: peer)
        switch self.caller(token: text, method: .cookie, address) {
        case .success(let caller): return caller
        case .failure(let reason): throw self.failure(reason.text, address)
        }
    }

    /// The text of the peer's address, as the audit and the limiter know it.
    static func address(of peer: Peer) -> String {
        switch peer.origin {
        case .tcp(let address, _): address
        case .unix: "unix"
        }
    }

    private struct Refused: Error {
        let text: String
    }

    /// Returns the caller, nothing when the request brought no credentials, or why they are not accepted.
    private func identify(_ request: Request, _ address: String) -> Result<Caller?, Refused> {
        if let text = request.fields["Authorization"] {
            guard text.lowercased().hasPrefix("bearer ") else {
                return .failure(Refused(text: "only the Bearer scheme is known"))
            }
            return self.caller(token: text.dropFirst(7).trimmingSpaces(), method: .token, address).map { $0 }
        }
        if !request.peer.certificateChain.isEmpty {
            guard let name = self.environment.administrator(request.peer.certificateChain) else {
                return .failure(Refused(text: "the client certificate is not one of an administrator"))
            }
            return .success(Caller(name: name, method: .certificate, scopes: [.admin], address: address))
        }
        if case .unix(let user?) = request.peer.origin, user == 0 || user == self.environment.ownUser {
            return .success(Caller(name: "uid \(user)", method: .socket, scopes: [.admin], address: address))
        }
        if ["GET", "HEAD"].contains(request.method), let token = Self.cookie(in: request.fields) {
            return self.caller(token: token, method: .cookie, address).map { $0 }
        }
        return .success(nil)
    }

    private func caller(
        token text: String,
        method: Caller.Method,
        _ address: String
    ) -> Result<Caller, Refused> {
        let refused = Refused(text: "the token is not valid")
        guard let token = TokenText(text),
            let object = self.environment.store.object(ObjectKind.token.plural, token.name)
        else { return .failure(refused) }
        let hash = self.environment.sha256(Array(token.secret.utf8))
        guard Self.isEqual(hash, object.secret) else { return .failure(refused) }
        let grant = self.cache.grant(of: object)
        if let expiry = grant.expiresAt, expiry <= self.environment.now() {
            return .failure(Refused(text: "the token has expired"))
        }
        return .success(Caller(name: object.name, method: method, scopes: grant.scopes, address: address))
    }

    private func failure(_ reason: String, _ address: String) -> Problem {
        if let seconds = self.limiter.noteFailure(from: address, now: self.environment.now()) {
            var problem = Problem(.tooManyRequests, "too many requests with credentials that are not valid")
            problem.retryAfterSeconds = seconds
            return problem
        }
        var problem = Problem(.unauthorized, reason)
        problem.fields.add("WWW-Authenticate", #"Bearer realm="isthmus", error="invalid_token""#)
        return problem
    }

    private static func cookie(in fields: HeaderFields) -> String? {
        for part in fields.values(of: "Cookie").joined(separator: ";").split(separator: ";") {
            let pair = part.trimmingSpaces().split(separator: "=", maxSplits: 1)
            if pair.count == 2, pair[0] == self.cookie { return String(pair[1]) }
        }
        return nil
    }

    /// Compares in a time that does not depend on where the bytes differ.
    static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count, !left.isEmpty else { return false }
        return zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// What tokens grant, so that their documents are not read with every request.
private final class TokenCache: Sendable {
    struct Grant {
        let scopes: [TokenScope]
        /// In nanoseconds since 1970.
        let expiresAt: Int64?
    }

    private static let limit = 1_024
    private let grants = Mutex<[String: (resourceVersion: Int64, grant: Grant)]>([:])

    func grant(of object: AdminObject) -> Grant {
        let cached = self.grants.withLock { $0[object.name] }
        if let cached, cached.resourceVersion == object.resourceVersion { return cached.grant }
        let document = (try? JSONReader.read(object.spec)) ?? .null
        let spec = TokenSpec(FieldReader(document, problems: FieldProblems()))
        let grant = Grant(
            scopes: spec?.scopes ?? [],
            expiresAt: spec?.expiresAt.map { $0.seconds * 1_000_000_000 + Int64($0.nanoseconds) }
        )
        self.grants.withLock { grants in
            if grants.count >= Self.limit { grants = [:] }
            grants[object.name] = (object.resourceVersion, grant)
        }
        return grant
    }
}
