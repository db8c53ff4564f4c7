import AccessControl
import CoreMetrics
import EtcdAPI
import MVCC
import NIOCore
import Passwords
import RPC
import Storage
import SwiftProtobuf

/// Auth: whether users count, and logging in. The rules are in ``AuthState``; only the commit thread applies
/// them.
extension EtcdSession {
    func auth(_ method: EtcdMethod, _ message: RawSpan, on stream: RPCStream) {
        switch method {
        case .authEnable:
            guard self.requireAdministrator(stream) else { return }
            self.change(.enable, on: stream)
        case .authDisable:
            guard self.requireAdministrator(stream) else { return }
            self.change(.disable, on: stream)
        case .authStatus: self.authStatus(on: stream)
        default: self.authenticate(message, on: stream)
        }
    }

    private func authStatus(on stream: RPCStream) {
        // As in etcd before 3.7, users that are not administrators are not told.
        guard self.access(stream, { $0.standing == .builtIn }) != nil else { return }
        let snapshot = self.snapshot
        var response = Etcdserverpb_AuthStatusResponse()
        response.header = self.services.header(snapshot.keyspace.revision).message
        response.enabled = snapshot.auth.isEnabled
        response.authRevision = snapshot.auth.revision
        self.respond(response, on: stream)
    }

    private func authenticate(_ message: RawSpan, on stream: RPCStream) {
        guard let request = self.decode(message, as: Etcdserverpb_AuthenticateRequest.self, on: stream) else {
            return
        }
        let auth = self.snapshot.auth
        do throws(AuthError) {
            let hash = try auth.passwordHash(of: request.name)
            // What the password is checked against: if it changes meanwhile, the token is withdrawn at once.
            let grant = AuthGrant(userName: request.name, revision: auth.revision)
            let tokens = self.services.tokens
            let now = stream.eventLoop.now
            let makeToken: @Sendable () -> Result<String, TokenFailure> = {
                Result { () throws(TokenFailure) in try tokens.issue(grant, now: now) }
            }
            self.services.passwords.check(
                request.password,
                against: hash,
                on: stream.eventLoop,
                makeToken: makeToken
            ) { result in
                self.finishLogin(result, on: stream)
                stream.connection.flushSoon()
            }
        } catch {
            if error != .notEnabled { self.services.authMetrics.failedLogins.increment() }
            stream.finish(EtcdStatus.status(error))
        }
    }

    private func finishLogin(
        _ result: Result<Result<String, TokenFailure>?, StoreError>,
        on stream: RPCStream
    ) {
        switch result {
        case .failure(let error): self.fail(error, on: stream)
        case .success(.failure(let failure)): stream.finish(EtcdStatus.status(failure))
        case .success(nil):
            self.services.authMetrics.failedLogins.increment()
            stream.finish(EtcdStatus.status(AuthError.authenticationFailed))
        case .success(.success(let token)):
            self.services.authMetrics.logins.increment()
            var response = Etcdserverpb_AuthenticateResponse()
            response.header = self.services.header(self.snapshot.keyspace.revision).message
            response.token = token
            self.respond(response, on: stream)
        }
    }

    // MARK: - Shared with users and roles

    /// Has the commit thread make a change, and answers the call.
    func change(_ command: AuthCommand, on stream: RPCStream) {
        self.propose(.auth(command), on: stream) { outcome in
            guard case .auth(let result, let revision) = outcome else { return }
            switch result {
            case .failure(let error): stream.finish(EtcdStatus.status(error))
            case .success:
                // The answers to all changes are a header and nothing else, so their bytes are the same.
                var response = Etcdserverpb_AuthEnableResponse()
                response.header = self.services.header(revision).message
                self.respond(response, on: stream)
            }
        }
    }
}
