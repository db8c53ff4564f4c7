"""The Auth API: users, roles, permissions, logins and what they allow."""

import grpc
import pytest

from support.protocol import Client, prefix_end, refused
from support.users import BAD_TOKEN, DENIED, NAMELESS, add_role, add_user, login, permission

BAD_LOGIN = (
    grpc.StatusCode.INVALID_ARGUMENT,
    "etcdserver: authentication failed, invalid user ID or password",
)
NOT_ENABLED = grpc.StatusCode.FAILED_PRECONDITION, "etcdserver: authentication is not enabled"
INVALID = grpc.StatusCode.INVALID_ARGUMENT, "etcdserver: invalid auth management"
ALL = {"key": b"\0", "range_end": b"\0"}

pytestmark = pytest.mark.since(35, "3.4 does not tell its state, and falls over some requests")


def failed(sentence):
    return grpc.StatusCode.FAILED_PRECONDITION, f"etcdserver: {sentence}"


def argument(sentence):
    return grpc.StatusCode.INVALID_ARGUMENT, f"etcdserver: {sentence}"


@pytest.fixture
def fresh(make_server):
    """A server of the test's own, without users."""
    server = make_server().start()
    with Client(server) as client:
        yield client


@pytest.fixture(scope="module")
def guarded(target, module_directory, server):
    """A server that the module shares, where users count: root, alice, bob and nobody's role."""
    with Client(server) as client:
        for key in (b"a", b"b", b"dir/1", b"x", b"y"):
            client.KV.Put(key=key, value=b"value of " + key)
        add_role(
            client,
            "alice",
            permission("READ", b"a", b"c"),
            permission("READWRITE", b"dir/", b"dir0"),
            permission("WRITE", b"w"),
            permission("READ", b"x", b"\0"),
        )
        add_user(client, "root", "root")
        add_user(client, "alice", "alice")
        add_user(client, "bob")
        client.Auth.AuthEnable()
        yield client
        client.Auth.AuthDisable(metadata=login(client, "root", "root"))


@pytest.fixture(scope="module")
def root(guarded):
    return login(guarded, "root", "root")


@pytest.fixture(scope="module")
def alice(guarded):
    return login(guarded, "alice", "alice")


def test_what_is_not_there_and_what_is_there_already(fresh):
    auth = fresh.Auth
    add_user(fresh, "alice")
    add_role(fresh, "reader", permission("READ", b"a"))
    for call, answer in [
        (lambda: auth.UserAdd(name="", password="x"), argument("user name is empty")),
        (lambda: auth.UserAdd(name="alice", password="x"), failed("user name already exists")),
        (lambda: auth.UserGet(name="nobody"), failed("user name not found")),
        (lambda: auth.UserDelete(name="nobody"), failed("user name not found")),
        (lambda: auth.UserChangePassword(name="nobody", password="x"), failed("user name not found")),
        (lambda: auth.UserGrantRole(user="nobody", role="reader"), failed("user name not found")),
        (lambda: auth.UserGrantRole(user="alice", role="nothing"), failed("role name not found")),
        (lambda: auth.UserRevokeRole(name="nobody", role="reader"), failed("user name not found")),
        (lambda: auth.UserRevokeRole(name="alice", role="reader"), failed("role is not granted to the user")),
        (lambda: auth.RoleAdd(name=""), argument("role name is empty")),
        (lambda: auth.RoleAdd(name="reader"), failed("role name already exists")),
        (lambda: auth.RoleGet(role="nothing"), failed("role name not found")),
        (lambda: auth.RoleDelete(role="nothing"), failed("role name not found")),
        (lambda: auth.RoleGrantPermission(name="reader"), argument("permission not given")),
        (
            lambda: auth.RoleGrantPermission(name="nothing", perm=permission("READ", b"a")),
            failed("role name not found"),
        ),
        (lambda: auth.RoleRevokePermission(role="nothing", key=b"a"), failed("role name not found")),
        (
            lambda: auth.RoleRevokePermission(role="reader", key=b"a", range_end=b"b"),
            failed("permission is not granted to the role"),
        ),
        (lambda: auth.Authenticate(name="alice", password="alice"), NOT_ENABLED),
    ]:
        with refused(*answer):
            call()


@pytest.mark.since(36, "older servers keep permissions that grant nothing")
@pytest.mark.parametrize(
    "key, range_end", [(b"", b""), (b"", b"\0"), (b"", b"b"), (b"b", b"a"), (b"a", b"a")]
)
def test_a_permission_that_grants_nothing_is_refused(fresh, key, range_end):
    fresh.Auth.RoleAdd(name="reader")
    with refused(*INVALID):
        fresh.Auth.RoleGrantPermission(name="reader", perm=permission("READ", key, range_end))


def test_enabling_needs_a_root_user_with_the_role_root(fresh):
    with refused(*failed("root user does not exist")):
        fresh.Auth.AuthEnable()
    add_user(fresh, "root")
    with refused(*failed("root user does not have root role")):
        fresh.Auth.AuthEnable()
    fresh.Auth.UserGrantRole(user="root", role="root")
    fresh.Auth.AuthEnable()
    with refused(*NAMELESS):
        fresh.Auth.AuthEnable()
    root = login(fresh, "root", "root")
    fresh.Auth.AuthEnable(metadata=root)
    for call in [
        lambda: fresh.Auth.UserDelete(name="root", metadata=root),
        lambda: fresh.Auth.UserRevokeRole(name="root", role="root", metadata=root),
        lambda: fresh.Auth.RoleDelete(role="root", metadata=root),
    ]:
        with refused(*INVALID):
            call()
    fresh.Auth.AuthDisable(metadata=root)
    fresh.Auth.AuthDisable()
    fresh.Auth.UserDelete(name="root")


def test_the_auth_revision_counts_changes_but_not_enabling(fresh):
    def state():
        status = fresh.Auth.AuthStatus()
        return status.enabled, status.authRevision

    before = fresh.revision()
    assert state() == (False, 1)
    add_user(fresh, "root", "root")
    fresh.Auth.UserGrantRole(user="root", role="root")
    assert state() == (False, 3)
    add_role(fresh, "reader", permission("READ", b"a"), permission("READWRITE", b"a"))
    fresh.Auth.RoleRevokePermission(role="reader", key=b"a")
    fresh.Auth.UserChangePassword(name="root", password="other")
    fresh.Auth.RoleDelete(role="reader")
    assert state() == (False, 9)
    fresh.Auth.AuthEnable()
    root = login(fresh, "root", "other")
    status = fresh.Auth.AuthStatus(metadata=root)
    assert (status.enabled, status.authRevision) == (True, 9)
    fresh.Auth.AuthDisable(metadata=root)
    assert state() == (False, 10)
    assert fresh.revision() == before


def test_users_and_roles_are_listed_in_order(guarded, root):
    assert list(guarded.Auth.UserList(metadata=root).users) == ["alice", "bob", "root"]
    assert list(guarded.Auth.RoleList(metadata=root).roles) == ["alice"]
    assert list(guarded.Auth.UserGet(name="root", metadata=root).roles) == ["root"]
    shown = guarded.Auth.RoleGet(role="alice", metadata=root).perm
    assert [(each.permType, each.key, each.range_end) for each in shown] == [
        (0, b"a", b"c"),
        (2, b"dir/", b"dir0"),
        (1, b"w", b""),
        (0, b"x", b"\0"),
    ]


def test_a_token_has_sixteen_letters_and_a_number(guarded, alice):
    letters, _, number = alice[0][1].partition(".")
    assert len(letters) == 16 and letters.isalpha() and letters.isascii() and number.isdigit()
    assert login(guarded, "alice", "alice") != alice


@pytest.mark.parametrize("name, password", [("alice", "wrong"), ("alice", ""), ("nobody", "x"), ("", "")])
def test_a_wrong_login_gets_no_token(guarded, name, password):
    with refused(*BAD_LOGIN):
        guarded.Auth.Authenticate(name=name, password=password)


def test_a_user_may_do_what_its_roles_grant(guarded, alice):
    kv = guarded.KV
    for fields in [
        {"key": b"a"},
        {"key": b"a", "range_end": b"c"},
        {"key": b"aa", "range_end": b"b"},
        {"key": b"dir/", "range_end": prefix_end(b"dir/")},
        {"key": b"x", "range_end": b"\0"},
        {"key": b"z"},
        {"key": b"y", "range_end": b"z"},
    ]:
        kv.Range(metadata=alice, **fields)
    for fields in [
        {"key": b"c"},
        {"key": b"a", "range_end": b"d"},
        {"key": b"a", "range_end": b"\0"},
        {"key": b"dir/", "range_end": b"dir1"},
        {"key": b"w"},
        ALL,
    ]:
        with refused(*DENIED):
            kv.Range(metadata=alice, **fields)
    kv.Put(key=b"dir/2", value=b"2", prev_kv=True, metadata=alice)
    kv.Put(key=b"w", metadata=alice)
    kv.DeleteRange(key=b"dir/", range_end=b"dir0", metadata=alice)
    for call in [
        lambda: kv.Put(key=b"a", metadata=alice),
        lambda: kv.Put(key=b"x", metadata=alice),
        lambda: kv.Put(key=b"w", prev_kv=True, metadata=alice),
        lambda: kv.DeleteRange(key=b"w", prev_kv=True, metadata=alice),
        lambda: kv.DeleteRange(key=b"a", range_end=b"b", metadata=alice),
    ]:
        with refused(*DENIED):
            call()


def test_a_transaction_needs_the_rights_of_both_branches(guarded, alice):
    write = {"request_put": {"key": b"dir/t", "value": b"1"}}
    read = {"request_range": {"key": b"a"}}
    guarded.KV.Txn(success=[write], failure=[read], metadata=alice)
    secret = {"request_range": {"key": b"c"}}
    compare = {"key": b"w", "target": "VERSION", "result": "EQUAL", "version": 0}
    for fields in [
        {"success": [write, secret]},
        {"success": [write], "failure": [secret]},
        {"success": [read], "failure": [{"request_put": {"key": b"a"}}]},
        {"success": [write], "compare": [compare]},
    ]:
        with refused(*DENIED):
            guarded.KV.Txn(metadata=alice, **fields)


@pytest.mark.since(36, "older servers do not look into nested transactions, nor at the previous value")
def test_a_nested_transaction_needs_them_too(guarded, alice):
    for operation in [
        {"request_txn": {"failure": [{"request_range": {"key": b"c"}}]}},
        {"request_put": {"key": b"w", "prev_kv": True}},
    ]:
        with refused(*DENIED):
            guarded.KV.Txn(success=[operation], metadata=alice)


def test_who_has_no_name_and_who_has_a_bad_token_may_do_nothing(guarded):
    for metadata, answer in [(None, NAMELESS), ([("token", "abcdefghijklmnop.7")], BAD_TOKEN)]:
        for call in [
            lambda: guarded.KV.Range(key=b"a", metadata=metadata),
            lambda: guarded.KV.Put(key=b"a", metadata=metadata),
            lambda: guarded.KV.DeleteRange(key=b"a", metadata=metadata),
            lambda: guarded.KV.Txn(success=[{"request_range": {"key": b"a"}}], metadata=metadata),
            lambda: guarded.Auth.UserList(metadata=metadata),
            lambda: guarded.Auth.UserGet(name="alice", metadata=metadata),
            lambda: guarded.Auth.RoleGet(role="alice", metadata=metadata),
            lambda: guarded.Auth.AuthDisable(metadata=metadata),
            lambda: guarded.Auth.AuthStatus(metadata=metadata),
        ]:
            with refused(*answer):
                call()


@pytest.mark.since(36, "older servers answer these to anybody")
def test_who_has_no_name_does_not_learn_of_the_server(guarded):
    for call in [
        lambda: guarded.Maintenance.Status(),
        lambda: guarded.Cluster.MemberList(),
        lambda: guarded.Maintenance.Alarm(),
        lambda: guarded.Maintenance.HashKV(),
        lambda: guarded.Lease.LeaseGrant(TTL=60),
        lambda: guarded.KV.Compact(revision=1),
    ]:
        with refused(*NAMELESS):
            call()


def test_what_is_wrong_with_a_request_is_said_before_who_sends_it(guarded):
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "etcdserver: key is not provided"):
        guarded.KV.Range(key=b"")
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "etcdserver: key is not provided"):
        guarded.KV.Put(key=b"", metadata=[("token", "abcdefghijklmnop.7")])


def test_only_administrators_manage_users(guarded, alice):
    auth = guarded.Auth
    for call in [
        lambda: auth.UserList(metadata=alice),
        lambda: auth.RoleList(metadata=alice),
        lambda: auth.UserAdd(name="mallory", password="x", metadata=alice),
        lambda: auth.UserGrantRole(user="alice", role="root", metadata=alice),
        lambda: auth.UserChangePassword(name="root", password="x", metadata=alice),
        lambda: auth.UserDelete(name="bob", metadata=alice),
        lambda: auth.RoleAdd(name="other", metadata=alice),
        lambda: auth.RoleGrantPermission(name="alice", perm=permission("READ", b"c"), metadata=alice),
        lambda: auth.AuthDisable(metadata=alice),
        lambda: auth.AuthStatus(metadata=alice),
        lambda: auth.UserGet(name="bob", metadata=alice),
        lambda: auth.RoleGet(role="root", metadata=alice),
    ]:
        with refused(*DENIED):
            call()
    # Everyone may look at himself.
    assert list(auth.UserGet(name="alice", metadata=alice).roles) == ["alice"]
    assert len(auth.RoleGet(role="alice", metadata=alice).perm) == 4


def test_users_may_ask_how_the_server_is(guarded, alice):
    assert guarded.Maintenance.Status(metadata=alice).leader
    assert len(guarded.Cluster.MemberList(metadata=alice).members) == 1
    assert not guarded.Maintenance.Alarm(metadata=alice).alarms


@pytest.mark.since(36, "older servers let anybody do these, or say it in other words")
def test_only_administrators_maintain_the_server(guarded, alice):
    for call in [
        lambda: guarded.KV.Compact(revision=1, metadata=alice),
        lambda: guarded.Maintenance.Alarm(action="ACTIVATE", alarm="NOSPACE", metadata=alice),
        lambda: guarded.Maintenance.Defragment(metadata=alice),
        lambda: guarded.Maintenance.HashKV(metadata=alice),
        lambda: guarded.Cluster.MemberRemove(ID=7, metadata=alice),
    ]:
        with refused(*DENIED):
            call()


def test_a_new_password_and_a_deleted_user_withdraw_tokens(guarded, root):
    add_user(guarded, "carol", "alice", metadata=root)
    carol = login(guarded, "carol", "carol")
    guarded.KV.Range(key=b"a", metadata=carol)
    guarded.Auth.UserChangePassword(name="carol", password="new", metadata=root)
    with refused(*BAD_TOKEN):
        guarded.KV.Range(key=b"a", metadata=carol)
    with refused(*BAD_LOGIN):
        login(guarded, "carol", "carol")
    carol = login(guarded, "carol", "new")
    guarded.KV.Range(key=b"a", metadata=carol)
    guarded.Auth.UserDelete(name="carol", metadata=root)
    with refused(*BAD_TOKEN):
        guarded.KV.Range(key=b"a", metadata=carol)


def test_rights_change_at_once_for_tokens_that_exist(guarded, root):
    add_role(guarded, "late", metadata=root)
    add_user(guarded, "dave", metadata=root)
    dave = login(guarded, "dave", "dave")
    with refused(*DENIED):
        guarded.KV.Range(key=b"late", metadata=dave)
    guarded.Auth.UserGrantRole(user="dave", role="late", metadata=root)
    guarded.Auth.RoleGrantPermission(name="late", perm=permission("READ", b"late"), metadata=root)
    guarded.KV.Range(key=b"late", metadata=dave)
    guarded.Auth.RoleDelete(role="late", metadata=root)
    with refused(*DENIED):
        guarded.KV.Range(key=b"late", metadata=dave)
    guarded.Auth.UserDelete(name="dave", metadata=root)
