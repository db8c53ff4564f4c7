"""The JSON gateway over HTTP/1.1 and HTTP/2: what is asked, what is answered, and what is refused."""

import json
import re

import pytest

from support.gateway import HTTP1, HTTP2_PLAIN, call, post, text


@pytest.fixture(params=["http1", "http2"])
def version(request, server):
    if request.param == "http2" and server.is_etcd:
        pytest.skip("real etcd takes every HTTP/2 connection without TLS for gRPC")
    return {"http1": HTTP1, "http2": HTTP2_PLAIN}[request.param]


def shape(answer):
    """Returns an answer's text with one letter for every number that differs between servers and runs."""
    return re.sub(r'"(\w+_id|raft_term|\w*revision)":"[1-9][0-9]*"', r'"\1":"N"', answer)


def test_answers_are_written_as_etcd_writes_them(server, key, version):
    name, value = text(key), text(b"value")

    def answer(path, body):
        code, answer = post(server, f"/v3/{path}", body, version=version)
        assert code == 200, answer
        return shape(answer)

    head = '{"header":{"cluster_id":"N","member_id":"N","revision":"N","raft_term":"N"}'
    header = '"header":{"revision":"N"}'
    first = f'{{"key":"{name}","create_revision":"N","mod_revision":"N","version":"1","value":"{value}"}}'
    second = first.replace('"version":"1"', '"version":"2"')
    answer("kv/deleterange", {"key": name})
    assert answer("kv/put", {"key": name, "value": value}) == head + "}"
    assert answer("kv/put", {"key": name, "value": value, "prev_kv": True}) == f'{head},"prev_kv":{first}}}'
    assert answer("kv/range", {"key": name}) == f'{head},"kvs":[{second}],"count":"1"}}'
    assert answer("kv/range", {"key": text(key + b"none")}) == head + "}"
    assert answer("kv/range", {"key": name, "count_only": True}) == head + ',"count":"1"}'
    transaction = {
        "compare": [{"result": "EQUAL", "target": "VERSION", "key": name, "version": "2"}],
        "success": [{"request_range": {"key": name}}, {"request_delete_range": {"key": name}}],
    }
    found = f'{{"response_range":{{{header},"kvs":[{second}],"count":"1"}}}}'
    deleted = f'{{"response_delete_range":{{{header},"deleted":"1"}}}}'
    assert answer("kv/txn", transaction) == f'{head},"succeeded":true,"responses":[{found},{deleted}]}}'
    failed = answer("kv/txn", transaction | {"failure": [{"request_put": {"key": name}}]})
    assert failed == f'{head},"responses":[{{"response_put":{{{header}}}}}]}}'
    assert answer("kv/deleterange", {"key": text(key + b"none")}) == head + "}"


def test_grpc_sees_what_the_gateway_wrote(server, client, key, version):
    call(server, "kv/put", {"key": text(key), "value": text(b"\0\xff")}, version=version)
    assert client.get(key) == b"\0\xff"
    client.KV.Put(key=key, value=b"back")
    assert call(server, "kv/range", {"key": text(key)}, version=version)["kvs"][0]["value"] == text(b"back")


# Every way to say the same request.
@pytest.mark.parametrize(
    "body",
    [
        '{"key":"%s","rangeEnd":"","limit":5,"keysOnly":false}',
        ' {"key": "%s", "range_end": null, "limit": "5"}\n',
        '{"key":"%s","sort_order":1,"sort_target":"VALUE"}',
        '{"key":"%s","no_such_field":[{"a":[1,2,{}]},"}"],"none":null}',
        '{"key":"%s"} what follows is not read',
        '{"key":"%s"}{"key":"YQ=="}',
    ],
)
def test_requests_may_be_written_in_several_ways(server, client, key, body):
    client.KV.Put(key=key, value=b"1")
    answer = call(server, "kv/range", body.replace("%s", text(key)))
    assert answer["kvs"][0]["value"] == text(b"1")


def test_the_content_type_does_not_matter(server, client, key):
    client.KV.Put(key=key, value=b"1")
    for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain", ""):
        assert call(server, "kv/range", {"key": text(key)}, "-H", f"content-type: {kind}")["count"] == "1"


@pytest.mark.since(36, "older servers take only the usual alphabet, with its padding")
def test_bytes_may_come_in_either_alphabet_of_base_64(server, client, key):
    client.KV.Put(key=b"\xff\xfe" + key, value=b"1")
    name = text(b"\xff\xfe" + key).replace("+", "-").replace("/", "_").rstrip("=")
    assert call(server, "kv/range", {"key": name})["count"] == "1"


def test_numbers_of_64_bits_are_text_and_those_of_32_are_not(server):
    assert isinstance(call(server, "maintenance/hash", {})["hash"], int)
    lease = call(server, "lease/grant", {"TTL": 60, "ID": 9_007_199_254_740_993})
    assert (lease["ID"], lease["TTL"]) == ("9007199254740993", "60")
    found = call(server, "lease/timetolive", {"ID": lease["ID"], "keys": True})
    assert (found["grantedTTL"], "keys" in found) == ("60", False)
    assert {"ID": lease["ID"]} in call(server, "lease/leases", {})["leases"]
    call(server, "lease/revoke", {"ID": int(lease["ID"])})
    assert call(server, "lease/timetolive", {"ID": lease["ID"]})["TTL"] == "-1"


ROUTES = """
kv/range kv/put kv/deleterange kv/txn kv/compaction lease/grant lease/revoke kv/lease/revoke
lease/timetolive kv/lease/timetolive lease/leases kv/lease/leases lease/keepalive cluster/member/add
cluster/member/remove cluster/member/update cluster/member/list cluster/member/promote maintenance/alarm
maintenance/status maintenance/defragment maintenance/hash maintenance/transfer-leadership auth/enable
auth/status auth/authenticate auth/user/add auth/user/get auth/user/list auth/user/delete
auth/user/changepw auth/user/grant auth/user/revoke auth/role/add auth/role/get auth/role/list
auth/role/delete auth/role/grant auth/role/revoke lock/unlock election/proclaim election/leader
election/resign
"""


@pytest.mark.since(35, "3.4 does not tell the state of auth")
@pytest.mark.parametrize("prefix", ["v3", "v3beta"])
def test_every_path_is_served(server, prefix):
    for path in ROUTES.split():
        answer = post(server, f"/{prefix}/{path}", {"key": "", "name": "x"})[1]
        assert "Not Found" not in answer and (not answer or isinstance(json.loads(answer), dict)), path


@pytest.mark.parametrize("path", ["/v3/kv/range/", "/v3/kv/nothing", "/v3/", "/v3alpha/kv/range"])
def test_other_paths_are_not_found(server, path):
    assert post(server, path, {})[0] == 404
    assert post(server, path, {}, "--request", "PUT")[0] == 404


@pytest.mark.since(36, "older servers answer in plain text")
def test_an_unknown_path_is_refused_in_json(server):
    code, answer = post(server, "/v3/kv/nothing", {})
    assert (code, json.loads(answer)["code"], json.loads(answer)["message"]) == (404, 5, "Not Found")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_refused(server, method):
    code, answer = post(server, "/v3/kv/range", {}, "--request", method)
    assert code == (405 if server.level < 36 else 501)
    assert "Method Not Allowed" in answer


def test_pages_of_any_origin_may_ask_only_where_it_stands_in_for_etcd(server):
    if server.target == "isthmus":
        assert "access-control" not in post(server, "/v3/kv/range", "{}", "--include")[1].lower()
        return
    for path in ("/v3/kv/range", "/version", "/v3/no/such/path"):
        answer = post(server, path, "{}", "--include")[1].lower()
        assert "access-control-allow-origin: *" in answer
    code, answer = post(server, "/v3/kv/range", "", "--request", "OPTIONS", "--include")
    assert code == 200
    assert "access-control-allow-headers: accept, content-type, authorization" in answer.lower()


# etcd's codes and sentences, and the HTTP status that each becomes.
REFUSALS = [
    ("kv/range", "", 400, 3, "etcdserver: key is not provided"),
    ("kv/range", "{}", 400, 3, "etcdserver: key is not provided"),
    ("kv/range", '{"key":"YQ==","revision":"9999999"}', 400, 11,
     "etcdserver: mvcc: required revision is a future revision"),
    ("kv/put", '{"key":"YQ==","lease":"12345"}', 404, 5, "etcdserver: requested lease not found"),
    ("kv/put", '{"key":"bm9uZQ==","ignore_value":true}', 400, 3, "etcdserver: key not found"),
    ("kv/txn", '{"success":[{"request_put":{"key":"YQ=="}},{"request_put":{"key":"YQ=="}}]}', 400, 3,
     "etcdserver: duplicate key given in txn request"),
    ("lease/revoke", '{"ID":"12345"}', 404, 5, "etcdserver: requested lease not found"),
    ("auth/enable", "{}", 400, 9, "etcdserver: root user does not exist"),
    ("auth/user/get", '{"name":"nobody"}', 400, 9, "etcdserver: user name not found"),
    ("cluster/member/remove", '{"ID":"1"}', 404, 5, "etcdserver: member not found"),
    ("maintenance/transfer-leadership", "{}", 400, 9, "etcdserver: bad leader transferee"),
]  # fmt: skip


@pytest.mark.parametrize("path, body, status, code, sentence", REFUSALS)
def test_a_failure_has_a_status_and_the_sentence_of_grpc(
    server, version, path, body, status, code, sentence
):
    if server.level < 35 and code == 9:
        status = 412
    found, answer = post(server, f"/v3/{path}", body, version=version)
    # Clients read any of these fields.
    assert (found, json.loads(answer)) == (status, {"error": sentence, "code": code, "message": sentence})


@pytest.mark.parametrize(
    "body",
    [
        "{", '{"key":"YQ=="', "[]", '"text"', "what", '{"key":5}', '{"key":"###"}',
        '{"key":"YQ==","limit":"x"}', '{"key":"YQ==","limit":1.5}', '{"key":"YQ=="]',
        '{"key":}', '{"key" "YQ=="}', "{key:1}",
        '{"key":"YQ==","limit":"99999999999999999999"}',
    ],
)  # fmt: skip
def test_what_is_not_the_request_is_refused(server, body):
    code, answer = post(server, "/v3/kv/range", body)
    assert (code, json.loads(answer)["code"]) == (400, 3)
    assert call(server, "kv/range", {"key": "YQ=="})["header"]


@pytest.mark.isthmus_only
def test_nesting_is_bounded(server):
    for body in ('{"x":' + "[" * 100_000, '{"x":' * 5_000, '{"key":"YQ==","x":' + "[" * 90 + "]" * 90 + "}"):
        code, answer = post(server, "/v3/kv/range", body)
        assert code in (200, 400), answer
    assert call(server, "kv/range", {"key": "YQ=="})["header"]


def test_large_values_come_and_go(server, key, version):
    value = text(b"\x5a" * 1_400_000)
    call(server, "kv/put", {"key": text(key), "value": value}, version=version)
    answer = call(server, "kv/range", {"key": text(key)}, version=version)
    assert answer["kvs"][0]["value"] == value
    code, answer = post(server, "/v3/kv/put", {"key": text(key), "value": text(b"x" * 1_700_000)})
    assert (code, json.loads(answer)["message"]) == (400, "etcdserver: request is too large")
    code, answer = post(server, "/v3/kv/put", {"key": text(key), "value": text(b"x" * 2_200_000)})
    assert (code, json.loads(answer)["code"]) == (429, 8)
    call(server, "kv/deleterange", {"key": text(key)})


def test_tokens_are_those_of_a_login(make_server):
    server = make_server().start()
    call(server, "auth/user/add", {"name": "root", "password": "secret"})
    if server.is_etcd:
        call(server, "auth/role/add", {"name": "root"})
    call(server, "auth/user/grant", {"user": "root", "role": "root"})
    call(server, "auth/enable", {})
    login = {"name": "root", "password": "secret"}
    token = call(server, "auth/authenticate", login)["token"]
    body = {"key": "YQ=="}
    assert call(server, "kv/range", body, "-H", f"Authorization: {token}")["header"]
    assert call(server, "kv/range", body, "-H", f"Grpc-Metadata-Token: {token}")["header"]

    def refusal(path, body, *flags):
        code, answer = post(server, f"/v3/{path}", body, *flags)
        return code, json.loads(answer)["code"], json.loads(answer)["message"]

    assert refusal("kv/range", body) == (400, 3, "etcdserver: user name is empty")
    bad_token = (401, 16, "etcdserver: invalid auth token")
    assert refusal("kv/range", body, "-H", "Authorization: no.1") == bad_token
    bad_login = (400, 3, "etcdserver: authentication failed, invalid user ID or password")
    assert refusal("auth/authenticate", login | {"password": "x"}) == bad_login
    call(server, "auth/disable", {}, "-H", f"Authorization: {token}")
    assert call(server, "kv/range", body)["header"]
