"""Our server in etcd's place: its certificates, and whom it takes its clients for."""

import json
import signal
import subprocess

import pytest
from grpc import StatusCode as Code

from support import process, servers
from support.certificates import Identity, openssl
from support.protocol import Client, prefix_end, refused
from support.users import DENIED, add_role, add_user, permission

pytestmark = pytest.mark.isthmus_only


@pytest.fixture(params=[servers.StandIn, servers.Etcd35], ids=["ours", "real"])
def make(request, tmp_path):
    """Makes servers of one kind: what is expected of ours is what real etcd does."""
    made = []

    def make(**options):
        made.append(request.param(tmp_path / f"server-{len(made)}", **options))
        return made[-1]

    yield make
    for each in made:
        if each.process:
            each.kill()


def issue(server, file, common_name, names=""):
    authority = server.authority
    return Identity(authority.certificate, *authority.issue(file, common_name, names=names))


def curl(server, *flags, who=None, path="/health"):
    """Returns curl's exit code and what it got."""
    if who:
        flags += ("--cacert", who.ca, "--cert", who.certificate, "--key", who.key)
    result = subprocess.run(
        ["curl", "--silent", "--max-time", "10", *map(str, flags), f"https://{server.address}{path}"],
        capture_output=True, text=True,
    )  # fmt: skip
    return result.returncode, result.stdout


def is_served(server, who):
    return "true" in curl(server, who=who)[1]


def test_a_name_in_a_certificate_is_a_user_only_if_asked_for(make):
    server = make(tls=True).start()
    alice, stranger = issue(server, "alice", "alice"), issue(server, "stranger", "stranger")
    with Client(server) as root, Client(server, alice) as client, Client(server, stranger) as other:
        # Until users count, everybody may do everything.
        other.KV.Put(key=b"dir/a", value=b"1")
        other.KV.Compact(revision=2)
        assert other.Lease.LeaseGrant(TTL=60).ID
        add_user(root, "root", "root")
        add_role(root, "dir", permission("READ", b"dir/", prefix_end(b"dir/")))
        add_user(root, "alice", "dir", options={"no_password": True})
        root.Auth.AuthEnable()
        assert client.get(b"dir/a") == b"1"
        for who in (client, other):
            with refused(*DENIED):
                who.KV.Put(key=b"dir/a")
        with refused(*DENIED):
            other.get(b"dir/a")
        # A name that our own server builds in is nothing here.
        with Client(server, issue(server, "admin-east", "admin-east")) as built_in, refused(*DENIED):
            built_in.get(b"dir/a")
    server.stop()
    arguments = [each for each in server.arguments() if each != "--client-cert-auth"]
    server.spawn(arguments)
    process.eventually(server.is_ready, within=20, what="readiness")
    with Client(server, alice) as client:
        with refused(Code.INVALID_ARGUMENT, "etcdserver: user name is empty"):
            client.get(b"dir/a")
    # Authorities alone make a certificate a must all the same.
    assert curl(server, "--cacert", alice.ca)[0] != 0


def test_a_host_may_be_demanded_of_certificates(make):
    server = make(tls=True, options=["--client-cert-allowed-hostname=agent.example.org"])
    good = issue(server, "good", "good", "DNS:agent.example.org")
    bad = issue(server, "bad", "bad", "DNS:agent.example.net")
    server.spawn()
    process.eventually(lambda: is_served(server, good), what="an answer to the right host")
    assert not is_served(server, bad)


def test_revoked_certificates_are_sent_away(make, tmp_path):
    server = make(tls=True)
    kept, lost = issue(server, "kept", "kept"), issue(server, "lost", "lost")
    authority = server.authority
    # Every certificate of the tests has the same number; this one gets another.
    openssl(
        "x509", "-req", "-in", authority.directory / "lost.csr", "-CA", authority.certificate,
        "-CAkey", authority.key, "-set_serial", "123456", "-out", lost.certificate, "-days", "2",
        "-extfile", authority.directory / "lost.ext",
    )  # fmt: skip
    database = tmp_path / "index.txt"
    database.write_text("")
    settings = tmp_path / "ca.cnf"
    settings.write_text(
        f"[ca]\ndefault_ca=d\n[d]\ndatabase={database}\ndefault_md=sha256\ndefault_crl_days=2\n"
        f"certificate={authority.certificate}\nprivate_key={authority.key}\n"
    )
    openssl("ca", "-config", settings, "-revoke", lost.certificate)
    file = tmp_path / "revoked.pem"
    openssl("ca", "-config", settings, "-gencrl", "-out", file)
    server.options = ["--client-crl-file", file]
    server.spawn()
    process.eventually(lambda: is_served(server, kept), what="an answer to who is not revoked")
    assert not is_served(server, lost)


def test_a_certificate_that_is_replaced_is_used_without_a_restart(make):
    server = make(tls=True).start()
    names = "DNS:localhost,IP:127.0.0.1"
    server.authority.issue("server", "renewed", "serverAuth,clientAuth", names)

    def subject():
        who = server.identity("admin")
        return subprocess.run(
            ["openssl", "s_client", "-connect", server.address, "-cert", who.certificate, "-key", who.key],
            capture_output=True, text=True, stdin=subprocess.DEVNULL,
        ).stdout  # fmt: skip

    process.eventually(lambda: "CN = renewed" in subject(), what="the new certificate")


def test_a_certificate_is_made_if_asked_for(make):
    server = make()
    server.tls = True
    url = server.url
    server.tls = False
    arguments = [url if each == server.url else each for each in server.arguments()]
    server.spawn([*arguments, "--auto-tls"])
    process.eventually(lambda: "true" in curl(server, "--insecure")[1], what="an answer over TLS")
    file = server.directory / "fixtures" / "client" / "cert.pem"
    assert file.exists()
    if server.is_stand_in:
        assert "true" in curl(server, "--cacert", file)[1]


def test_the_container_of_ciliums_chart_runs_with_its_own_command_line(make, tmp_path):
    server = make()
    data, token = tmp_path / "run", "3f1c6a2e-pod-uid"
    base = [
        server.binary, f"--data-dir={data}", "--name=clustermesh-apiserver",
        f"--initial-cluster-token={token}",
    ]  # fmt: skip
    # etcdinit: without TLS, on the loopback.
    port = server.port
    local = f"http://localhost:{port}"
    peers = [f"--listen-peer-urls=http://127.0.0.1:{server.peer_port}"]
    server.spawn([*base, f"--listen-client-urls={local}", f"--advertise-client-urls={local}", *peers])
    process.eventually(server.is_ready, within=20, what="readiness without TLS")
    with Client(server) as client:
        assert client.revision() == 1
        cluster = client.KV.Range(key=b"a").header.cluster_id
        for name in ("root", "admin-east"):
            client.Auth.UserAdd(name=name, options={"no_password": True})
            client.Auth.UserGrantRole(user=name, role="root")
        client.Auth.AuthEnable()
    assert server.stop(signal.SIGTERM) in (0, -signal.SIGTERM)
    # The container itself.
    server.tls = True
    server.make_certificates()
    admin = issue(server, "admin-east", "admin-east")
    metrics = process.free_port()
    server.spawn([
        *base, "--client-cert-auth", f"--trusted-ca-file={admin.ca}", f"--cert-file={server.certificate}",
        f"--key-file={server.key}", f"--listen-client-urls=https://0.0.0.0:{port}",
        f"--advertise-client-urls=https://localhost:{port}", "--auto-compaction-retention=1",
        "--enable-grpc-gateway=false", f"--listen-metrics-urls=http://0.0.0.0:{metrics}", "--metrics=basic",
        *peers,
    ])  # fmt: skip
    process.eventually(lambda: is_served(server, admin), within=20, what="readiness with TLS")
    with Client(server, admin) as client:
        put = client.KV.Put(key=b"cilium/.heartbeat", value=b"1")
        assert (put.header.revision, put.header.cluster_id) == (2, cluster)
        assert client.Auth.AuthStatus().enabled
    with Client(server, issue(server, "remote", "remote")) as client, refused(*DENIED):
        client.get(b"cilium/.heartbeat")
    scrape = subprocess.run(
        ["curl", "--silent", f"http://127.0.0.1:{metrics}/metrics"], capture_output=True, text=True
    ).stdout
    assert servers.samples(scrape)["etcd_server_has_leader"] == 1
    version = json.loads(curl(server, who=admin, path="/version")[1])
    assert version["etcdserver"].startswith("3.")
