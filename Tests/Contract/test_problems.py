"""Every type of problem that can be brought about from outside is answered as its example shows."""

import http.client
import json

import pytest
from suite import contract
from suite.contract import PROBLEM, document, follow

# What takes a disk that is full, a server that stops, or a race: tests of the server itself have these.
ELSEWHERE = {"request-timeout", "idempotency-in-progress", "internal", "not-available", "storage-full"}
PEER = {"spec": {"clusterID": 8, "endpoints": [{"url": "https://west.mesh.example:2379"}]}}


def peer(name, number):
    return {"metadata": {"name": name}, "spec": {**PEER["spec"], "clusterID": number}}


@pytest.fixture
def west(api):
    """The name of a peer that is there."""
    answer = api.put("/api/v1/peers/west", PEER)
    assert answer.status in (200, 201)
    yield "/api/v1/peers/west"
    api.delete("/api/v1/peers/west")


def expired(api):
    """Makes so many snapshots that the first is no longer kept."""
    for number in range(2):
        api.put(f"/api/v1/peers/p{number}", peer(f"p{number}", 20 + number))
    first = api.get("/api/v1/peers?limit=1").json["metadata"]["continue"]
    assert api.get(f"/api/v1/peers?continue={first}").status == 200
    for number in range(40):
        api.put("/api/v1/peers/p0", {**peer("p0", 20), "metadata": {"labels": {"round": str(number)}}})
        assert api.get("/api/v1/peers?limit=1").status == 200
    return api.get(f"/api/v1/peers?continue={first}")


def mismatch(api, path):
    headers = {"Idempotency-Key": f"key-{path}"}
    first = api.post("/api/v1/peers", peer("keyed", 30), headers=headers)
    again = api.post("/api/v1/peers", peer("keyed", 30), headers=headers)
    api.delete("/api/v1/peers/keyed")
    assert first.status == again.status == 201
    assert again.headers["Idempotency-Replayed"] == "true" and "Idempotency-Replayed" not in first.headers
    return api.post("/api/v1/peers", peer("other", 31), headers=headers)


WAYS = {
    "malformed-body": lambda api, path: api.put(path, b'{"spec": }'),
    "invalid-parameter": lambda api, path: api.get("/api/v1/peers?limit=0"),
    "bad-request": lambda api, path: api.get(path, headers={"If-None-Match": "no quotes"}),
    "unauthorized": lambda api, path: api.get(path, headers={"Authorization": ""}),
    "not-found": lambda api, path: api.get("/api/v1/peers/east-by-west"),
    "method-not-allowed": lambda api, path: api.put("/api/v1/whoami", {}),
    "not-acceptable": lambda api, path: api.get(path, headers={"Accept": "image/png"}),
    "already-exists": lambda api, path: api.post("/api/v1/peers", peer("west", 8)),
    "conflict": lambda api, path: api.put(path, {"metadata": {"uid": "another"}, **PEER}),
    "expired": lambda api, path: expired(api),
    "precondition-failed": lambda api, path: api.put(path, PEER, headers={"If-Match": '"0"'}),
    "body-too-large": lambda api, path: api.put(path, b"", headers={"Content-Length": "1048577"}),
    "uri-too-long": lambda api, path: api.get("/api/v1/peers?labelSelector=" + "a" * 8_192),
    "unsupported-media-type": lambda api, path: api.put(path, "<spec/>", media="application/xml"),
    "invalid-object": lambda api, path: api.put(path, {"spec": {"clusterID": 0, "endpionts": []}}),
    "idempotency-mismatch": mismatch,
    "headers-too-large": lambda api, path: api.get(path, headers={"X-Large": "a" * 17_000}),
    "wait-timeout": lambda api, path: api.get(f"{path}?wait=applied&timeout=1ms"),
}


@pytest.mark.parametrize("slug", WAYS)
def test_a_problem_is_answered_as_its_example_shows(api, west, slug):
    answer = WAYS[slug](api, west)
    example = follow(document()["components"]["examples"][slug])["value"]
    assert answer.headers["Content-Type"] == PROBLEM, answer.text
    value = answer.json
    assert not contract.faults(value, contract.closed(follow(document()["components"]["schemas"]["Problem"])))
    for member in ("type", "title", "status"):
        assert value[member] == example[member]
    assert answer.status == example["status"]
    assert set(example) - {"hint"} <= set(value), "a member of the example is missing"
    assert answer.headers["X-Request-Id"] in value["instance"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_scope_that_is_missing_is_named(server, api):
    answer = server.api(server.make_token("looker", "viewer")).delete("/api/v1/peers/west")
    assert (answer.status, answer.json["type"]) == (403, "/problems/forbidden")
    assert "operator" in answer.json["detail"]


def test_every_other_type_is_known_to_be_tested_elsewhere():
    slugs = set(document()["components"]["schemas"]["ProblemSlug"]["enum"])
    assert slugs - set(WAYS) == ELSEWHERE | {"forbidden", "too-many-requests"}


def test_every_type_is_explained_by_the_server(api):
    for slug in document()["components"]["schemas"]["ProblemSlug"]["enum"]:
        example = follow(document()["components"]["examples"][slug])["value"]
        explained = api.get(f"/problems/{slug}").json
        assert (explained["title"], explained["status"]) == (example["title"], example["status"])


def test_all_wrong_fields_are_named_at_once(api):
    body = {
        "kind": "Node",
        "metadata": {"labels": {"bad key": "x"}, "unknown": 1},
        "spec": {"clusterID": 512, "endpoints": [{"url": "ftp://a"}], "mirror": {"kinds": ["pods"]}, "x/y~z": 1},
    }
    answer = api.put("/api/v1/peers/wrong", body)
    assert answer.status == 422
    codes = {each["pointer"]: each["code"] for each in answer.json["errors"]}
    assert codes == {
        "/kind": "mismatch",
        "/metadata/labels/bad key": "invalid-format",
        "/metadata/unknown": "unknown-field",
        "/spec/clusterID": "out-of-range",
        "/spec/endpoints/0/url": "invalid-format",
        "/spec/mirror/kinds/0": "invalid-value",
        "/spec/x~1y~0z": "unknown-field",
    }
    assert api.get("/api/v1/peers/wrong").status == 404


def test_a_problem_has_the_name_of_the_request(api):
    given = "trace-1.2~3"
    answer = api.get("/api/v1/peers/not-there", headers={"X-Request-Id": given})
    assert answer.headers["X-Request-Id"] == given
    assert answer.json["instance"] == f"urn:uuid:{given}"
    made_up = api.get("/api/v1/peers/not-there", headers={"X-Request-Id": "two words"})
    assert made_up.headers["X-Request-Id"] != "two words"


def test_a_method_that_is_not_there_names_those_that_are(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.admin_port, timeout=10)
    headers = {"Authorization": f"Bearer {server.token}"}
    for method in ("OPTIONS", "POST", "TRACE", "FOO"):
        connection.request(method, "/api/v1/peers/west", headers=headers)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        assert (answer.status, body["type"]) == (405, "/problems/method-not-allowed"), method
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "PUT", "PATCH", "DELETE"}
    connection.close()


def test_head_answers_like_get_without_a_body(api, west):
    got, headed = api.get(west), api.send("HEAD", west)
    assert headed.status == 200 and headed.body == b""
    for field in ("ETag", "Content-Type", "Content-Length", "Cache-Control"):
        assert headed.headers.get(field) == got.headers.get(field), field
