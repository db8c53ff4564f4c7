import AccessControl
import Passwords
import RPC
import Testing

@testable import DataPlane

/// Clients compare these byte for byte; the table repeats etcd's `rpctypes/error.go` on purpose.
@Suite struct AuthStatusTests {
    @Test(
        "what the Auth API refuses becomes etcd's code and sentence",
        arguments: [
            (.rootUserMissing, .failedPrecondition, "etcdserver: root user does not exist"),
            (.rootRoleMissing, .failedPrecondition, "etcdserver: root user does not have root role"),
            (.userExists, .failedPrecondition, "etcdserver: user name already exists"),
            (.userNotFound, .failedPrecondition, "etcdserver: user name not found"),
            (.roleExists, .failedPrecondition, "etcdserver: role name already exists"),
            (.roleNotFound, .failedPrecondition, "etcdserver: role name not found"),
            (.roleNotGranted, .failedPrecondition, "etcdserver: role is not granted to the user"),
            (.permissionNotGranted, .failedPrecondition, "etcdserver: permission is not granted to the role"),
            (.notEnabled, .failedPrecondition, "etcdserver: authentication is not enabled"),
            (.userNameEmpty, .invalidArgument, "etcdserver: user name is empty"),
            (.roleNameEmpty, .invalidArgument, "etcdserver: role name is empty"),
            (
                .authenticationFailed, .invalidArgument,
                "etcdserver: authentication failed, invalid user ID or password"
            ),
            (.permissionNotGiven, .invalidArgument, "etcdserver: permission not given"),
            (.invalidManagement, .invalidArgument, "etcdserver: invalid auth management"),
            (.invalidToken, .unauthenticated, "etcdserver: invalid auth token"),
            (
                .passwordNotUsed, .unknown,
                "auth: authentication failed, password was given for no password user"
            ),
            (
                .tooLarge(limit: 9), .resourceExhausted,
                "isthmus: users, roles and permissions would need more than 9 bytes"
            ),
        ] as [(AuthError, RPCCode, String)]
    )
    func translates(error: AuthError, code: RPCCode, sentence: String) {
        #expect(EtcdStatus.status(error) == RPCStatus(code: code, message: sentence))
    }

    @Test func aWatchIsRefusedInTheWordsOfGRPC() {
        let reasons = [
            EtcdStatus.cancelReason(EtcdStatus.permissionDenied),
            EtcdStatus.cancelReason(EtcdStatus.status(AuthError.userNameEmpty)),
            EtcdStatus.cancelReason(EtcdStatus.status(AuthError.invalidToken)),
        ]
        #expect(
            reasons == [
                "rpc error: code = PermissionDenied desc = etcdserver: permission denied",
                "rpc error: code = InvalidArgument desc = etcdserver: user name is empty",
                "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token",
            ]
        )
    }

    @Test func aPasswordThatIsTooLongIsRefusedInTheWordsOfGo() {
        let status = EtcdStatus.status(PasswordHash.Failure.tooLong)
        #expect(status == RPCStatus(code: .unknown, message: "bcrypt: password length exceeds 72 bytes"))
    }
}
