"""Who is trusted for what: revocation that cuts live streams at once, and each peer's roots for that peer."""

import re
import time

import pytest
from support.admin import Admin
from support.certificates import Authority, Identity, openssl
from support.etcdctl import Etcdctl
from support.pki import PEM, Mesh, chain, run
from support.process import eventually

pytestmark = pytest.mark.isthmus_only

FRONT = "cilium/cluster-config/east"


@pytest.fixture(scope="module")
def admin(secure_server):
    return Admin(secure_server)


@pytest.fixture(scope="module")
def mesh(admin, module_directory):
    return Mesh(admin, module_directory / "issued")


class Watch:
    """An etcdctl that watches as somebody, and has shown what was there."""

    def __init__(self, server, identity, version="3.5"):
        self.etcdctl = Etcdctl(server, version, identity)
        self.running = self.etcdctl.start("watch", FRONT, "--rev", "1")
        assert self.running.line() == "PUT"

    def is_open(self):
        return self.running.process.poll() is None


def connections(admin):
    """The numbers of the live connections, by common name."""
    found = {}
    for client in admin.get("clients?limit=1000").json["items"]:
        certificate = client["status"].get("certificate") or {}
        found.setdefault(certificate.get("commonName"), set()).add(client["metadata"]["name"])
    return found


def is_refused(server, identity):
    result = Etcdctl(server, identity=identity).run("get", FRONT, "--dial-timeout=1s", "--command-timeout=2s")
    return result.returncode != 0


def refusals(server, reason):
    end = f'handshake_failures_total{{reason="{reason}"}}'
    return next(value for key, value in server.metrics().items() if key.endswith(end))


def test_a_revocation_cuts_a_live_watch_and_shuts_the_door(secure_server, admin, mesh):
    identity = mesh.issue("to-revoke", peer="west")
    other = mesh.issue("to-stay", peer="west")
    watch, stays = Watch(secure_server, identity), Watch(secure_server, other)
    kept = connections(admin)["remote-west"]
    assert len(kept) == 2
    start = time.monotonic()
    answer = admin.post("certificates/to-revoke:revoke", {"reason": "keyCompromise"}, expect=200)
    elapsed = (time.monotonic() - start) * 1000
    print(f"revoked and cut in {elapsed:.1f} ms")
    assert answer.json["status"]["revocationReason"] == "keyCompromise"
    # When it is answered, it is done.
    assert len(connections(admin)["remote-west"] & kept) == 1
    assert elapsed < 1000
    assert is_refused(secure_server, identity)
    assert not is_refused(secure_server, other)
    assert stays.is_open()
    assert [event["type"] for event in admin.events(0)].count("certificate.revoked") == 1
    assert admin.post("certificates/to-revoke:revoke", {}, expect=409).slug == "conflict"
    assert admin.post("certificates/to-revoke:renew", expect=409).slug == "conflict"
    for each in (watch, stays):
        each.running.end(9)


def test_the_revocation_list_is_served_and_openssl_reads_it(admin, mesh, tmp_path):
    mesh.issue("listed", peer="west")
    number = admin.post("certificates/listed:revoke", {}, expect=200).json["status"]["serialNumber"]
    answer = admin.get("authorities/mesh/crl", token="")
    assert answer.headers["Content-Type"] == "application/pkix-crl"
    file, pem = tmp_path / "mesh.crl", tmp_path / "mesh.crl.pem"
    file.write_bytes(answer.body)
    text = run("crl", "-in", file, "-inform", "DER", "-noout", "-text", "-CAfile", mesh.ca)
    assert "verify OK" in text and f"Serial Number: {number}" in text
    pem.write_bytes(admin.get("authorities/mesh/crl", token="", headers={"Accept": PEM}).body)
    checked = run("verify", "-crl_check", "-CRLfile", pem, "-CAfile", mesh.ca, mesh.directory / "listed.crt")
    assert "certificate revoked" in checked
    good = mesh.issue("unlisted", peer="west")
    checked = run("verify", "-crl_check", "-CRLfile", pem, "-CAfile", mesh.ca, good.certificate)
    assert checked.endswith(": OK\n")


def test_a_session_is_not_resumed_after_a_revocation(secure_server, admin, mesh, tmp_path):
    identity = mesh.issue("resumer", peer="west")
    session = tmp_path / "session"
    arguments = [
        "s_client", "-connect", secure_server.address, "-CAfile", mesh.ca, "-cert", identity.certificate,
        "-key", identity.key, "-alpn", "http/1.1", "-ign_eof",
    ]  # fmt: skip
    get = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert "true" in run(*arguments, "-sess_out", session, input=get)
    admin.post("certificates/resumer:revoke", {}, expect=200)
    resume = ["-sess_in", session] if session.exists() else []
    text = run(*arguments, *resume, input=get)
    assert '"health":"true"' not in text, text


def test_a_key_is_revoked_whatever_certificate_has_it(secure_server, admin, mesh):
    request, key = mesh.request("remote-west")
    identities = []
    for name in ["first", "second"]:
        file = mesh.directory / f"{name}.crt"
        file.write_text(mesh.sign(request, f"profile=remote&peer=west&name=key-{name}").text)
        identities.append(Identity(mesh.ca, file, key))
    openssl("pkey", "-in", key, "-pubout", "-outform", "DER", "-out", mesh.directory / "spki")
    digest = re.search(r"[0-9a-f]{64}", run("dgst", "-sha256", mesh.directory / "spki")).group()
    watch = Watch(secure_server, identities[0])
    revocation = admin.post("revocations", {"spec": {"key": digest}}, expect=201).json
    assert all(is_refused(secure_server, identity) for identity in identities)
    body = admin.get("authorities/mesh/crl", token="").body
    crl = run("crl", "-inform", "DER", "-noout", "-text", input=body)
    for name in ["first", "second"]:
        assert admin.get(f"certificates/key-{name}").json["status"]["serialNumber"] in crl
    admin.delete(f"revocations/{revocation['metadata']['name']}")
    assert not is_refused(secure_server, identities[1])
    watch.running.end(9)


def test_a_peer_is_revoked_and_stays_so_after_a_kill(make_server, tmp_path):
    server = make_server(tls=True).start()
    admin = Admin(server)
    mesh = Mesh(admin, tmp_path / "issued")
    west, north = mesh.issue("west", peer="west"), mesh.issue("north", peer="north")
    before = refusals(server, "revokedCertificate")
    watch = Watch(server, west)
    admin.post("revocations", {"spec": {"peer": "west"}}, expect=201)
    eventually(lambda: "remote-west" not in connections(admin), what="the cut")
    assert is_refused(server, west) and not is_refused(server, north)
    assert refusals(server, "revokedCertificate") > before
    watch.running.end(9)
    server.kill()
    server.start()
    assert is_refused(server, west) and not is_refused(server, north)
    admin.delete("revocations/peer-west")
    assert not is_refused(server, west)


def test_an_administrator_that_is_revoked_is_none_by_rest_either(make_server):
    server = make_server(tls=True)
    server.admin_port, port = server.admin_port, server.admin_port
    server.options += ["--admin-listen", f"https://127.0.0.1:{port}"]
    server.start()
    pki = server.directory / "pki"
    arguments = [
        "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", pki / "ca.crt", "-cert", pki / "admin.crt",
        "-key", pki / "admin.key", "-ign_eof",
    ]  # fmt: skip
    ask = "GET /api/v1/whoami HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert '"name":"admin-east"' in run(*arguments, input=ask)
    old = [(pki / f"admin.{end}").read_bytes() for end in ["crt", "key"]]
    body = '{"reason":"keyCompromise"}'
    revoke = (
        "POST /api/v1/certificates/admin:revoke HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )
    assert "HTTP/1.1 200" in run(*arguments, input=revoke)
    (pki.parent / "old.crt").write_bytes(old[0])
    (pki.parent / "old.key").write_bytes(old[1])
    stale = [pki.parent / "old.crt" if a == pki / "admin.crt" else a for a in arguments]
    stale = [pki.parent / "old.key" if a == pki / "admin.key" else a for a in stale]
    assert '"name":"admin-east"' not in run(*stale, input=ask)
    # What was revoked of our own is replaced, with another key.
    eventually(lambda: (pki / "admin.key").read_bytes() != old[1], what="a new administrator's certificate")
    eventually(lambda: '"name":"admin-east"' in run(*arguments, input=ask), what="the new one to be taken")


# Trust per peer


def peer(identifier, pem):
    return {
        "spec": {
            "clusterID": identifier,
            "endpoints": [{"url": "https://peer.example:2379"}],
            "trust": {"pem": pem},
        }
    }


def test_a_peers_root_vouches_for_that_peer_alone(secure_server, admin, mesh, tmp_path):
    authority = Authority(tmp_path / "south-ca", "CA of south")
    own = Identity(mesh.ca, *authority.issue("own", "remote-south"))
    forged = [
        Identity(mesh.ca, *authority.issue(name, common_name))
        for name, common_name in [
            ("admin", "admin-east"), ("root", "root"), ("local", "local-east"), ("west", "remote-west"),
            ("any", "remote"), ("user", "somebody"),
        ]
    ]  # fmt: skip
    assert is_refused(secure_server, own)
    admin.put("peers/south", peer(20, authority.certificate.read_text()))
    eventually(lambda: not is_refused(secure_server, own), what="trust")
    for identity in forged:
        assert is_refused(secure_server, identity), identity.certificate
    watch = Watch(secure_server, own)
    assert connections(admin)["remote-south"]
    admin.delete("peers/south")
    eventually(lambda: "remote-south" not in connections(admin), what="the cut")
    assert is_refused(secure_server, own)
    watch.running.end(9)


def test_a_peer_with_an_intermediate(secure_server, admin, mesh, tmp_path):
    files, bundle = chain(tmp_path / "outback", "remote-outback")
    admin.put("peers/outback", peer(21, files["root.crt"].read_text()))
    whole = Identity(mesh.ca, bundle, files["leaf.key"])
    alone = Identity(mesh.ca, files["leaf.crt"], files["leaf.key"])
    eventually(lambda: not is_refused(secure_server, whole), what="trust")
    assert is_refused(secure_server, alone)
    # Who gives us the intermediate, too, need not send it.
    both = files["root.crt"].read_text() + files["int.crt"].read_text()
    admin.put("peers/outback", peer(21, both))
    eventually(lambda: not is_refused(secure_server, alone), what="trust in the intermediate")
    admin.delete("peers/outback")


def test_the_list_of_a_foreign_authority(secure_server, admin, mesh, tmp_path):
    authority = Authority(tmp_path / "hills-ca", "CA of hills")
    certificate, key = authority.issue("own", "remote-hills")
    own = Identity(mesh.ca, certificate, key)
    admin.put("peers/hills", peer(22, authority.certificate.read_text()))
    eventually(lambda: not is_refused(secure_server, own), what="trust")
    crl = revocation_list(tmp_path, authority, certificate)
    headers = {"Content-Type": "application/pkix-crl"}
    watch = Watch(secure_server, own)
    status = admin.post("revocation-lists", crl, headers=headers).json["status"]
    assert status["issuer"] == "CN=CA of hills" and status["revoked"] == 1
    assert "remote-hills" not in connections(admin)
    assert is_refused(secure_server, own)
    stranger = Authority(tmp_path / "stranger", "a stranger")
    foreign = revocation_list(tmp_path / "s", stranger, stranger.issue("x", "remote-x")[0])
    assert "a stranger" in admin.post("revocation-lists", foreign, headers=headers, expect=422).json["detail"]
    impostor = Authority(tmp_path / "impostor", "CA of hills")
    forged = revocation_list(tmp_path / "i", impostor, impostor.issue("x", "remote-x")[0])
    assert "signature" in admin.post("revocation-lists", forged, headers=headers, expect=422).json["detail"]
    admin.post("revocation-lists", crl[:100], headers=headers, expect=422)
    watch.running.end(9)
    admin.delete("peers/hills")


def revocation_list(directory, authority, certificate):
    """A list, made by openssl, that revokes one certificate."""
    directory.mkdir(exist_ok=True)
    database, configuration, output = directory / "index.txt", directory / "ca.conf", directory / "list"
    database.write_text("")
    configuration.write_text(
        "[ca]\ndefault_ca=own\n[own]\n"
        f"database={database}\ndefault_md=sha256\ndefault_crl_days=7\ncrlnumber={directory}/number\n"
    )
    (directory / "number").write_text("01\n")
    keys = ["-config", configuration, "-cert", authority.certificate, "-keyfile", authority.key]
    openssl("ca", *keys, "-revoke", certificate)
    openssl("ca", *keys, "-gencrl", "-out", output)
    openssl("crl", "-in", output, "-outform", "DER", "-out", directory / "list.der")
    return (directory / "list.der").read_bytes()
