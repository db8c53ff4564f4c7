"""Users whose names are in certificates, and the users that Cilium's etcdinit makes."""

import shutil

import pytest

from support.certificates import Authority, Identity, openssl, sign_request
from support.protocol import Client, prefix_end, refused
from support.users import BAD_TOKEN, DENIED, add_role, add_user, login, permission
from support.watching import watching

OWN = "east"

pytestmark = pytest.mark.since(35, "3.4 does not tell its state, and falls over some requests")


def below(prefix):
    return {"key": prefix, "range_end": prefix_end(prefix)}


def certified(server, directory, name):
    """Returns an identity with a certificate of the server's own authority in the name of a user."""
    ca = server.identity("admin").ca
    kept = directory / "ca.key"
    ca_key = kept if kept.exists() else ca.with_suffix(".key")
    request, extensions = directory / f"{name}.csr", directory / f"{name}.ext"
    certificate, key = directory / f"{name}.crt", directory / f"{name}.key"
    extensions.write_text("extendedKeyUsage=clientAuth\n")
    openssl(
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", key, "-out", request, "-subj", f"/CN={name}",
    )  # fmt: skip
    sign_request(request, ca, ca_key, certificate, extensions, days=2)
    return Identity(ca, certificate, key)


@pytest.fixture
def secured(make_server, tmp_path):
    """A server with mTLS where users count, its administrator, and alice with certificate and password."""
    server = make_server(tls=True)
    if server.target == "isthmus":
        # Our server takes the key of an authority into its database; the test keeps a copy.
        authority = Authority(server.directory / "pki")
        shutil.copy(authority.key, tmp_path / "ca.key")
    server.start()
    with Client(server, "admin") as admin:
        admin.KV.Put(key=b"dir/a", value=b"1")
        admin.KV.Put(key=b"other", value=b"2")
        with Client(server, certified(server, tmp_path, "alice")) as alice:
            add_user(admin, "root", "root")
            add_role(admin, "alice", permission("READWRITE", *below(b"dir/").values()))
            add_user(admin, "alice", "alice")
            yield server, admin, alice


@pytest.mark.isthmus_only
def test_a_certificate_of_a_user_is_nobodys_until_users_count(secured):
    _, admin, alice = secured
    for call in [
        lambda: alice.get(b"dir/a"),
        lambda: alice.Maintenance.Status(),
        lambda: alice.Auth.AuthStatus(),
        lambda: alice.Auth.UserGet(name="alice"),
    ]:
        with refused(*DENIED):
            call()
    admin.Auth.AuthEnable()
    assert alice.get(b"dir/a") == b"1"


def test_a_certificate_names_a_user(secured, tmp_path):
    server, admin, alice = secured
    admin.Auth.AuthEnable()
    assert alice.get(b"dir/a") == b"1"
    alice.KV.Put(key=b"dir/b", value=b"3")
    calls = [lambda: alice.get(b"other"), lambda: alice.KV.Put(key=b"other"), lambda: alice.Auth.UserList()]
    for call in calls:
        with refused(*DENIED):
            call()
    assert alice.Maintenance.Status().leader
    with Client(server, certified(server, tmp_path, "mallory")) as stranger:
        with refused(*DENIED):
            stranger.get(b"dir/a")
        # The administrator's certificate goes on as before.
        admin.Auth.UserAdd(name="mallory", options={"no_password": True})
        admin.Auth.UserGrantRole(user="mallory", role="alice")
        assert stranger.get(b"dir/a") == b"1"


def test_a_token_decides_before_the_certificate(secured):
    _, admin, alice = secured
    admin.Auth.AuthEnable()
    root, other = login(alice, "root", "root"), login(admin, "alice", "alice")
    assert alice.KV.Range(key=b"other", metadata=root).count == 1
    with refused(*DENIED):
        admin.KV.Range(key=b"other", metadata=other)
    assert admin.KV.Range(key=b"other").count == 1
    with refused(*BAD_TOKEN):
        admin.KV.Range(key=b"other", metadata=[("token", "abcdefghijklmnop.1")])


@pytest.mark.isthmus_only
def test_revoking_a_role_ends_the_watches_of_a_certificate(secured):
    _, admin, alice = secured
    admin.Auth.AuthEnable()
    with watching(alice) as stream, watching(admin) as other:
        assert not stream.create(**below(b"dir/")).canceled
        assert not other.create(**below(b"dir/")).canceled
        admin.Auth.UserRevokeRole(name="alice", role="alice")
        admin.KV.Put(key=b"dir/a", value=b"secret")
        answer = stream.next()
        assert answer.canceled and "permission denied" in answer.cancel_reason and not answer.events
        assert other.events(1) == [("PUT", b"dir/a", b"secret")]


def etcdinit(client):
    """What Cilium's etcdinit does on the first start of a cluster's etcd, in its order."""
    auth = client.Auth
    no_password = {"no_password": True}

    def grant(role, *ranges):
        auth.RoleAdd(name=role)
        for key, end in ranges:
            auth.RoleGrantPermission(name=role, perm={"permType": "READ", "key": key, "range_end": end})

    auth.UserAdd(name="root", options=no_password)
    auth.UserGrantRole(user="root", role="root")
    auth.UserAdd(name=f"admin-{OWN}", options=no_password)
    auth.UserGrantRole(user=f"admin-{OWN}", role="root")
    auth.UserAdd(name=f"local-{OWN}", options=no_password)
    grant(
        "local",
        (b"cilium/.heartbeat", b"cilium/.heartbeau"),
        (b"cilium/cache/", b"cilium/cache0"),
        (b"cilium/cluster-config/", b"cilium/cluster-config0"),
        (b"cilium/synced/", b"cilium/synced0"),
    )
    auth.UserGrantRole(user=f"local-{OWN}", role="local")
    auth.UserAdd(name="remote", options=no_password)
    grant(
        "remote",
        (b"cilium/.heartbeat", b"cilium/.heartbeau"),
        (b"cilium/state/", b"cilium/state0"),
        (b"cilium/cluster-config/east", b""),
        (b"cilium/synced/east/", b"cilium/synced/east0"),
    )
    auth.UserGrantRole(user="remote", role="remote")
    auth.AuthEnable()


def test_the_users_of_etcdinit_work_after_the_restart_with_tls(make_server):
    server = make_server().start()
    with Client(server) as client:
        keys = (b"cilium/cache/a", b"cilium/state/a", b"cilium/cluster-config/west", b"cilium/synced/west/a")
        for key in keys:
            client.KV.Put(key=key, value=b"1")
        etcdinit(client)
    server.stop()
    server.tls = True
    if server.is_etcd:
        server.make_certificates()
    server.start()
    with (
        Client(server, "admin") as admin,
        Client(server, "local") as local,
        Client(server, "remote") as remote,
    ):
        assert admin.Auth.AuthStatus().enabled
        assert list(admin.Auth.UserList().users) == [f"admin-{OWN}", f"local-{OWN}", "remote", "root"]
        admin.KV.Put(key=b"cilium/cluster-config/east", value=b"2")
        for client, readable, secret in [
            (local, [b"cilium/cache/", b"cilium/cluster-config/", b"cilium/synced/"], b"cilium/state/"),
            (remote, [b"cilium/state/", b"cilium/synced/east/"], b"cilium/cache/"),
        ]:
            for prefix in readable:
                client.KV.Range(**below(prefix))
            assert client.get(b"cilium/cluster-config/east")
            client.get(b"cilium/.heartbeat")
            with refused(*DENIED):
                client.KV.Range(**below(secret))
            with refused(*DENIED):
                client.KV.Put(key=readable[0] + b"mine")
            with watching(client) as stream:
                assert not stream.create(**below(readable[0])).canceled
                assert "permission denied" in stream.create(**below(secret)).cancel_reason
        with refused(*DENIED):
            remote.get(b"cilium/cluster-config/west")
        # What clustermesh-apiserver does for each line of users.yaml.
        admin.Auth.UserAdd(name="remote-west", options={"no_password": True})
        admin.Auth.UserGrantRole(user="remote-west", role="remote")
        admin.Auth.UserDelete(name="remote-west")
