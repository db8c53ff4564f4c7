"""Users while things happen: etcdctl, open watches, leases, traffic, restarts, certificates, etcdinit."""

import threading

import grpc
import pytest

from support.etcdctl import Etcdctl
from support.protocol import Client, message, refused
from support.users import BAD_TOKEN, DENIED, NAMELESS, add_role, add_user, login, permission
from support.watching import WatchStream, watching

pytestmark = pytest.mark.since(35, "3.4 does not tell its state, and falls over some requests")


class Administered:
    """A server of the test's own, with a user root that counts."""

    def __init__(self, server):
        self.server = server
        self.client = Client(server)
        add_user(self.client, "root", "root")
        self.client.Auth.AuthEnable()
        self.root = login(self.client, "root", "root")

    def add_reader(self, name, key, range_end=b""):
        """Adds a role and a user of that name, who may read and write a range; returns the user's token."""
        add_role(self.client, name, permission("READWRITE", key, range_end), metadata=self.root)
        add_user(self.client, name, name, metadata=self.root)
        return login(self.client, name, name)


@pytest.fixture
def administered(make_server):
    return Administered(make_server().start())


def watch_as(client, token):
    """Opens a watch stream in the name of a token."""
    return WatchStream(client, metadata=token)


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_the_commands_of_etcdctl(make_server, version):
    server = make_server().start()
    ctl = Etcdctl(server, version)
    assert ctl("user", "add", "root:secret") == "User root created\n"
    assert ctl("user", "add", "alice", "--interactive=false", input="open\n") == "User alice created\n"
    assert ctl("user", "add", "cert", "--no-password") == "User cert created\n"
    assert "user name already exists" in ctl.fails("user", "add", "root:other")
    assert ctl("role", "add", "reader") == "Role reader created\n"
    assert ctl("role", "grant-permission", "reader", "read", "one") == "Role reader updated\n"
    ctl("role", "grant-permission", "reader", "--prefix=true", "readwrite", "dir/")
    ctl("role", "grant-permission", "reader", "--from-key=true", "write", "x")
    ctl("role", "grant-permission", "reader", "read", "b", "d")
    shown = ctl.lines("role", "get", "reader")
    assert shown[0] == "Role reader"
    for line in ["\tone", "\t[dir/, dir0) (prefix dir/)", "\t[b, d)", "\t[x, <open ended>"]:
        assert line in [each.rstrip() for each in shown], shown
    assert ctl("user", "grant-role", "alice", "reader") == "Role reader is granted to user alice\n"
    assert ctl.lines("user", "get", "alice") == ["User: alice", "Roles: reader"]
    assert ctl("user", "list") == "alice\ncert\nroot\n"
    # The command itself makes the role root and grants it.
    assert "Authentication Enabled" in ctl("auth", "enable")

    assert "etcdserver: user name is empty" in ctl.fails("get", "one")
    assert "invalid user ID or password" in ctl.fails("--user=alice:wrong", "get", "one")
    root, alice = "--user=root:secret", "--user=alice:open"
    if version == "3.5":
        assert "Authentication Status: true" in ctl(root, "auth", "status")
        assert "permission denied" in ctl.fails(alice, "auth", "status")
    assert ctl(root, "put", "one", "1") == "OK\n"
    assert ctl(alice, "get", "one", "--print-value-only") == "1\n"
    assert ctl(alice, "put", "dir/a", "2") == "OK\n"
    assert ctl(alice, "put", "zzz", "3") == "OK\n"
    assert ctl(alice, "get", "dir/", "--prefix", "--keys-only").split() == ["dir/a"]
    reads = [["get", "two"], ["get", "zzz"], ["get", "", "--prefix"]]
    for denied in [*reads, ["put", "one", "2"], ["user", "list"]]:
        assert "etcdserver: permission denied" in ctl.fails(alice, *denied)
    assert "permission denied" in ctl.fails(alice, "role", "get", "root")
    assert ctl(alice, "user", "get", "alice").splitlines() == ["User: alice", "Roles: reader"]

    ctl(root, "user", "passwd", "alice", "--interactive=false", input="sesame\n")
    assert "invalid user ID or password" in ctl.fails(alice, "get", "one")
    alice = "--user=alice:sesame"
    assert ctl(alice, "get", "one", "--print-value-only") == "1\n"
    assert "revoked" in ctl(root, "role", "revoke-permission", "reader", "one")
    assert "permission denied" in ctl.fails(alice, "get", "one")
    assert "revoked" in ctl(root, "role", "revoke-permission", "reader", "dir/", "--prefix=true")
    assert "revoked" in ctl(root, "role", "revoke-permission", "reader", "x", "--from-key=true")
    assert "is not granted" in ctl.fails(root, "role", "revoke-permission", "reader", "x")
    assert ctl(root, "user", "revoke-role", "alice", "reader") == "Role reader is revoked from user alice\n"
    assert ctl(root, "role", "delete", "reader") == "Role reader deleted\n"
    assert ctl(root, "user", "delete", "alice") == "User alice deleted\n"
    assert "invalid auth management" in ctl.fails(root, "user", "delete", "root")
    assert "Authentication Disabled" in ctl(root, "auth", "disable")
    assert ctl("get", "one", "--print-value-only") == "1\n"


def test_a_client_with_a_password_logs_in_by_itself_and_again(administered):
    """etcdctl keeps its token for one command; a watch needs it for its stream."""
    administered.add_reader("alice", b"dir/", b"dir0")
    alice = Etcdctl(administered.server, "3.5")
    with alice.start("--user=alice:alice", "watch", "dir/", "--prefix") as running:
        for attempt in range(50):
            alice("--user=alice:alice", "put", "dir/a", str(attempt))
            if not running.output.empty():
                break
        assert running.line() == "PUT"


def test_a_watch_needs_the_right_to_read(administered):
    alice = administered.add_reader("alice", b"dir/", b"dir0")
    for token, fine in [(administered.root, True), (alice, True), (None, False), ([("token", "x.1")], False)]:
        stream = watch_as(administered.client, token)
        answer = stream.create(b"dir/", range_end=b"dir0")
        assert (answer.created, answer.canceled) == (True, not fine)
        stream.close()
    stream = watch_as(administered.client, alice)
    for fields in [{"key": b"e"}, {"key": b"dir/", "range_end": b"dir1"}, {"range_end": b"b"}]:
        assert "permission denied" in stream.create(**fields).cancel_reason
    stream.close()


@pytest.mark.since(36, "older servers take an open end for a single key when they check")
def test_an_open_ended_watch_needs_the_right_to_read_all_of_it(administered):
    alice = administered.add_reader("alice", b"dir/", b"dir0")
    stream = watch_as(administered.client, alice)
    for fields in [{"key": b"dir/", "range_end": b"\0"}, {"range_end": b"\0"}]:
        assert "permission denied" in stream.create(**fields).cancel_reason
    stream.close()


@pytest.mark.since(36, "older servers give the same reason for all")
def test_a_refused_watch_says_why(administered):
    for token, reason in [
        (None, "rpc error: code = InvalidArgument desc = etcdserver: user name is empty"),
        ([("token", "x.1")], "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token"),
    ]:
        stream = watch_as(administered.client, token)
        answer = stream.create(b"a")
        assert (answer.watch_id, answer.cancel_reason) == (-1, reason)
        stream.close()


@pytest.mark.isthmus_only
@pytest.mark.parametrize("how", ["permission", "role", "role of the user", "user", "password"])
def test_a_withdrawn_right_ends_open_watches_before_the_next_event(administered, how):
    client, root = administered.client, administered.root
    alice = administered.add_reader("alice", b"dir/", b"dir0")
    bob = administered.add_reader("bob", b"dir/", b"dir0")
    watches = [watch_as(client, token) for token in (alice, bob, root)]
    for stream in watches:
        assert not stream.create(b"dir/", range_end=b"dir0").canceled
    assert not watches[0].create(b"dir/a").canceled
    client.KV.Put(key=b"dir/b", value=b"before", metadata=root)
    for stream in watches:
        assert stream.events(1) == [("PUT", b"dir/b", b"before")]
    {
        "permission": lambda: client.Auth.RoleRevokePermission(
            role="alice", key=b"dir/", range_end=b"dir0", metadata=root
        ),
        "role": lambda: client.Auth.RoleDelete(role="alice", metadata=root),
        "role of the user": lambda: client.Auth.UserRevokeRole(name="alice", role="alice", metadata=root),
        "user": lambda: client.Auth.UserDelete(name="alice", metadata=root),
        "password": lambda: client.Auth.UserChangePassword(name="alice", password="new", metadata=root),
    }[how]()
    client.KV.Put(key=b"dir/a", value=b"after", metadata=root)
    expected = "invalid auth token" if how in ("user", "password") else "permission denied"
    for watch_id in (0, 1):
        answer = watches[0].next()
        assert (answer.canceled, answer.watch_id, list(answer.events)) == (True, watch_id, [])
        assert expected in answer.cancel_reason
    for stream in watches[1:]:
        assert stream.events(1) == [("PUT", b"dir/a", b"after")]
    # Nothing else comes on the stream, which stays usable.
    watches[0].ask(b"dir/a")
    assert watches[0].next().created
    for stream in watches:
        stream.close()


@pytest.mark.isthmus_only
def test_enabling_ends_the_watches_of_who_has_no_name(make_server):
    with Client(make_server().start()) as client:
        add_user(client, "root", "root")
        with watching(client) as stream:
            assert not stream.create(b"a").canceled
            client.Auth.AuthEnable()
            client.KV.Put(key=b"a", metadata=login(client, "root", "root"))
            answer = stream.next()
            assert answer.canceled and "user name is empty" in answer.cancel_reason


def test_changing_other_users_disturbs_nobody(administered):
    client, root = administered.client, administered.root
    alice = administered.add_reader("alice", b"dir/", b"dir0")
    stream = watch_as(client, alice)
    stream.create(b"dir/", range_end=b"dir0")
    failures, stopped = [], threading.Event()

    def write(name):
        count = 0
        with Client(administered.server) as mine:
            while not stopped.is_set():
                try:
                    mine.KV.Put(key=b"dir/" + name, value=str(count).encode(), metadata=alice)
                    count += 1
                except grpc.RpcError as error:
                    # etcd's own flaw, which is not to be ours.
                    if not (administered.server.is_etcd and "is old" in error.details()):
                        failures.append(error)
        written.append(count)

    written = []
    writers = [threading.Thread(target=write, args=(name,)) for name in (b"a", b"b")]
    for writer in writers:
        writer.start()
    for number in range(40):
        name = f"remote-{number}"
        add_user(client, name, "alice", metadata=root, options={"no_password": True})
        if number % 2:
            client.Auth.UserDelete(name=name, metadata=root)
    stopped.set()
    for writer in writers:
        writer.join()
    assert not failures
    assert len(stream.events(sum(written))) == sum(written) > 0
    stream.close()


def test_a_lease_is_used_by_who_may_write_all_of_its_keys(administered):
    client, root = administered.client, administered.root
    alice = administered.add_reader("alice", b"dir/", b"dir0")
    mine = client.Lease.LeaseGrant(TTL=600, metadata=alice).ID
    client.KV.Put(key=b"dir/a", lease=mine, metadata=alice)
    client.KV.Put(key=b"dir/b", lease=mine, metadata=alice)
    shared = client.Lease.LeaseGrant(TTL=600, metadata=root).ID
    client.KV.Put(key=b"secret", lease=shared, metadata=root)
    for call in [
        lambda: client.KV.Put(key=b"dir/c", lease=shared, metadata=alice),
        lambda: client.Lease.LeaseRevoke(ID=shared, metadata=alice),
    ]:
        with refused(*DENIED):
            call()
    assert client.Lease.LeaseTimeToLive(ID=mine, keys=True, metadata=alice).keys == [b"dir/a", b"dir/b"]
    client.Lease.LeaseRevoke(ID=mine, metadata=alice)
    assert client.KV.Range(key=b"dir/", range_end=b"dir0", metadata=alice).count == 0
    client.Lease.LeaseRevoke(ID=shared, metadata=root)


@pytest.mark.isthmus_only
def test_a_transaction_uses_a_lease_only_with_the_rights_to_its_keys(administered):
    client, root = administered.client, administered.root
    alice = administered.add_reader("alice", b"dir/", b"dir0")
    shared = client.Lease.LeaseGrant(TTL=600, metadata=root).ID
    put = {"request_put": {"key": b"dir/c", "lease": shared}}
    client.KV.Txn(success=[put], metadata=alice)
    client.KV.Put(key=b"secret", lease=shared, metadata=root)
    nested = {"request_txn": {"success": [put]}}
    for fields in [{"success": [put]}, {"failure": [put]}, {"success": [nested]}]:
        with refused(*DENIED):
            client.KV.Txn(metadata=alice, **fields)


@pytest.mark.since(36, "older servers do not look at who asks")
def test_a_lease_is_seen_by_who_may_read_all_of_its_keys(administered):
    client, root = administered.client, administered.root
    alice = administered.add_reader("alice", b"dir/", b"dir0")
    shared = client.Lease.LeaseGrant(TTL=600, metadata=root).ID
    assert [each.ID for each in client.Lease.LeaseLeases(metadata=alice).leases] == [shared]
    client.KV.Put(key=b"secret", lease=shared, metadata=root)
    assert client.Lease.LeaseTimeToLive(ID=shared, metadata=alice).TTL > 0
    for call in [
        lambda: client.Lease.LeaseTimeToLive(ID=shared, keys=True, metadata=alice),
        lambda: client.Lease.LeaseLeases(metadata=alice),
        lambda: next(client.Lease.LeaseKeepAlive(keep_alive(shared), metadata=alice)),
    ]:
        with refused(*DENIED):
            call()
    assert next(client.Lease.LeaseKeepAlive(keep_alive(shared), metadata=root)).TTL == 600
    with refused(*NAMELESS):
        next(client.Lease.LeaseKeepAlive(keep_alive(shared)))


def keep_alive(lease):
    return iter([message("LeaseKeepAliveRequest")(ID=lease)])


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_users_survive_a_restart_and_tokens_do_not(administered, how):
    client, server = administered.client, administered.server
    alice = administered.add_reader("alice", b"dir/", b"dir0")
    before = client.Auth.AuthStatus(metadata=administered.root).authRevision
    client.close()
    server.stop() if how == "stopped" else server.kill()
    server.start()
    with Client(server) as client:
        with refused(*NAMELESS):
            client.KV.Range(key=b"dir/a")
        # etcd replays its log, logins included, unless it stopped in time for a snapshot.
        if not server.is_etcd:
            with refused(*BAD_TOKEN):
                client.KV.Range(key=b"dir/a", metadata=alice)
        alice = login(client, "alice", "alice")
        client.KV.Put(key=b"dir/a", metadata=alice)
        with refused(*DENIED):
            client.KV.Put(key=b"other", metadata=alice)
        root = login(client, "root", "root")
        status = client.Auth.AuthStatus(metadata=root)
        assert (status.enabled, status.authRevision) == (True, before)
        assert list(client.Auth.UserGet(name="alice", metadata=root).roles) == ["alice"]
