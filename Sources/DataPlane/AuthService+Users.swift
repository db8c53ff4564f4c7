import AccessControl
import EtcdAPI
import FoundationEssentials
import MVCC
import NIOCore
import Passwords
import RPC
import Storage

/// Auth: users and their passwords.
extension EtcdSession {
    func user(_ method: EtcdMethod, _ message: RawSpan, on stream: RPCStream) {
        if method == .userGet { return self.getUser(message, on: stream) }
        guard self.requireAdministrator(stream) else { return }
        switch method {
        case .userAdd: self.addUser(message, on: stream)
        case .userList: self.listUsers(on: stream)
        case .userDelete:
            guard let request = self.decode(message, as: Etcdserverpb_AuthUserDeleteRequest.self, on: stream)
            else { return }
            self.change(.deleteUser(name: request.name), on: stream)
        case .userChangePassword: self.changePassword(message, on: stream)
        case .userGrantRole:
            guard
                let request = self.decode(message, as: Etcdserverpb_AuthUserGrantRoleRequest.self, on: stream)
            else { return }
            self.change(.grantRole(user: request.user, role: request.role), on: stream)
        default:
            guard
                let request = self.decode(
                    message,
                    as: Etcdserverpb_AuthUserRevokeRoleRequest.self,
                    on: stream
                )
            else { return }
            self.change(.revokeRole(user: request.name, role: request.role), on: stream)
        }
    }

    private func getUser(_ message: RawSpan, on stream: RPCStream) {
        guard let request = self.decode(message, as: Etcdserverpb_AuthUserGetRequest.self, on: stream),
            let caller = self.caller(stream)
        else { return }
        guard caller.mayShow(user: request.name) else {
            self.refuseAdministration(to: caller, on: stream)
            return
        }
        let snapshot = self.snapshot
        guard let user = snapshot.auth.user(request.name) else {
            stream.finish(EtcdStatus.status(AuthError.userNotFound))
            return
        }
        var response = Etcdserverpb_AuthUserGetResponse()
        response.header = self.services.header(snapshot.keyspace.revision).message
        response.roles = user.roles
        self.respond(response, on: stream)
    }

    private func listUsers(on stream: RPCStream) {
        let snapshot = self.snapshot
        var response = Etcdserverpb_AuthUserListResponse()
        response.header = self.services.header(snapshot.keyspace.revision).message
        response.users = snapshot.auth.users.map(\.name)
        self.respond(response, on: stream)
    }

    private func addUser(_ message: RawSpan, on stream: RPCStream) {
        guard let request = self.decode(message, as: Etcdserverpb_AuthUserAddRequest.self, on: stream) else {
            return
        }
        let name = request.name
        guard !request.options.noPassword else {
            self.change(.addUser(name: name, passwordHash: nil), on: stream)
            return
        }
        self.hash(request.password, or: request.hashedPassword, on: stream) { hash in
            self.change(.addUser(name: name, passwordHash: hash), on: stream)
        }
    }

    private func changePassword(_ message: RawSpan, on stream: RPCStream) {
        guard
            let request = self.decode(
                message,
                as: Etcdserverpb_AuthUserChangePasswordRequest.self,
                on: stream
            )
        else {
            return
        }
        self.hash(request.password, or: request.hashedPassword, on: stream) { hash in
            self.change(.changePassword(name: request.name, passwordHash: hash), on: stream)
        }
    }

    /// Hands the text of the password's hash to `body`: the one that the client has made, if it gives no
    /// password; a failure ends the call.
    private func hash(
        _ password: String,
        or hashed: String,
        on stream: RPCStream,
        then body: @escaping (String) -> Void
    ) {
        if password.isEmpty, !hashed.isEmpty {
            do throws(PasswordHash.Failure) {
                guard let bytes = Data(base64Encoded: hashed), let text = String(data: bytes, encoding: .utf8)
                else {
                    throw .notBcrypt
                }
                body(try PasswordHash(text: text).text)
            } catch {
                stream.finish(EtcdStatus.status(error))
            }
            return
        }
        self.services.passwords.hash(password, on: stream.eventLoop) { result in
            switch result {
            case .success(.success(let hash)): body(hash.text)
            case .success(.failure(let error)): stream.finish(EtcdStatus.status(error))
            case .failure(let error): self.fail(error, on: stream)
            }
            stream.connection.flushSoon()
        }
    }
}
