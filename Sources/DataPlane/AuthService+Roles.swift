import AccessControl
import EtcdAPI
import FoundationEssentials
import MVCC
import NIOCore
import RPC
import Storage

/// Auth: roles and what they grant.
extension EtcdSession {
    func role(_ method: EtcdMethod, _ message: RawSpan, on stream: RPCStream) {
        if method == .roleGet { return self.getRole(message, on: stream) }
        guard self.requireAdministrator(stream) else { return }
        switch method {
        case .roleAdd:
            guard let request = self.decode(message, as: Etcdserverpb_AuthRoleAddRequest.self, on: stream)
            else { return }
            self.change(.addRole(name: request.name), on: stream)
        case .roleList: self.listRoles(on: stream)
        case .roleDelete:
            guard let request = self.decode(message, as: Etcdserverpb_AuthRoleDeleteRequest.self, on: stream)
            else { return }
            self.change(.deleteRole(name: request.role), on: stream)
        case .roleGrantPermission: self.grantPermission(message, on: stream)
        default: self.revokePermission(message, on: stream)
        }
    }

    /// Tells an administrator of any role, and others of those that they have.
    private func getRole(_ message: RawSpan, on stream: RPCStream) {
        guard let request = self.decode(message, as: Etcdserverpb_AuthRoleGetRequest.self, on: stream),
            let caller = self.caller(stream)
        else { return }
        let snapshot = self.snapshot
        let holdsRole = snapshot.auth.user(caller.identity.name)?.holds(request.role) == true
        guard caller.isAdministrator || (caller.standing == .user && holdsRole) else {
            self.refuseAdministration(to: caller, on: stream)
            return
        }
        guard let role = snapshot.auth.role(request.role) else {
            stream.finish(EtcdStatus.status(AuthError.roleNotFound))
            return
        }
        var response = Etcdserverpb_AuthRoleGetResponse()
        response.header = self.services.header(snapshot.keyspace.revision).message
        response.perm = role.shownPermissions.map { permission in
            var wire = Authpb_Permission()
            wire.permType = Authpb_Permission.TypeEnum(permission.kind)
            wire.key = Data(permission.key)
            wire.rangeEnd = Data(permission.rangeEnd)
            return wire
        }
        self.respond(response, on: stream)
    }

    private func listRoles(on stream: RPCStream) {
        let snapshot = self.snapshot
        var response = Etcdserverpb_AuthRoleListResponse()
        response.header = self.services.header(snapshot.keyspace.revision).message
        response.roles = snapshot.auth.roles.map(\.name)
        self.respond(response, on: stream)
    }

    private func grantPermission(_ message: RawSpan, on stream: RPCStream) {
        guard
            let request = self.decode(
                message,
                as: Etcdserverpb_AuthRoleGrantPermissionRequest.self,
                on: stream
            )
        else {
            return
        }
        guard request.hasPerm else {
            stream.finish(EtcdStatus.status(AuthError.permissionNotGiven))
            return
        }
        guard let kind = Permission.Kind(request.perm.permType) else {
            stream.finish(EtcdStatus.status(AuthError.invalidManagement))
            return
        }
        let permission = Permission(
            kind,
            key: Array(request.perm.key),
            rangeEnd: Array(request.perm.rangeEnd)
        )
        self.change(.grantPermission(role: request.name, permission), on: stream)
    }

    private func revokePermission(_ message: RawSpan, on stream: RPCStream) {
        guard
            let request = self.decode(
                message,
                as: Etcdserverpb_AuthRoleRevokePermissionRequest.self,
                on: stream
            )
        else {
            return
        }
        let key = Array(request.key)
        self.change(
            .revokePermission(role: request.role, key: key, rangeEnd: Array(request.rangeEnd)),
            on: stream
        )
    }
}

extension Permission.Kind {
    /// Reads the wire's type, or returns `nil` for one that does not exist.
    fileprivate init?(_ type: Authpb_Permission.TypeEnum) {
        switch type {
        case .read: self = .read
        case .write: self = .write
        case .readwrite: self = .readWrite
        case .UNRECOGNIZED: return nil
        }
    }
}

extension Authpb_Permission.TypeEnum {
    fileprivate init(_ kind: Permission.Kind) {
        switch kind {
        case .read: self = .read
        case .write: self = .write
        case .readWrite: self = .readwrite
        }
    }
}
