import EtcdAPI
import Foundation

/// Leases, alarms, users: recorded too.
extension World {
    typealias Completion = (Operation.Outcome) -> Void

    func grant(
        _ lease: Int64,
        seconds: Int64,
        by line: Line,
        then completion: @escaping Completion = { _ in }
    ) {
        var request = Etcdserverpb_LeaseGrantRequest()
        request.id = lease
        request.ttl = seconds
        self.call(
            .grant(lease: lease, seconds: seconds),
            by: line,
            "/etcdserverpb.Lease/LeaseGrant",
            request,
            Etcdserverpb_LeaseGrantResponse.self,
            answer: { ($0.header, .lease(seconds: $0.ttl)) },
            then: completion
        )
    }

    func revoke(_ lease: Int64, by line: Line, then completion: @escaping Completion = { _ in }) {
        var request = Etcdserverpb_LeaseRevokeRequest()
        request.id = lease
        self.call(
            .revoke(lease: lease),
            by: line,
            "/etcdserverpb.Lease/LeaseRevoke",
            request,
            Etcdserverpb_LeaseRevokeResponse.self,
            answer: { ($0.header, .done) },
            then: completion
        )
    }

    /// Renews a lease once, on a stream of its own.
    func keepAlive(_ lease: Int64, by line: Line, then completion: @escaping Completion = { _ in }) {
        var request = Etcdserverpb_LeaseKeepAliveRequest()
        request.id = lease
        self.call(
            .keepAlive(lease: lease),
            by: line,
            "/etcdserverpb.Lease/LeaseKeepAlive",
            request,
            Etcdserverpb_LeaseKeepAliveResponse.self,
            answer: { ($0.header, .lease(seconds: $0.ttl)) },
            then: completion
        )
    }

    func disarm(by line: Line, then completion: @escaping Completion = { _ in }) {
        var request = Etcdserverpb_AlarmRequest()
        request.action = .deactivate
        request.alarm = .nospace
        self.call(
            .other("disarm"),
            by: line,
            "/etcdserverpb.Maintenance/Alarm",
            request,
            Etcdserverpb_AlarmResponse.self,
            answer: { ($0.header, .done) },
            then: completion
        )
    }

    func defragment(by line: Line, then completion: @escaping Completion = { _ in }) {
        self.call(
            .other("defragment"),
            by: line,
            "/etcdserverpb.Maintenance/Defragment",
            Etcdserverpb_DefragmentRequest(),
            Etcdserverpb_DefragmentResponse.self,
            // etcd's answer to this one may come without a header.
            answer: { ($0.header, .done) },
            then: completion
        )
    }

    func addUser(_ name: String, by line: Line, then completion: @escaping Completion = { _ in }) {
        var request = Etcdserverpb_AuthUserAddRequest()
        request.name = name
        request.options.noPassword = true
        self.call(
            .other("user \(name)"),
            by: line,
            "/etcdserverpb.Auth/UserAdd",
            request,
            Etcdserverpb_AuthUserAddResponse.self,
            answer: { ($0.header, .done) },
            then: completion
        )
    }

    func addRole(_ name: String, by line: Line, then completion: @escaping Completion = { _ in }) {
        var request = Etcdserverpb_AuthRoleAddRequest()
        request.name = name
        self.call(
            .other("role \(name)"),
            by: line,
            "/etcdserverpb.Auth/RoleAdd",
            request,
            Etcdserverpb_AuthRoleAddResponse.self,
            answer: { ($0.header, .done) },
            then: completion
        )
    }

    func allowReading(
        _ span: KeySpan,
        role: String,
        by line: Line,
        then completion: @escaping Completion = { _ in }
    ) {
        var request = Etcdserverpb_AuthRoleGrantPermissionRequest()
        request.name = role
        request.perm.permType = .read
        request.perm.key = Data(span.start.utf8)
        request.perm.rangeEnd = Data(span.end.utf8)
        self.call(
            .other("allow \(role)"),
            by: line,
            "/etcdserverpb.Auth/RoleGrantPermission",
            request,
            Etcdserverpb_AuthRoleGrantPermissionResponse.self,
            answer: { ($0.header, .done) },
            then: completion
        )
    }

    func grantRole(
        _ role: String,
        to user: String,
        by line: Line,
        then completion: @escaping Completion = { _ in }
    ) {
        var request = Etcdserverpb_AuthUserGrantRoleRequest()
        request.user = user
        request.role = role
        self.call(
            .other("grant \(role) to \(user)"),
            by: line,
            "/etcdserverpb.Auth/UserGrantRole",
            request,
            Etcdserverpb_AuthUserGrantRoleResponse.self,
            answer: { ($0.header, .done) },
            then: completion
        )
    }

    func revokeRole(
        _ role: String,
        from user: String,
        by line: Line,
        then completion: @escaping Completion = { _ in }
    ) {
        var request = Etcdserverpb_AuthUserRevokeRoleRequest()
        request.name = user
        request.role = role
        self.call(
            .other("revoke \(role) from \(user)"),
            by: line,
            "/etcdserverpb.Auth/UserRevokeRole",
            request,
            Etcdserverpb_AuthUserRevokeRoleResponse.self,
            answer: { ($0.header, .done) },
            then: completion
        )
    }

    func enableAuth(by line: Line, then completion: @escaping Completion = { _ in }) {
        self.call(
            .other("enable auth"),
            by: line,
            "/etcdserverpb.Auth/AuthEnable",
            Etcdserverpb_AuthEnableRequest(),
            Etcdserverpb_AuthEnableResponse.self,
            answer: { ($0.header, .done) },
            then: completion
        )
    }
}
