import AccessControl
import EtcdAPI
import FoundationEssentials
import SwiftProtobuf

/// Users and roles as etcd stores them (`authpb/auth.proto`).
enum AuthMessages {
    static func encode(_ role: AuthRole) -> [UInt8] {
        var message = Authpb_Role()
        message.name = Data(role.name.utf8)
        message.keyPermission = role.permissions.map { permission in
            var grant = Authpb_Permission()
            grant.permType = Self.type(permission.kind)
            grant.key = Data(permission.key)
            grant.rangeEnd = Data(permission.rangeEnd)
            return grant
        }
        return Self.bytes(message)
    }

    static func encode(_ user: AuthUser) -> [UInt8] {
        var message = Authpb_User()
        message.name = Data(user.name.utf8)
        message.password = Data((user.passwordHash ?? "").utf8)
        message.roles = user.roles
        message.options.noPassword = user.passwordHash == nil
        return Self.bytes(message)
    }

    /// Reads a stored role, or returns `nil` when the bytes are not one of this name.
    static func role(
        _ bytes: ArraySlice<UInt8>,
        name: ArraySlice<UInt8>
    ) -> (name: String, permissions: [Permission])? {
        guard let message = try? Authpb_Role(serializedBytes: Array(bytes)), message.name.elementsEqual(name),
            let text = String(validating: name, as: UTF8.self)
        else { return nil }
        var permissions: [Permission] = []
        for grant in message.keyPermission {
            guard let kind = Self.kind(grant.permType) else { return nil }
            permissions.append(Permission(kind, key: Array(grant.key), rangeEnd: Array(grant.rangeEnd)))
        }
        return (text, permissions)
    }

    /// Reads a stored user, or returns `nil` when the bytes are not one of this name.
    static func user(
        _ bytes: ArraySlice<UInt8>,
        name: ArraySlice<UInt8>
    ) -> (name: String, passwordHash: String?, roles: [String])? {
        guard let message = try? Authpb_User(serializedBytes: Array(bytes)), message.name.elementsEqual(name),
            let text = String(validating: name, as: UTF8.self),
            let hash = String(validating: message.password, as: UTF8.self)
        else { return nil }
        return (text, message.options.noPassword ? nil : hash, message.roles)
    }

    private static func bytes(_ message: some Message) -> [UInt8] {
        do {
            return try message.serializedBytes()
        } catch {
            preconditionFailure("a message without required fields can always be encoded")
        }
    }

    private static func type(_ kind: Permission.Kind) -> Authpb_Permission.TypeEnum {
        switch kind {
        case .read: .read
        case .write: .write
        case .readWrite: .readwrite
        }
    }

    private static func kind(_ type: Authpb_Permission.TypeEnum) -> Permission.Kind? {
        switch type {
        case .read: .read
        case .write: .write
        case .readwrite: .readWrite
        case .UNRECOGNIZED: nil
        }
    }
}
