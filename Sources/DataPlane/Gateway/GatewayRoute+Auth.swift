import EtcdAPI

extension GatewayRoute {
    /// Auth: whether users count, and logging in.
    static let logins: [GatewayRoute] = [
        .init(
            "auth/enable",
            .authEnable,
            Etcdserverpb_AuthEnableRequest.self,
            Etcdserverpb_AuthEnableResponse.self
        ),
        .init(
            "auth/disable",
            .authDisable,
            Etcdserverpb_AuthDisableRequest.self,
            Etcdserverpb_AuthDisableResponse.self
        ),
        .init(
            "auth/status",
            .authStatus,
            Etcdserverpb_AuthStatusRequest.self,
            Etcdserverpb_AuthStatusResponse.self
        ),
        .init(
            "auth/authenticate",
            .authenticate,
            Etcdserverpb_AuthenticateRequest.self,
            Etcdserverpb_AuthenticateResponse.self
        ),
    ]

    /// Auth: users.
    static let users: [GatewayRoute] = [
        .init(
            "auth/user/add",
            .userAdd,
            Etcdserverpb_AuthUserAddRequest.self,
            Etcdserverpb_AuthUserAddResponse.self
        ),
        .init(
            "auth/user/get",
            .userGet,
            Etcdserverpb_AuthUserGetRequest.self,
            Etcdserverpb_AuthUserGetResponse.self
        ),
        .init(
            "auth/user/list",
            .userList,
            Etcdserverpb_AuthUserListRequest.self,
            Etcdserverpb_AuthUserListResponse.self
        ),
        .init(
            "auth/user/delete",
            .userDelete,
            Etcdserverpb_AuthUserDeleteRequest.self,
            Etcdserverpb_AuthUserDeleteResponse.self
        ),
        .init(
            "auth/user/changepw",
            .userChangePassword,
            Etcdserverpb_AuthUserChangePasswordRequest.self,
            Etcdserverpb_AuthUserChangePasswordResponse.self
        ),
        .init(
            "auth/user/grant",
            .userGrantRole,
            Etcdserverpb_AuthUserGrantRoleRequest.self,
            Etcdserverpb_AuthUserGrantRoleResponse.self
        ),
        .init(
            "auth/user/revoke",
            .userRevokeRole,
            Etcdserverpb_AuthUserRevokeRoleRequest.self,
            Etcdserverpb_AuthUserRevokeRoleResponse.self
        ),
    ]

    /// Auth: roles.
    static let roles: [GatewayRoute] = [
        .init(
            "auth/role/add",
            .roleAdd,
            Etcdserverpb_AuthRoleAddRequest.self,
            Etcdserverpb_AuthRoleAddResponse.self
        ),
        .init(
            "auth/role/get",
            .roleGet,
            Etcdserverpb_AuthRoleGetRequest.self,
            Etcdserverpb_AuthRoleGetResponse.self
        ),
        .init(
            "auth/role/list",
            .roleList,
            Etcdserverpb_AuthRoleListRequest.self,
            Etcdserverpb_AuthRoleListResponse.self
        ),
        .init(
            "auth/role/delete",
            .roleDelete,
            Etcdserverpb_AuthRoleDeleteRequest.self,
            Etcdserverpb_AuthRoleDeleteResponse.self
        ),
        .init(
            "auth/role/grant",
            .roleGrantPermission,
            Etcdserverpb_AuthRoleGrantPermissionRequest.self,
            Etcdserverpb_AuthRoleGrantPermissionResponse.self
        ),
        .init(
            "auth/role/revoke",
            .roleRevokePermission,
            Etcdserverpb_AuthRoleRevokePermissionRequest.self,
            Etcdserverpb_AuthRoleRevokePermissionResponse.self
        ),
    ]
}
