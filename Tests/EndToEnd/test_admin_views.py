"""What the admin plane shows of the data plane: who is connected, how far behind, and cutting one."""

import contextlib
import hashlib
import http.client
import socket
import ssl

import grpc
import pytest
from support.admin import Admin
from support.etcdctl import Etcdctl
from support.process import eventually
from support.protocol import Client
from support.watching import watching

pytestmark = pytest.mark.isthmus_only

# The preface of HTTP/2 and an empty SETTINGS frame.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


@pytest.fixture
def admin(server):
    return Admin(server)


@pytest.fixture
def secure(secure_server):
    return Admin(secure_server)


def clients(admin, **wanted):
    """Returns the open connections whose status has these members."""
    items, query = [], ""
    while query is not None:
        page = admin.get(f"clients?limit=100{query}").json
        items += page["items"]
        token = page["metadata"].get("continue")
        query = f"&continue={token}" if token else None
    return [each for each in items if wanted.items() <= each["status"].items()]


def closed(admin, name):
    """Returns the status of a connection that was closed, if it is still known."""
    for each in admin.get("clients?state=closed&limit=1000").json["items"]:
        if each["metadata"]["name"] == name:
            return each["status"]
    return None


@contextlib.contextmanager
def raw_connection(server, identity=None):
    """A connection that says what HTTP/2 demands, and nothing else."""
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    connection = plain
    if identity:
        who = server.identity(identity)
        context = ssl.create_default_context(cafile=who.ca)
        context.load_cert_chain(who.certificate, who.key)
        context.set_alpn_protocols(["h2"])
        connection = context.wrap_socket(plain, server_hostname="127.0.0.1")
    connection.sendall(PREFACE)
    try:
        yield connection
    finally:
        connection.close()


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_a_watching_etcdctl_is_listed_cut_and_comes_back(secure, secure_server, version):
    etcdctl = Etcdctl(secure_server, version)
    with etcdctl.start("watch", "--prefix", f"views/{version}/") as watch:
        (found,) = eventually(lambda: clients(secure, watches=1), what="the watch")
        name, status = found["metadata"]["name"], found["status"]
        assert (status["identity"], status["identityKind"]) == ("admin-east", "administrator")
        assert (status["transport"], status["encrypted"], status["state"]) == ("http2", True, "open")
        assert status["userAgent"].startswith("grpc-go/") and status["address"].startswith("127.0.0.1:")
        assert (status["lagRevisions"], status["catchingUp"], status["openStreams"]) == (0, 0, 1)
        certificate = ssl.PEM_cert_to_DER_cert(secure_server.identity("admin").certificate.read_text())
        assert status["certificate"]["fingerprint"] == hashlib.sha256(certificate).hexdigest()
        assert status["certificate"]["commonName"] == "admin-east"
        assert status["certificate"]["notAfter"] > found["metadata"]["creationTimestamp"]
        assert secure.get(f"clients/{name}").json["metadata"] == found["metadata"]

        assert secure.delete(f"clients/{name}?dryRun=All").headers["Isthmus-Dry-Run"] == "true"
        assert secure.get(f"clients/{name}").json["status"]["state"] == "open"
        assert secure.delete(f"clients/{name}").json["metadata"]["name"] == name
        secure.get(f"clients/{name}", expect=404)
        assert closed(secure, name)["reason"] == "cut"
        # The client resumes by itself, and misses nothing.
        etcdctl("put", f"views/{version}/a", "1")
        assert watch.lines(3) == ["PUT", f"views/{version}/a", "1"]
        (again,) = eventually(lambda: clients(secure, watches=1), what="the watch again")
        assert int(again["metadata"]["name"]) > int(name)
    line = [each for each in secure.audit() if each["verb"] == "disconnect"][-1]
    assert (line["actor"], line["kind"], line["name"]) == ("bootstrap", "clients", name)
    event = [each for each in secure.events(0) if each["type"] == "client.disconnected"][-1]
    assert (event["kind"], event["name"]) == ("Client", name)
    eventually(lambda: (closed(secure, again["metadata"]["name"]) or {}).get("reason") == "clientLeft")


def test_a_peer_that_never_says_goodbye_is_cut_all_the_same(secure, secure_server):
    with raw_connection(secure_server, "remote") as connection:
        (found,) = eventually(lambda: clients(secure, identity="remote"), what="the peer")
        assert found["status"]["identityKind"] == "anyPeer"
        secure.delete(f"clients/{found['metadata']['name']}")
        # Under TLS its socket is kept for seconds, until it has said goodbye: no reason to list it.
        assert clients(secure, identity="remote") == []
        assert closed(secure, found["metadata"]["name"])["reason"] == "cut"
        received = b""
        with contextlib.suppress(ssl.SSLError, OSError):
            while chunk := connection.recv(4_096):
                received += chunk
        assert bytes([7]) in received[3::1], "no GOAWAY"


def test_a_cut_ends_a_watch_and_leaves_others_alone(admin, server):
    with (
        Client(server) as doomed,
        Client(server) as spared,
        watching(doomed) as first,
        watching(spared) as second,
    ):
        first.create(b"cut/")
        before = {each["metadata"]["name"] for each in clients(admin, watches=1)}
        second.create(b"cut/")
        assert len(before) == 1 and len(clients(admin, watches=1)) == 2
        admin.delete(f"clients/{before.pop()}")
        eventually(lambda: first.status, what="the end of the watch")
        assert first.status[0] == grpc.StatusCode.UNAVAILABLE
        spared.KV.Put(key=b"cut/", value=b"1")
        assert second.events(1) == [("PUT", b"cut/", b"1")]


def test_http_connections_are_listed_and_cut_too(admin, server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/version", headers={"User-Agent": "probe/1"})
    assert connection.getresponse().read()
    (found,) = clients(admin, transport="http1")
    assert (found["status"]["userAgent"], found["status"]["identity"]) == ("probe/1", "loopback")
    assert "certificate" not in found["status"]
    admin.delete(f"clients/{found['metadata']['name']}")
    assert clients(admin, transport="http1") == []
    assert closed(admin, found["metadata"]["name"])["reason"] == "cut"
    with pytest.raises((http.client.HTTPException, OSError)):
        connection.request("GET", "/version")
        connection.getresponse()
    connection.close()


def test_why_a_connection_ended_is_kept(admin, server):
    def one(what):
        (found,) = eventually(lambda: clients(admin, transport="http2", userAgent=""), what=what)
        return found["metadata"]["name"]

    with raw_connection(server) as connection:
        name = one("who will break the protocol")
        # DATA on stream 0 is forbidden.
        connection.sendall(bytes([0, 0, 1, 0, 0, 0, 0, 0, 0, 0]))
        eventually(lambda: (closed(admin, name) or {}).get("reason") == "protocolError")
    with raw_connection(server):
        name = one("who will leave")
    eventually(lambda: (closed(admin, name) or {}).get("reason") == "clientLeft")


def test_hundreds_of_connections_are_listed_page_by_page(admin, server):
    with contextlib.ExitStack() as open_connections:
        for _ in range(350):
            open_connections.enter_context(raw_connection(server))
        found = eventually(lambda: [c for c in [clients(admin, userAgent="")] if len(c) == 350], within=30)[0]
        names = [int(each["metadata"]["name"]) for each in found]
        assert names == sorted(set(names))
        page = admin.get("clients?limit=100")
        assert page.json["metadata"]["remainingItemCount"] >= 250
        assert page.headers["Link"].startswith("</api/v1/clients?continue=")
        assert admin.get("system/info").json["dataPlane"]["connections"] >= 350
    eventually(lambda: clients(admin, userAgent="") == [])


def test_a_slow_watcher_is_seen_to_be_behind(admin, make_server):
    server = make_server().start()
    admin = Admin(server)
    with Client(server) as writer, socket.create_connection(("127.0.0.1", server.port)) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        body = b'{"create_request":{"key":"c2xvdy8=","range_end":"c2xvdzA="}}'
        head = f"POST /v3/watch HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
        slow.sendall(head.encode() + body)
        eventually(lambda: clients(admin, watches=1), what="the watch")

        def behind():
            for number in range(50):
                writer.KV.Put(key=b"slow/%d" % number, value=b"v" * 100_000)
            return [each for each in clients(admin, watches=1) if each["status"]["lagRevisions"] > 50]

        (found,) = eventually(behind, within=60, what="lag")
        assert found["status"]["catchingUp"] == 1


def test_who_may_look_and_who_may_cut(admin, server):
    viewer = admin.make_token("views-viewer", "viewer")
    operator = admin.make_token("views-operator", "operator")
    with raw_connection(server):
        (found,) = eventually(lambda: clients(admin, userAgent=""))
        name = found["metadata"]["name"]
        for path in ("clients", f"clients/{name}", "kv", "global-services"):
            admin.get(path, token=viewer)
            admin.get(path, token="", expect=401)
        assert admin.delete(f"clients/{name}", token=viewer, expect=403).slug == "forbidden"
        admin.delete(f"clients/{name}", token=operator)
