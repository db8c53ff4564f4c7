"""Bad input to the admin plane: every kind gets a problem, and nothing is changed."""

import json
import socket
import time
import zlib

import pytest
from support import process
from support.admin import Admin
from support.process import eventually

pytestmark = pytest.mark.isthmus_only

SERVICE = {
    "spec": {"frontends": [{"ip": "10.96.0.1", "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}]}
}


@pytest.fixture
def admin(server):
    return Admin(server)


@pytest.fixture
def unchanged(admin):
    """Fails when the test changes anything that lasts."""

    def state():
        return (
            admin.get("services").json["items"],
            admin.get("system/info").json["events"],
            len(admin.audit()),
        )

    before = state()
    yield
    assert state() == before


def raw(server, data, within=20):
    """Sends bytes as they are and returns all that comes back."""
    with socket.create_connection(("127.0.0.1", server.admin_port), within) as connection:
        connection.sendall(data)
        received = b""
        while piece := connection.recv(65_536):
            received += piece
        return received


def request(admin, method, path, body, *fields):
    head = [
        f"{method} {path} HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {admin.token}",
        "Connection: close",
        *fields,
    ]
    return "\r\n".join(head).encode() + f"\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


BODIES = {
    "empty": (b"", 400, "malformed-body"),
    "truncated": (b'{"spec": {"frontends": [', 400, "malformed-body"),
    "two values": (b"{} {}", 400, "malformed-body"),
    "not UTF-8": (b'{"spec": "\xff"}', 400, "malformed-body"),
    "half a surrogate pair": (b'{"spec": "\\ud800"}', 400, "malformed-body"),
    "a control character": (b'{"spec": "a\x01"}', 400, "malformed-body"),
    "UTF-16": ('{"spec": {}}'.encode("utf-16"), 400, "malformed-body"),
    "the same name twice": (b'{"spec": {}, "spec": {}}', 400, "malformed-body"),
    "the same name in two spellings": (b'{"spec": {}, "sp\\u0065c": {}}', 400, "malformed-body"),
    "deep nesting": (b'{"spec": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "malformed-body"),
    "a huge number": (b'{"spec": 1e999}', 400, "malformed-body"),
    "not a number": (b'{"spec": NaN}', 400, "malformed-body"),
    "an array": (b"[]", 422, "invalid-object"),
    "null": (b"null", 422, "invalid-object"),
    "no spec": (b"{}", 422, "invalid-object"),
    "a spec of the wrong type": (b'{"spec": "x"}', 422, "invalid-object"),
    "another kind": (b'{"kind": "Node", "spec": {"frontends": []}}', 422, "invalid-object"),
    "another name": (b'{"metadata": {"name": "other"}, "spec": {"frontends": []}}', 422, "invalid-object"),
    "an unknown field": (b'{"spec": {"frontends": [], "frontend": []}}', 422, "invalid-object"),
    "an unknown field above": (b'{"spec": {"frontends": []}, "metadat": {}}', 422, "invalid-object"),
    "an unknown value": (b'{"spec": {"frontends": [], "affinity": "near"}}', 422, "invalid-object"),
    "a broken label": (b'{"metadata": {"labels": {"a": "b\\nc"}}, "spec": {}}', 422, "invalid-object"),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused(admin, unchanged, name):
    body, status, slug = BODIES[name]
    answer = admin.ask("PUT", "services/shop/cart", body, {"Content-Type": "application/json"})
    assert (answer.status, answer.slug) == (status, slug), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    if slug == "invalid-object":
        assert answer.json["errors"], answer.text


YAML_BODIES = {
    "a tab": b"spec:\n\tfrontends: []\n",
    "an anchor bomb": b"a: &a [x, x, x, x, x, x, x, x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (98 + i, 98 + i, b", ".join([b"*%c" % (97 + i)] * 8)) for i in range(9)),
    "the same name twice": b"spec: {}\nspec: {}\n",
    "two documents": b"spec: {frontends: []}\n---\nspec: {frontends: []}\n",
    "not UTF-8": b"spec: \xff\n",
    "deep nesting": b"[" * 900 + b"]" * 900,
    "a tag for code": b"spec: !!python/object/apply:os.system ['true']\n",
}


@pytest.mark.parametrize("name", YAML_BODIES)
def test_bad_yaml_is_refused(admin, unchanged, name):
    answer = admin.ask("PUT", "services/shop/cart", YAML_BODIES[name], {"Content-Type": "application/yaml"})
    assert (answer.status, answer.slug) == (400, "malformed-body"), answer.text


def test_all_that_is_wrong_is_said_at_once(admin, unchanged):
    body = {
        "metadata": {"labels": {"-bad": "x"}},
        "spec": {
            "frontends": [{"ip": "10.96.0.300", "ports": [{"name": "http", "port": 0, "protocol": "ICMP"}]}],
            "shared": "yes",
            "wrong": 1,
        },
    }
    answer = admin.ask("PUT", "services/shop/cart", body)
    assert answer.status == 422
    assert set(answer.pointers) >= {
        "/metadata/labels/-bad", "/spec/frontends/0/ip", "/spec/frontends/0/ports/0/port",
        "/spec/frontends/0/ports/0/protocol", "/spec/shared", "/spec/wrong",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/services/../tokens", 400),
        ("/api/v1/services/%2e%2e/tokens", 400),
        ("/api/v1/services/shop/%00", 400),
        ("/api/v1/services/shop/%ff", 400),
        ("/api/v1/services/shop/a%2Fb", 422),
        ("/api/v1/services/shop/" + "a" * 300, 422),
        ("/api/v1/services/shop/UPPER", 422),
        ("/api/v1/services/shop/%0d%0aX-Injected:%20yes", 422),
        ("/api/v1/" + "a" * 9_000, 414),
        ("/static/../admin.db", 400),
        ("/static/..%2f..%2ftoken", 404),
    ],
)
def test_a_path_leads_nowhere_else(server, admin, unchanged, path, status):
    body = json.dumps(SERVICE).encode() if status == 422 else b""
    method = "PUT" if status == 422 else "GET"
    answer = raw(server, request(admin, method, path, body))
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer[:300]
    assert b"X-Injected: yes\r\n" not in answer


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (["If-Match: 3"], 400),
        (['If-Match: "x"'], 412),
        (["If-None-Match: *", "If-Match: *"], 412),
        (["Idempotency-Key: "], 201),
        (["Content-Type: text/plain"], 415),
        (["Content-Type: application/json; charset=utf-8"], 201),
        (["Accept: text/html"], 406),
        (["Accept: application/yaml;q=0, */*"], 201),
        (["X-Long: " + "a" * 20_000], 431),
        ([f"X-{number}: a" for number in range(200)], 431),
    ],
)
def test_fields_are_checked(server, admin, fields, status):
    name = f"s{zlib.crc32(fields[0].encode())}"
    answer = raw(
        server,
        request(admin, "PUT", f"/api/v1/services/fields/{name}", json.dumps(SERVICE).encode(), *fields),
    )
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer[:300]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "limit=1&limit=2", "unknown=1", "continue=x",
              "labelSelector=a in (",
              "labelSelector=%21%21", "limit=01"],
)  # fmt: skip
def test_parameters_are_checked(admin, unchanged, query):
    answer = admin.ask("GET", "services?" + query.replace(" ", "%20"))
    assert (answer.status, answer.slug) == (400, "invalid-parameter"), answer.text


@pytest.mark.parametrize(
    "query",
    ["dryRun=yes", "wait=forever", "timeout=5s", "wait=applied&timeout=11m", "dryRun=All&wait=applied"],
)
def test_parameters_of_changes_are_checked(admin, unchanged, query):
    answer = admin.ask("PUT", f"services/shop/cart?{query}", SERVICE)
    assert (answer.status, answer.slug) == (400, "invalid-parameter"), answer.text


def test_a_body_above_the_limit_is_refused(server, admin, unchanged, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(b" " * (1 << 20) + b"{}")
    address = f"http://127.0.0.1:{server.admin_port}/api/v1/services/shop/cart"
    answer = process.run(
        "curl",
        "-sS",
        "-X",
        "PUT",
        "-H",
        f"Authorization: Bearer {admin.token}",
        "-T",
        body,
        "-w",
        "%{http_code}",
        address,
    )
    assert answer.stdout.endswith("413"), answer


def test_an_announced_body_above_the_limit_is_refused_before_it_comes(server, admin, unchanged):
    head = "PUT /api/v1/services/shop/cart HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    head += f"Authorization: Bearer {admin.token}\r\n"
    answer = raw(server, head.encode() + b"Content-Length: 99999999999\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 "), answer[:300]


def test_a_body_that_is_cut_off_changes_nothing(server, admin, unchanged):
    data = request(admin, "PUT", "/api/v1/services/shop/cart", json.dumps(SERVICE).encode())
    with socket.create_connection(("127.0.0.1", server.admin_port)) as connection:
        connection.sendall(data[:-10])
    # The library may not see that the client is gone; the time for a body (30 s) ends the request then.
    eventually(
        lambda: server.metrics()["isthmus_admin_http_requests_in_flight"] == 0,
        within=45,
        what="the end of the request",
    )


def test_a_request_that_dribbles_is_cut_and_others_are_served(server, admin, unchanged):
    head = f"GET /api/v1/whoami HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin.token}\r\n".encode()
    dribbling = [socket.create_connection(("127.0.0.1", server.admin_port)) for _ in range(50)]
    try:
        for number in range(20):
            for connection in dribbling:
                connection.sendall(head[number : number + 1])
            assert admin.get("whoami").status == 200
            time.sleep(0.01)
        deadline = time.monotonic() + 60
        for connection in dribbling:
            connection.settimeout(max(1, deadline - time.monotonic()))
            # Whatever is answered, the connection ends, though the head never did.
            while connection.recv(65_536):
                pass
    finally:
        for connection in dribbling:
            connection.close()


def test_what_a_client_says_of_itself_cannot_break_the_log(server, admin):
    answer = admin.get("whoami", headers={"X-Request-Id": 'x"}\\n{"level":"fatal'})
    assert answer.headers["X-Request-Id"] == 'x"}\\n{"level":"fatal'
    admin.put("services/log/entry", SERVICE, headers={"X-Request-Id": 'x"}\\n{"level":"fatal'})
    assert admin.audit()[-1]["requestID"] == 'x"}\\n{"level":"fatal'
    assert "fatal" not in server.log.read_text()
