import AccessControl
import NIOCore
import RPC
import Storage

/// Whom the messages of one call speak for.
///
/// Bound to the call's loop.
///
/// A token, if there is one, decides before the connection does (etcd `server/auth/store.go`). What they are
/// allowed is asked of the users as they are at each message, so that a change of users withdraws what it
/// should and disturbs nobody else. A stream's token is looked up once: it may live longer than a token that
/// nobody uses.
struct Caller {
    private let connection: Authorization
    private let token: String?
    private let tokens: any TokenProvider
    private let eventLoop: any EventLoop
    private var grant: AuthGrant?

    init(of stream: RPCStream, _ session: EtcdSession) {
        self.connection = session.authorization
        self.token = stream.token
        self.tokens = session.services.tokens
        self.eventLoop = stream.eventLoop
    }

    /// Returns what the caller may do while these are the users.
    ///
    /// - Throws: Why it is nobody: ``AuthError/userNameEmpty`` or ``AuthError/invalidToken``.
    mutating func authorization(in auth: AuthState) throws(AuthError) -> Authorization {
        // A token means nothing while users do not count.
        guard auth.isEnabled, let token else { return try auth.authorization(of: self.connection) }
        guard let grant = self.grant ?? self.tokens.grant(of: token, now: self.eventLoop.now) else {
            throw .invalidToken
        }
        self.grant = grant
        do throws(AuthError) {
            return try auth.authorization(of: grant)
        } catch {
            self.tokens.remove(token)
            throw error
        }
    }
}

/// What a request was found to be allowed.
enum Access {
    case everything
    case limited(PermissionTable)

    /// Returns the proposal, restricted to what its leases allow if not everything is allowed.
    func limit(_ proposal: Proposal) -> Proposal {
        switch self {
        case .everything: proposal
        case .limited(let permissions): .restricted(proposal, to: permissions)
        }
    }
}

extension RPCStream {
    /// The token of the call: gRPC clients send it as it is, others as a bearer token.
    ///
    /// Costs next to nothing for a call without metadata.
    var token: String? {
        if let token = self.metadata("token") { return token }
        guard let token = self.metadata("authorization") else { return nil }
        return token.hasPrefix("Bearer ") ? String(token.dropFirst(7)) : token
    }
}

extension EtcdSession {
    /// Whether the call may do everything: the hot path, which looks nothing up.
    ///
    /// `false` says only that it has to be looked up.
    func isAdministrator(_ stream: RPCStream) -> Bool {
        self.authorization.isAdministrator && self.isDecidedByConnection(stream)
    }

    /// Whether the connection alone says what the call may do.
    ///
    /// While users do not count, nothing else does. Then tokens decide first, and without TLS there is
    /// nobody.
    private func isDecidedByConnection(_ stream: RPCStream) -> Bool {
        guard self.services.store.replica.isAuthEnabled else { return true }
        return self.hasBuiltInRights && stream.token == nil
    }

    /// Returns whom the call speaks for, or ends it when that is nobody.
    func caller(_ stream: RPCStream) -> Authorization? {
        if self.isDecidedByConnection(stream) { return self.authorization }
        var caller = Caller(of: stream, self)
        do throws(AuthError) {
            return try caller.authorization(in: self.snapshot.auth)
        } catch {
            stream.finish(EtcdStatus.status(error))
            return nil
        }
    }

    /// Returns what the call may do if `isAllowed`; otherwise ends it.
    func access(_ stream: RPCStream, _ isAllowed: (Authorization) -> Bool) -> Access? {
        if self.isAdministrator(stream) { return .everything }
        guard let caller = self.caller(stream) else { return nil }
        if caller.isAdministrator { return .everything }
        if isAllowed(caller) { return .limited(caller.permissions) }
        stream.finish(EtcdStatus.permissionDenied)
        return nil
    }

    /// Whether the caller is one that was given rights; others are told nothing, and their calls ended.
    func requireKnown(_ stream: RPCStream) -> Bool {
        self.access(stream) { $0.isKnown } != nil
    }

    /// Whether the caller is an administrator; otherwise the call is ended.
    func requireAdministrator(_ stream: RPCStream) -> Bool {
        if self.isAdministrator(stream) { return true }
        guard let caller = self.caller(stream) else { return false }
        if caller.isAdministrator { return true }
        self.refuseAdministration(to: caller, on: stream)
        return false
    }

    /// Ends a call that only administrators may make; etcd tells a certificate without a user so.
    func refuseAdministration(to caller: Authorization, on stream: RPCStream) {
        let isUnknown = caller.standing == .unknownUser
        stream.finish(isUnknown ? EtcdStatus.status(AuthError.userNotFound) : EtcdStatus.permissionDenied)
    }
}
