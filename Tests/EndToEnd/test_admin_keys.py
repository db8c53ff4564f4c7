"""What the admin plane shows of the store: keys as anybody would see them, and global services."""

import base64
import contextlib
import json

import grpc
import pytest
from support.admin import Admin
from support.etcdctl import Etcdctl
from support.protocol import Client
from support.users import add_role, add_user, login, permission

pytestmark = pytest.mark.isthmus_only

KEYS = [
    "cilium/.heartbeat-of-another", "cilium/cache/nodes/v1/west/node-1", "cilium/cache/ip/v1/west/10.2.0.1",
    "cilium/cluster-config/west", "cilium/state/nodes/v1/east/node-1", "cilium/state/identities/v1/id/65601",
    "cilium/synced/east/cilium/state/nodes/v1", "cilium/synced/west/cilium/cache/nodes/v1",
    "cilium/statement", "cilium/cachet", "elsewhere", "\x01", "zzz",
]  # fmt: skip


def service(cluster, name, backends=("10.0.0.1",), **fields):
    namespace, _, name = name.partition("/")
    value = {
        "cluster": cluster, "namespace": namespace, "name": name, "frontends": {},
        "backends": {ip: {"http": {"Protocol": "TCP", "Port": 80}} for ip in backends}, "labels": {},
        "selector": {}, "includeExternal": True, "shared": True, "clusterID": 1,
    }  # fmt: skip
    return json.dumps(value | fields)


@pytest.fixture
def admin(server):
    return Admin(server)


@pytest.fixture
def secure(secure_server):
    return Admin(secure_server)


def keys(admin, query=""):
    """Returns all keys of a list, page by page."""
    items, token = [], ""
    while token is not None:
        page = admin.get(f"kv?limit=7{query}{token}").json
        items += page["items"]
        found = page["metadata"].get("continue")
        token = f"&continue={found}" if found else None
    return items


@pytest.mark.parametrize("identity", ["admin", "local", "remote"])
def test_keys_are_shown_as_etcdctl_of_that_certificate_sees_them(secure, secure_server, identity):
    everything = Etcdctl(secure_server)
    for key in KEYS:
        everything("put", key, f"value of {key}")
    there = [each["Key"] for each in decoded(everything.json("get", "", "--from-key"))]
    assert set(KEYS) <= set(there)
    own = Etcdctl(secure_server, identity=identity)
    seen = {}
    for key in there:
        answer = own.run("get", key, "-w", "json")
        if answer.returncode == 0:
            (found,) = decoded(json.loads(answer.stdout))
            seen[key] = found
        else:
            assert "permission denied" in answer.stderr
    shown = {each["key"]: each for each in keys(secure, f"&as={identity}")}
    assert list(shown) == sorted(seen)
    for key, found in seen.items():
        assert shown[key]["modRevision"] == str(found["mod_revision"])
        assert shown[key]["version"] == str(found["version"])
        # The labels of an identity are taken apart.
        if key in KEYS and "/identities/" not in key:
            assert shown[key]["value"] == f"value of {key}"


def decoded(answer):
    """Returns what etcdctl found, each with its key as text."""
    return [found | {"Key": base64.b64decode(found["key"]).decode()} for found in answer.get("kvs", [])]


def test_a_peer_sees_what_any_peer_sees(secure):
    assert keys(secure, "&as=remote-west") == keys(secure, "&as=remote")
    assert secure.get("kv?as=someone-else").json["items"] == []


def test_keys_are_shown_as_a_user_sees_them(make_server):
    server = make_server().start()
    admin = Admin(server)
    with Client(server) as client:
        for key in (b"app/1", b"app/2", b"apq", b"other"):
            client.KV.Put(key=key, value=b"v")
        assert keys(admin, "&as=user:alice") == []
        add_user(client, "root", "root")
        add_role(client, "app", permission("READ", b"app/", b"app0"), permission("WRITE", b"other"))
        add_user(client, "alice", "app")
        client.Auth.AuthEnable()
        token = login(client, "alice", "alice")
        seen = []
        for each in keys(admin):
            with contextlib.suppress(grpc.RpcError):
                client.KV.Range(key=each["key"].encode(), metadata=token)
                seen.append(each["key"])
        assert seen == ["app/1", "app/2"]
        assert [each["key"] for each in keys(admin, "&as=user:alice")] == seen
        assert len(keys(admin, "&as=user:root")) == len(keys(admin))
        assert keys(admin, "&as=user:nobody") == []


def test_pages_are_of_one_revision_until_it_is_compacted(admin, server):
    with Client(server) as client:
        names = [f"pages/{number:03}" for number in range(40)]
        for name in names:
            client.KV.Put(key=name.encode(), value=b"old")
        page = admin.get("kv?prefix=pages/&limit=15").json
        found = list(page["items"])
        for name in names:
            client.KV.Put(key=name.encode(), value=b"new")
        client.KV.DeleteRange(key=b"pages/030")
        client.KV.Put(key=b"pages/020a", value=b"new")
        second = admin.get(f"kv?prefix=pages/&limit=15&continue={page['metadata']['continue']}").json
        assert second["metadata"]["resourceVersion"] == page["metadata"]["resourceVersion"]
        assert second["metadata"]["remainingItemCount"] == 10
        found += second["items"]
        last = admin.get(f"kv?prefix=pages/&limit=15&continue={second['metadata']['continue']}").json
        assert "continue" not in last["metadata"]
        found += last["items"]
        assert [each["key"] for each in found] == names
        assert {each["value"] for each in found} == {"old"}
        client.KV.Compact(revision=client.revision())
        expired = admin.get(f"kv?prefix=pages/&limit=15&continue={page['metadata']['continue']}", expect=410)
        assert expired.slug == "expired"


def test_what_cilium_would_not_take_has_a_problem(admin, server):
    with Client(server) as client:
        good, bad = b"cilium/state/services/v1/east/a/x", b"cilium/state/services/v1/east/b/x"
        client.KV.Put(key=good, value=service("east", "a/x").encode())
        client.KV.Put(key=bad, value=service("east", "a/x").encode())
        client.KV.Put(key=b"cilium/state/nodes/v1/east/n", value=b"\xff")
        first, second = keys(admin, "&prefix=cilium/state/services/v1/east/")
        assert "problem" not in first
        assert first["value"]["backends"] == {"10.0.0.1": {"http": {"Protocol": "TCP", "Port": 80}}}
        assert first["object"] == {
            "kind": "service", "tree": "state", "cluster": "east", "namespace": "a", "name": "x",
        }  # fmt: skip
        assert second["problem"] == 'the value says that its namespace is "a", the key says "b"'
        (node,) = keys(admin, "&prefix=cilium/state/nodes/v1/east/n")
        assert (node["valueBase64"], "value" in node) == ("/w==", False)
        client.KV.DeleteRange(key=b"cilium/state/", range_end=b"cilium/state0")


def test_bad_queries_are_refused(admin):
    long = "prefix=" + "p" * 1_025
    for query in ("as=", "as=user:", "continue=x", "limit=0", "limit=1001", long, "what=1"):
        assert admin.get(f"kv?{query}", expect=400).slug == "invalid-parameter"
    admin.ask("POST", "kv", expect=405)
    admin.get("kv", headers={"Accept": "image/png"}, expect=406)
    assert admin.get("kv?limit=1", headers={"Accept": "application/yaml"}).text.startswith("kind: KeyList")


def test_services_are_shown_across_clusters(admin, server):
    with Client(server) as client:
        backends = [{"ip": "10.1.0.1", "ports": [{"name": "http", "port": 80}]}]
        body = {"spec": {"backends": backends, "affinity": "local", "labels": {"app": "cart"}}}
        admin.put("services/shop/cart?wait=applied", body)
        mirrored = service("west", "shop/cart", backends=("10.2.0.1", "10.2.0.2"), clusterID=2)
        client.KV.Put(key=b"cilium/cache/services/v1/west/shop/cart", value=mirrored.encode())
        found = admin.get("global-services/shop/cart")
        status = found.json["status"]
        assert (status["shared"], status["affinity"], status["backends"]) == (True, "local", 3)
        east, west = status["clusters"]
        assert (east["cluster"], east["origin"]) == ("east", "published")
        assert (west["cluster"], west["origin"]) == ("west", "mirrored")
        assert (east["visibleTo"], west["visibleTo"]) == (["admin", "remote"], ["admin", "local"])
        assert [each["ip"] for each in west["addresses"]["backends"]] == ["10.2.0.1", "10.2.0.2"]
        assert found.json["metadata"]["labels"] == {"app": "cart"}
        admin.get("global-services/shop/cart", headers={"If-None-Match": found.tag}, expect=304)
        (listed,) = admin.get("global-services?labelSelector=app%3Dcart").json["items"]
        assert listed["status"]["backends"] == 3
        client.KV.DeleteRange(key=b"cilium/cache/services/v1/west/shop/cart")
        changed = admin.get("global-services/shop/cart", headers={"If-None-Match": found.tag})
        assert changed.json["status"]["backends"] == 1
        admin.delete("services/shop/cart?wait=applied")
        admin.get("global-services/shop/cart", expect=404)


def test_thousands_of_services_are_listed_page_by_page(make_server):
    server = make_server().start()
    admin = Admin(server)
    with Client(server) as client:
        for begin in range(0, 5_000, 100):
            names = [f"ns/s{number:04}" for number in range(begin, begin + 100)]
            puts = [
                {"key": f"cilium/state/services/v1/east/{name}", "value": service("east", name)}
                for name in names
            ]
            encoded = [{field: text.encode() for field, text in put.items()} for put in puts]
            client.KV.Txn(success=[{"request_put": put} for put in encoded])
    found, token = [], ""
    while token is not None:
        page = admin.get(f"global-services?limit=1000{token}").json
        found += [each["metadata"]["name"] for each in page["items"]]
        token = f"&continue={page['metadata']['continue']}" if "continue" in page["metadata"] else None
    assert found == [f"s{number:04}" for number in range(5_000)]
