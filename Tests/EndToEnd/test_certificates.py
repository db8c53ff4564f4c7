"""Certificates as objects: made, requested, taken over, exported; and keys that never show."""

import base64
import contextlib
import json
import re
import sqlite3
import stat

import pytest
from support.admin import Admin
from support.certificates import Authority, Identity, openssl
from support.etcdctl import Etcdctl
from support.pki import PEM, Mesh, chain, run

pytestmark = pytest.mark.isthmus_only

SERIAL = re.compile(r"serial=([0-9A-F]+)")


@pytest.fixture(scope="module")
def admin(secure_server):
    return Admin(secure_server)


@pytest.fixture(scope="module")
def mesh(admin, module_directory):
    return Mesh(admin, module_directory / "issued")


def served(server):
    """The certificate that the server presents now."""
    text = run("s_client", "-connect", server.address, "-showcerts", input="")
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", text, re.S)
    return blocks[0] + "\n"


def test_a_first_start_leaves_certificates_and_seals_the_authority(secure_server):
    pki = secure_server.directory / "pki"
    profiles = ["server", "admin", "local", "remote"]
    expected = {"ca.crt", "vault.key"} | {f"{each}.{end}" for each in profiles for end in ["crt", "key"]}
    assert {file.name for file in pki.iterdir()} == expected
    for file in pki.glob("*.key"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    for profile in profiles:
        assert run("verify", "-CAfile", pki / "ca.crt", pki / f"{profile}.crt").endswith(": OK\n")


def test_the_roots_can_be_had_without_a_token(secure_server, admin):
    answer = admin.get("authorities/mesh/bundle", token="")
    assert answer.headers["Content-Type"] == PEM
    assert answer.text == (secure_server.directory / "pki/ca.crt").read_text()
    admin.get("authorities/mesh", token="", expect=401)
    admin.get("authorities/nobody/bundle", token="", expect=404)


def test_a_certificate_that_was_made_opens_the_door(secure_server, admin, mesh):
    identity = mesh.issue("west-agents", peer="west")
    etcdctl = Etcdctl(secure_server, identity=identity)
    front = "cilium/cluster-config/east"
    assert etcdctl("get", front, "--keys-only").strip() == front
    assert "permission denied" in etcdctl.fails("put", "cilium/state/x", "y")
    again = admin.get("certificates/west-agents")
    assert "key" not in again.json and "PRIVATE" not in again.text
    text = admin.get("certificates/west-agents", headers={"Accept": PEM}).text
    assert text == identity.certificate.read_text()


def test_a_key_is_told_once_however_often_one_asks(admin):
    body = {"metadata": {"name": "once"}, "spec": {"profile": "local"}}
    first = admin.post("certificates", body, headers={"Idempotency-Key": "once"}, expect=201)
    again = admin.post("certificates", body, headers={"Idempotency-Key": "once"}, expect=201)
    assert "BEGIN PRIVATE KEY" in first.json["key"]
    assert again.headers["Idempotency-Replayed"] == "true" and "PRIVATE" not in again.text
    assert "PRIVATE" not in json.dumps(admin.audit())
    assert "PRIVATE" not in json.dumps(admin.events(0))


@pytest.mark.parametrize("key", ["ec", "rsa:2048"])
def test_a_request_is_signed(secure_server, mesh, key):
    options = ("-pkeyopt", "ec_paramgen_curve:prime256v1") if key == "ec" else ()
    request, key_file = mesh.request("remote-north", key=key, options=options)
    chain_pem = mesh.sign(request, f"profile=remote&peer=north&name=north-{key[:3]}").text
    certificate = mesh.directory / "north.crt"
    certificate.write_text(chain_pem)
    etcdctl = Etcdctl(secure_server, "3.4", Identity(mesh.ca, certificate, key_file))
    assert etcdctl("get", "cilium/cluster-config/east", "--print-value-only")


def test_a_list_by_expiry(admin, mesh):
    mesh.issue("brief", peer="west", lifetime="10m")
    items = admin.get("certificates?sort=notAfter&limit=2").json["items"]
    assert items[0]["metadata"]["name"] == "brief"
    end = items[0]["status"]["notAfter"]
    later = admin.get("certificates?expiresBefore=2100-01-01T00:00:00Z").json["items"]
    ends = [item["status"]["notAfter"] for item in later]
    assert ends == sorted(ends)
    assert admin.get(f"certificates?expiresBefore={end}").json["items"] == []


def test_a_renewed_server_certificate_is_served_and_watches_go_on(secure_server, admin):
    etcdctl = Etcdctl(secure_server)
    etcdctl("put", "renewal/before", "1")
    with etcdctl.start("watch", "renewal/", "--prefix", "--rev", "1") as watch:
        assert watch.lines(3) == ["PUT", "renewal/before", "1"]
        before = served(secure_server)
        admin.post("certificates/server:renew", expect=200)
        after = served(secure_server)
        assert before != after
        assert after in admin.get("certificates/server").json["status"]["chain"]
        etcdctl("put", "renewal/after", "2")
        assert watch.lines(3) == ["PUT", "renewal/after", "2"]


def test_a_renewed_certificate_has_another_key_and_number(admin, mesh):
    old = mesh.issue("to-renew", peer="west").certificate.read_text()
    answer = admin.post("certificates/to-renew:renew", expect=200).json
    assert answer["status"]["chain"] != old and "BEGIN PRIVATE KEY" in answer["key"]


# Exports


def test_only_administrators_export_and_it_is_audited(admin, mesh):
    mesh.issue("kept", peer="west", keepKey=True)
    token = admin.make_token("cert-keeper", "certificates")
    admin.post("certificates/kept:export", {}, token=token, expect=403)
    text = admin.post("certificates/kept:export", {}, headers={"Accept": PEM}).text
    assert text.count("PRIVATE KEY") == 2
    assert admin.audit()[-1]["verb"] == "export" and admin.audit()[-1]["name"] == "kept"
    assert admin.post("certificates/west-agents:export", {}, expect=409).slug == "conflict"


def test_pkcs12(admin, mesh, tmp_path):
    file = tmp_path / "kept.p12"
    headers = {"Accept": "application/x-pkcs12"}
    file.write_bytes(admin.post("certificates/kept:export", {"password": "s3cret"}, headers=headers).body)
    text = run("pkcs12", "-in", file, "-passin", "pass:s3cret", "-nodes")
    assert "BEGIN PRIVATE KEY" in text and "BEGIN CERTIFICATE" in text
    assert "invalid password" in run("pkcs12", "-in", file, "-passin", "pass:other", "-nodes")
    assert admin.post("certificates/kept:export", {}, headers=headers, expect=422).pointers == ["/password"]


def test_the_secrets_of_the_chart(secure_server, admin):
    peer = {"spec": {"clusterID": 9, "endpoints": [{"url": "https://north.example:2379"}]}}
    admin.put("peers/north", peer)
    text = admin.post("certificates:export", {}).text
    names = re.findall(r"^  name: (.*)$", text, re.M)
    assert names == [f"clustermesh-apiserver-{p}-cert" for p in ["server", "admin", "local", "remote"]] + [
        "cilium-clustermesh", "cilium-kvstoremesh",
    ]  # fmt: skip
    mirror = text.split("---\n")[-1]
    configuration = re.search(r'"north": (\S+)', mirror).group(1)
    assert "https://north.example:2379" in base64.b64decode(configuration).decode()
    admin.delete("peers/north")


# Authorities


def test_an_authority_below_an_offline_root_is_taken_over(admin, tmp_path, mesh):
    files, _ = chain(tmp_path / "corporate", "nobody")
    pem = files["int.crt"].read_text() + files["root.crt"].read_text()
    imported = {"certificates": pem, "key": files["int.key"].read_text()}
    body = {"metadata": {"name": "corporate"}, "spec": {"description": "theirs", "import": imported}}
    answer = admin.post("authorities", body, expect=201)
    assert "PRIVATE" not in answer.text and answer.json["spec"] == {"description": "theirs"}
    assert "PRIVATE" not in admin.get("authorities/corporate").text
    assert "PRIVATE" not in json.dumps(admin.audit())
    assert admin.get("authorities/corporate/bundle", token="").text == files["root.crt"].read_text()
    identity = mesh.issue("by-corporate", profile="admin", authority="corporate")
    leaf, *rest = re.findall(r"-----BEGIN.*?END CERTIFICATE-----\n", identity.certificate.read_text(), re.S)
    (tmp_path / "leaf.crt").write_text(leaf)
    (tmp_path / "rest.crt").write_text("".join(rest))
    verified = run(
        "verify", "-CAfile", files["root.crt"], "-untrusted", tmp_path / "rest.crt", tmp_path / "leaf.crt"
    )  # fmt: skip
    assert verified.endswith(": OK\n")
    # The chain opens our own door, too, for the authority is ours now.
    assert Etcdctl(admin.server, identity=identity)("put", "corporate/a", "1") == "OK\n"


def test_nothing_lives_longer_than_its_issuer(admin, tmp_path):
    files, _ = chain(tmp_path / "brief", "nobody")
    pem = files["int.crt"].read_text() + files["root.crt"].read_text()
    imported = {"certificates": pem, "key": files["int.key"].read_text()}
    admin.post("authorities", {"metadata": {"name": "twenty-days"}, "spec": {"import": imported}}, expect=201)
    spec = {"profile": "admin", "authority": "twenty-days"}
    usual = admin.post("certificates", {"metadata": {"name": "clamped"}, "spec": spec}, expect=201).json
    end = admin.get("authorities/twenty-days").json["status"]["generations"][0]["notAfter"]
    assert usual["status"]["notAfter"] == end
    answer = admin.post(
        "certificates", {"metadata": {"name": "long"}, "spec": spec | {"lifetime": "2160h"}}, expect=422
    )  # fmt: skip
    assert answer.pointers == ["/spec/lifetime"]


def test_an_older_state_directory_is_taken_over(make_server):
    server = make_server(tls=True)
    pki = server.directory / "pki"
    pki.mkdir(mode=0o700)
    authority = Authority(pki, "an old CA")
    server.start()
    assert not authority.key.exists()
    text = authority.certificate.read_text()
    admin = Admin(server)
    assert admin.get("authorities/mesh/bundle", token="").text == text
    assert Etcdctl(server)("put", "a", "1") == "OK\n"
    server.restart()
    assert admin.get("authorities/mesh/bundle", token="").text == text
    admin.post("certificates", {"metadata": {"name": "x"}, "spec": {"profile": "local"}}, expect=201)


# The key that keys are sealed under


def test_keys_are_sealed_and_the_sealing_key_is_rotated(make_server):
    server = make_server(tls=True).start()
    admin = Admin(server)
    vault = server.directory / "pki/vault.key"
    old = vault.read_text()
    made = {"metadata": {"name": "kept"}, "spec": {"profile": "local", "keepKey": True}}
    admin.post("certificates", made, expect=201)
    answer = admin.post("system/rotate-encryption-key", expect=200).json
    assert answer["secrets"] == 2 and answer["current"] != answer["former"]
    assert vault.read_text() != old
    assert "PRIVATE" in admin.post("certificates/kept:export", {}, headers={"Accept": PEM}).text
    server.restart()
    assert "PRIVATE" in admin.post("certificates/kept:export", {}, headers={"Accept": PEM}).text
    admin.post("certificates", {"metadata": {"name": "y"}, "spec": {"profile": "local"}}, expect=201)
    token = admin.make_token("op", "certificates")
    admin.post("system/rotate-encryption-key", expect=403, token=token)
    server.stop()
    with contextlib.closing(sqlite3.connect(server.directory / "admin.db")) as database:
        blob = database.execute("SELECT secret FROM objects WHERE kind = 'authorities'").fetchone()[0]
    assert b"PRIVATE" not in blob and b"key" in blob
    vault.write_text(old)
    server.spawn()
    assert server.process.wait(30) == 1
    assert "an encrypted secret cannot be read: it needs key" in server.tail()


def test_a_sealing_key_from_the_environment(make_server):
    server = make_server(tls=True)
    first, second = "11" * 31 + "22", "33" * 31 + "44"
    server.environment = {"ISTHMUS_PKI_KEY": first}
    server.start()
    assert not (server.directory / "pki/vault.key").exists()
    admin = Admin(server)
    assert "ISTHMUS_PKI_KEY" in admin.post("system/rotate-encryption-key", expect=409).json["detail"]
    server.stop()
    server.environment = {"ISTHMUS_PKI_KEY": f"{second} {first}"}
    server.start()
    server.stop()
    server.environment = {"ISTHMUS_PKI_KEY": second}
    server.start()
    admin.post("certificates", {"metadata": {"name": "z"}, "spec": {"profile": "local"}}, expect=201)


# What is refused, each time with what it is


def problem(answer, *words):
    assert answer.headers["Content-Type"] == "application/problem+json"
    text = answer.json["detail"] + json.dumps(answer.json.get("errors", []))
    for word in words:
        assert word in text, text


def requests(mesh):
    good, _ = mesh.request("remote-west")
    many = ",".join(f"DNS:n{index}.example" for index in range(200))
    yield "truncated", good[:200], "profile=remote&peer=west", 422, ["certificate request"]
    yield "garbage", b"hello", "profile=remote&peer=west", 422, ["certificate request"]
    yield "other name", good, "profile=remote&peer=north", 422, ["remote-west", "remote-north"]
    yield "no profile", good, "peer=west", 400, ["profile"]
    yield "peer of an admin", good, "profile=admin&peer=west", 400, ["peer"]
    foreign = mesh.request("remote-west", "DNS:evil.example")[0]
    yield "foreign name", foreign, "profile=remote&peer=west", 422, ["evil"]
    yield "many names", mesh.request("remote-west", many)[0], "profile=remote&peer=west", 422, ["200"]
    weak = mesh.request("remote-west", key="rsa:1024", options=())[0]
    yield "weak key", weak, "profile=remote&peer=west", 422, ["1024"]
    yield "too long", good, "profile=remote&peer=west&lifetime=800000h", 422, ["issuer"]
    yield "unknown authority", good, "profile=remote&peer=west&authority=nobody", 422, ["authority"]


def test_requests_that_are_refused(mesh):
    for name, request, query, status, words in requests(mesh):
        answer = mesh.sign(request, query, expect=None, accept="application/json")
        assert answer.status == status, (name, answer.status, answer.text)
        problem(answer, *words)


def imports(directory):
    files, _ = chain(directory / "good", "leaf")
    root, middle = files["root.crt"].read_text(), files["int.crt"].read_text()
    key = files["int.key"].read_text()
    stranger = Authority(directory / "stranger").certificate.read_text()
    yield "truncated", middle[:-40], key, "/spec/import/certificates", ["certificate"]
    yield "no root", middle, key, "/spec/import/certificates", ["missing"]
    wrong = Authority(directory / "other").key.read_text()
    yield "wrong key", middle + root, wrong, "/spec/import/key", ["key"]
    yield "truncated key", middle + root, key[:60], "/spec/import/key", ["private key"]
    yield "a stranger", middle + root + stranger, key, "/spec/import/certificates", ["not part of the chain"]
    yield "a leaf", files["leaf.crt"].read_text() + middle + root, files["leaf.key"].read_text(), \
        "/spec/import/certificates", ["cannot sign"]  # fmt: skip
    expired = directory / "expired"
    expired.mkdir()
    request, extensions = expired / "r", expired / "e"
    extensions.write_text("basicConstraints=critical,CA:TRUE\n")
    openssl(
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", expired / "k", "-out", request, "-subj", "/CN=old",
    )  # fmt: skip
    openssl(
        "x509", "-req", "-in", request, "-signkey", expired / "k", "-days", "-1", "-extfile", extensions,
        "-out", expired / "c",
    )  # fmt: skip
    certificate, own_key = (expired / "c").read_text(), (expired / "k").read_text()
    yield "expired", certificate, own_key, "/spec/import/certificates", ["expired"]


def test_authorities_that_are_refused(admin, tmp_path):
    for name, certificates, key, pointer, words in imports(tmp_path):
        body = {"metadata": {"name": "bad"}, "spec": {"import": {"certificates": certificates, "key": key}}}
        answer = admin.post("authorities", body, expect=None)
        assert answer.status == 422, (name, answer.text)
        assert answer.pointers == [pointer], (name, answer.text)
        problem(answer, *words)
        assert "PRIVATE" not in answer.text


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({}, "/spec/profile"),
        ({"profile": "king"}, "/spec/profile"),
        ({"profile": "admin", "peer": "west"}, "/spec/peer"),
        ({"profile": "remote", "peer": "West!"}, "/spec/peer"),
        ({"profile": "local", "names": ["a.example"]}, "/spec/names"),
        ({"profile": "server", "names": ["bad name"]}, "/spec/names/0"),
        ({"profile": "server", "names": ["a.example"] * 129}, "/spec/names"),
        ({"profile": "local", "lifetime": "1s"}, "/spec/lifetime"),
        ({"profile": "local", "keyKind": "dsa"}, "/spec/keyKind"),
        ({"profile": "local", "authority": "nobody"}, "/spec/authority"),
        ({"profile": "local", "colour": 1}, "/spec/colour"),
    ],
)
def test_certificates_that_are_refused(admin, spec, pointer):
    answer = admin.post("certificates", {"metadata": {"name": "bad"}, "spec": spec}, expect=422)
    assert answer.pointers == [pointer]


def test_this_servers_own_certificates_stay(admin):
    assert admin.delete("certificates/server", expect=409).slug == "conflict"
    assert admin.delete("authorities/mesh", expect=409).slug == "conflict"
    body = {"metadata": {"name": "server"}, "spec": {"profile": "server"}}
    assert admin.post("certificates", body, expect=409).slug == "already-exists"
