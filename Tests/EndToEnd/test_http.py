"""The paths that are plain HTTP on the data port, over HTTP/1.1 and HTTP/2, with and without TLS."""

import json
import subprocess

import pytest

HTTP1 = ["--http1.1"]
HTTP2_PLAIN = ["--http2-prior-knowledge"]
HTTP2_TLS = ["--http2"]


def curl(server, path, *flags, check=True):
    """Returns the status code and the body of a request made by the real curl."""
    arguments = ["curl", "--silent", "--show-error", "--max-time", "10", "--write-out", "\n%{http_code}"]
    identity = server.identity("admin")
    if identity:
        arguments += ["--cacert", identity.ca, "--cert", identity.certificate, "--key", identity.key]
    result = subprocess.run(
        [*arguments, *flags, server.url + path], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if check:
        assert result.returncode == 0, result.stderr
    body, _, code = result.stdout.rpartition("\n")
    return int(code or 0), body


@pytest.fixture(params=["plain", "secure"])
def any_server(request):
    return request.getfixturevalue({"plain": "server", "secure": "secure_server"}[request.param])


def test_the_version_is_told(any_server):
    code, body = curl(any_server, "/version", *HTTP1)
    version = json.loads(body)
    assert code == 200
    assert version["etcdserver"].startswith("3.") and version["etcdcluster"].startswith("3.")
    # One diagnostic tool looks for exactly these characters.
    assert '"etcdserver":"' in body


def test_the_health_is_told(any_server):
    code, body = curl(any_server, "/health", *HTTP1)
    assert code == 200
    assert json.loads(body)["health"] == "true"


def test_the_same_paths_answer_over_http2(any_server):
    if any_server.is_etcd and not any_server.tls:
        pytest.skip("real etcd takes every HTTP/2 connection without TLS for gRPC")
    flags = HTTP2_TLS if any_server.tls else HTTP2_PLAIN
    code, body = curl(any_server, "/version", *flags)
    assert (code, json.loads(body)["etcdserver"][:2]) == (200, "3.")
    code, body = curl(any_server, "/health", *flags, "--output", "-", "--write-out", "\n%{http_code}")
    assert (code, json.loads(body)["health"]) == (200, "true")
    negotiated = curl(any_server, "/version", *flags, "--write-out", "\n%{http_version}\n%{http_code}")[1]
    assert negotiated.endswith("\n2")


def test_an_unknown_path_is_not_found_and_a_wrong_method_not_allowed(any_server):
    assert curl(any_server, "/no/such/path", *HTTP1)[0] == 404
    assert curl(any_server, "/health", "--request", "POST", *HTTP1)[0] == 405


def test_several_requests_share_a_connection(any_server):
    url = any_server.url + "/health"
    code, body = curl(any_server, "/version", *HTTP1, url, url)
    assert code == 200 and body.count('"health":"true"') == 2


def test_plain_http_on_the_tls_port_fails_cleanly(secure_server):
    result = subprocess.run(
        ["curl", "--silent", "--max-time", "10", f"http://{secure_server.address}/version"],
        capture_output=True,
        stdin=subprocess.DEVNULL,
    )
    assert b"etcdserver" not in result.stdout
    assert curl(secure_server, "/version")[0] == 200
