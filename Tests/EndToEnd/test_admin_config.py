"""Whole configurations, as CI scripts apply them."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.admin import Admin

pytestmark = pytest.mark.isthmus_only


@pytest.fixture
def admin(server):
    """A client of a server that has no configuration."""
    admin = Admin(server)
    admin.put("config?mode=replace&prune=true", {"items": []})
    return admin


def node(name, last=10):
    spec = {"addresses": [{"type": "InternalIP", "ip": f"192.168.1.{last}"}]}
    return {"kind": "Node", "metadata": {"name": name}, "spec": spec}


def service(number, **labels):
    metadata = {"namespace": "shop", "name": f"service-{number:05}"}
    if labels:
        metadata["labels"] = labels
    ports = [
        {"name": "http", "port": 80, "protocol": "TCP"},
        {"name": "metrics", "port": 9090, "protocol": "TCP"},
    ]
    backends = [
        {"ip": f"10.1.{number % 250}.{each}", "ports": ports, "hostname": f"web-{each}", "zone": "a"}
        for each in range(2)
    ]
    address = f"10.96.{number // 250}.{number % 250 + 1}"
    spec = {"frontends": [{"ip": address, "ports": ports}], "backends": backends, "labels": {"app": "shop"}}
    return {"kind": "Service", "metadata": metadata, "spec": spec}


def config(*items):
    return {"kind": "Config", "items": list(items)}


def changes(answer):
    """The plan without what stays as it is."""
    return [
        (item["action"], item["kind"], item["name"])
        for item in answer.json["items"]
        if item["action"] != "unchanged"
    ]


def test_a_repository_is_planned_applied_and_stays(admin, server):
    wanted = config(node("node-a"), service(1), service(2))
    plan = admin.put("config?dryRun=All", wanted)
    assert plan.headers["Isthmus-Dry-Run"] == "true"
    assert changes(plan) == [
        ("create", "Node", "node-a"),
        ("create", "Service", "shop/service-00001"),
        ("create", "Service", "shop/service-00002"),
    ]
    assert admin.get("nodes").json["items"] == []
    applied = admin.put("config", wanted)
    assert applied.json == plan.json
    assert changes(admin.put("config", wanted)) == []
    assert applied.tag == admin.get("config").tag


@pytest.mark.parametrize("kind", ["application/json", "application/yaml"])
def test_what_is_read_can_be_put_back(admin, kind):
    admin.put("config", config(node("node-a"), service(1, team="web")))
    read = admin.get("config", headers={"Accept": kind})
    assert read.headers["Content-Type"] == kind
    back = admin.put("config?mode=replace&prune=true", read.text, headers={"Content-Type": kind})
    assert changes(back) == []
    assert back.json["summary"]["unchanged"] == 3
    assert back.tag == read.tag


def test_pruning_deletes_only_what_is_meant(admin):
    admin.put("config", config(node("node-a"), service(1, team="web"), service(2)))
    prune = "config?mode=replace&prune=true"
    assert changes(admin.put(f"{prune}&kinds=services&dryRun=All&labelSelector=team=web", config())) == [
        ("delete", "Service", "shop/service-00001")
    ]
    assert changes(admin.put(f"{prune}&kinds=services", config(service(2)))) == [
        ("delete", "Service", "shop/service-00001")
    ]
    assert [item["kind"] for item in admin.get("config").json["items"]] == ["Node", "Service", "Settings"]
    assert [item["kind"] for item in admin.get("config?kinds=nodes,services").json["items"]] == [
        "Node",
        "Service",
    ]
    assert admin.put("config?mode=replace", config(), expect=400).slug == "invalid-parameter"
    assert admin.put("config?prune=true", config(), expect=400).slug == "invalid-parameter"


def test_a_document_with_mistakes_changes_nothing_and_names_them_all(admin):
    before = admin.get("config").body
    bad = {"kind": "Node", "metadata": {"name": "node-b"}, "spec": {"color": 1, "addresses": "x"}}
    twice = [node("node-a"), node("node-a", last=11)]
    answer = admin.put("config", config(service(1), bad, *twice, {"kind": "Token"}), expect=422)
    assert {"/items/1/spec/color", "/items/1/spec/addresses", "/items/3", "/items/4/kind"} <= set(
        answer.pointers
    )
    assert admin.get("config").body == before


def test_every_change_has_an_event_and_a_line_of_the_audit(admin):
    since = admin.get("system/info").json["events"]["newest"]
    lines = len(admin.audit())
    admin.put("config", config(node("node-a"), node("node-b")), headers={"X-Request-Id": "run-7"})
    admin.put("config?mode=replace&prune=true", config(node("node-a", last=11)))
    # The server's own reconciler may add events of its own.
    types = [
        (event["type"], event["name"]) for event in admin.events(since) if event["type"].startswith("node.")
    ]
    assert types == [
        ("node.created", "node-a"),
        ("node.created", "node-b"),
        ("node.updated", "node-a"),
        ("node.deleted", "node-b"),
    ]
    audit = admin.audit()[lines:]
    assert [(line["verb"], line["name"]) for line in audit] == [
        ("create", "node-a"),
        ("create", "node-b"),
        ("replace", "node-a"),
        ("delete", "node-b"),
    ]
    assert audit[0]["requestID"] == "run-7"


def test_of_many_runs_that_read_the_same_one_wins(admin):
    tag = admin.get("config").tag

    def run(number):
        document = config(node(f"node-{number}"))
        return admin.put("config", document, headers={"If-Match": tag}, expect=(200, 412)).status

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(run, range(24)))
    assert sorted(statuses) == [200] + [412] * 23
    assert len(admin.get("nodes").json["items"]) == 1


def test_five_thousand_services_are_one_document(admin):
    document = json.dumps(config(*(service(number) for number in range(5_000))))
    print(f"{len(document)} bytes")
    assert 1_048_576 < len(document) < 8_388_608
    headers = {"Content-Type": "application/json"}
    plan = admin.put("config", document, headers=headers).json["summary"]
    assert plan == {"create": 5_000, "update": 0, "delete": 0, "unchanged": 0}
    assert admin.put("config", document, headers=headers).json["summary"]["unchanged"] == 5_000
    assert admin.get("config", headers={"Accept": "application/yaml"}).text.count("kind: Service") == 5_000


def test_only_who_may_apply_may_send_much(admin):
    admin.ask("DELETE", "tokens/looker")
    token = admin.make_token("looker", "viewer")
    document = json.dumps(config(*(service(number) for number in range(2_000))))
    headers = {"Content-Type": "application/json", "Expect": "100-continue"}
    assert admin.put("config", document, headers=headers, token=token, expect=413).slug == "body-too-large"
    assert admin.put("config", "{}", token=token, expect=403).slug == "forbidden"
    assert admin.put("nodes/node-a", document, headers=headers, expect=413).slug == "body-too-large"
    assert admin.put("config", "x" * 8_388_609, headers=headers, expect=413).slug == "body-too-large"
