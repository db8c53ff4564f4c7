"""Objects that are written by REST become the keys that Cilium's own programs write, and stay so."""

import contextlib
import http.client
import json
import signal
import statistics
import threading
import time
from pathlib import Path

import pytest

from support.admin import Admin
from support.etcdctl import Etcdctl
from support.process import eventually
from support.protocol import Client, prefix_end
from support.watching import watching

pytestmark = pytest.mark.isthmus_only

RECORDED = {
    entry["key"]: entry["value"]
    for entry in json.loads((Path(__file__).parents[1] / "Fixtures/kvstore/east.json").read_text())
}
STATE = b"cilium/state/"
CANARIES = [f"cilium/synced/east/cilium/state/{kind}/v1" for kind in ("identities", "ip", "nodes", "services")]

CART = {
    "frontends": [
        {
            "ip": "10.96.33.137",
            "ports": [{"name": "http", "port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}],
        }
    ],
    "backends": [
        {
            "ip": "10.1.0.11",
            "hostname": "cart-0",
            "conditions": {"ready": True},
            "ports": [{"name": "http", "port": 8080}, {"name": "dns", "port": 5353, "protocol": "UDP"}],
        },
        {"ip": "fd00::b", "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]},
    ],
    "labels": {"app": "cart", "tier": "backend"},
    "selector": {"app": "cart"},
}
NODE = {
    "addresses": [
        {"type": "InternalIP", "ip": "192.168.1.10"},
        {"type": "ExternalIP", "ip": "203.0.113.10"},
        {"type": "CiliumInternalIP", "ip": "10.1.0.1"},
        {"type": "InternalIP", "ip": "fd01::10"},
    ],
    "podCIDRs": ["10.1.0.0/24", "fd00::/120"],
    "healthIPs": ["10.1.0.200", "fd00::200"],
    "ingressIPs": ["10.1.0.201"],
    "encryptionKey": 3,
    "wireguardPublicKey": "abcd=",
    "bootID": "11111111-2222-3333-4444-555555555555",
}
ENDPOINT = {
    "identity": 458753, "hostIP": "192.168.1.10", "encryptionKey": 3, "namespace": "shop", "pod": "cart-abc",
}  # fmt: skip


@pytest.fixture
def east(make_server):
    """A server of the recorded cluster: east, with the id 7."""
    return make_server("east", identifier=7).start()


def put(admin, path, spec, labels=None, annotations=None, query=""):
    """Creates or replaces an object, and returns it."""
    metadata = {"labels": labels or {}, "annotations": annotations or {}}
    return admin.put(path + query, {"spec": spec, "metadata": metadata}).json


def condition_of(body):
    """Returns the condition of an object that says whether it is published."""
    return body["status"]["conditions"][0]


def key_value(client, key):
    """Returns what the store has at a key, or nothing."""
    found = client.KV.Range(key=key.encode() if isinstance(key, str) else key).kvs
    return found[0] if found else None


def state_of(client):
    """Returns every published key with its value."""
    answer = client.KV.Range(key=STATE, range_end=prefix_end(STATE))
    return {pair.key.decode(): pair.value.decode() for pair in answer.kvs}


def test_the_store_has_the_bytes_that_cilium_writes(east):
    etcdctl = Etcdctl(east)
    annotations = json.loads(RECORDED["cilium/state/nodes/v1/east/node-a"])["Annotations"]
    labels = {"kubernetes.io/hostname": "node-a", "topology.kubernetes.io/zone": "z1"}
    identity = {
        "k8s:app": "cart",
        "k8s:io.kubernetes.pod.namespace": "shop",
        "k8s:io.cilium.k8s.policy.serviceaccount": "default",
    }
    admin = Admin(east)
    for path, spec, key, expected, metadata in [
        ("services/shop/cart", CART, "services/v1/east/shop/cart", None, {}),
        (
            "nodes/node-a", NODE, "nodes/v1/east/node-a",
            # Cilium 1.20 no longer writes this field.
            RECORDED["cilium/state/nodes/v1/east/node-a"].replace('"NodeIdentity":0,', ""),
            {"labels": labels, "annotations": annotations},
        ),
        ("endpoints/10.1.0.11", ENDPOINT, "ip/v1/default/10.1.0.11", None, {}),
        ("endpoints/fd00::b", ENDPOINT, "ip/v1/default/fd00::b", None, {}),
        (
            "identities/458753", {"labels": identity}, "identities/v1/id/458753",
            RECORDED["cilium/state/identities/v1/id/65601"], {},
        ),
    ]:  # fmt: skip
        key = f"cilium/state/{key}"
        answer = put(admin, path, spec, query="?wait=applied", **metadata)
        condition = condition_of(answer)
        assert (condition["status"], condition["reason"]) == ("True", "Published")
        assert answer["status"]["keys"] == [key]
        # The recorded cluster had another number for the same identity.
        expected = expected or RECORDED[key].replace("65601", "458753")
        assert etcdctl("get", key, "--print-value-only").rstrip("\n") == expected
        found = etcdctl.json("get", key)["kvs"][0]
        assert answer["status"]["revision"] == str(found["mod_revision"])
        assert "lease" not in found
    canaries = etcdctl.lines("get", "--prefix", "cilium/synced/east/", "--keys-only")
    assert [line for line in canaries if line] == CANARIES


def test_a_watcher_sees_a_change_and_a_deletion(east):
    key = b"cilium/state/services/v1/east/shop/cart"
    latencies = []
    admin = Admin(east)
    with Client(east) as client, watching(client) as watch:
        watch.create(STATE, range_end=prefix_end(STATE))
        for number in range(50):
            start = time.monotonic()
            put(admin, "services/shop/cart", CART | {"labels": {"n": str(number)}})
            event = watch.next().events[0]
            latencies.append(time.monotonic() - start)
            assert event.kv.key == key and f'"labels":{{"n":"{number}"}}'.encode() in event.kv.value
        deleted = admin.delete("services/shop/cart?wait=applied")
        assert deleted.json["kind"] == "Service"
        assert key_value(client, key) is None
        event = watch.next().events[0]
        assert event.type == 1 and event.kv.key == key
        # Nothing happens that nobody asked for.
        put(admin, "services/shop/cart", CART | {"shared": False}, query="?wait=applied")
        put(admin, "services/shop/cart", CART, query="?wait=applied")
        assert watch.next().events[0].kv.version == 1
        put(admin, "services/shop/cart", CART | {"shared": False}, query="?wait=applied")
        assert watch.next().events[0].type == 1
        assert condition_of(admin.get("services/shop/cart").json)["reason"] == "NotShared"
    print(f"PUT to event: median {statistics.median(latencies) * 1e3:.1f} ms, most {max(latencies) * 1e3:.1f} ms")


def test_a_change_of_labels_alone_is_waited_for(east):
    admin = Admin(east)
    with Client(east) as client:
        for zone in ("a", "b", "c"):
            answer = put(admin, "nodes/n", {}, labels={"zone": zone}, query="?wait=applied")
            value = key_value(client, "cilium/state/nodes/v1/east/n")
            assert json.loads(value.value)["Labels"] == {"zone": zone}
            assert answer["status"]["revision"] == str(value.mod_revision)


def test_a_key_of_another_writer_is_left_alone(east):
    key = b"cilium/state/services/v1/east/shop/cart"
    admin = Admin(east)
    with Client(east) as client:
        lease = client.Lease.LeaseGrant(TTL=600).ID
        client.KV.Put(key=key, value=b"theirs", lease=lease)
        client.KV.Put(key=CANARIES[0].encode(), value=b"theirs", lease=lease)
        body = {"spec": CART}
        answer = admin.ask("PUT", "services/shop/cart?wait=applied&timeout=300ms", body)
        assert answer.status == 504 and answer.slug == "wait-timeout"
        condition = condition_of(answer.json["object"])
        assert (condition["status"], condition["reason"]) == ("False", "ForeignWriter")
        assert key_value(client, key).value == b"theirs"
        eventually(lambda: key_value(client, CANARIES[1]), what="a canary")
        assert key_value(client, CANARIES[0]).value == b"theirs"
        admin.delete("services/shop/cart?wait=applied")
        assert key_value(client, key).value == b"theirs"


def test_another_programs_configuration_means_that_it_writes_the_canaries(make_server):
    east = make_server("east", identifier=7).start()
    admin = Admin(east)
    with Client(east) as client:
        lease = client.Lease.LeaseGrant(TTL=600).ID
        client.KV.Put(key=b"cilium/cluster-config/east", value=b"{}", lease=lease)
        put(admin, "services/shop/cart", CART, query="?wait=applied")
        put(admin, "nodes/n", {}, query="?wait=applied")
        assert not client.KV.Range(key=b"cilium/synced/", range_end=b"cilium/synced0").kvs


def test_a_lost_store_gets_everything_again(make_server):
    east = make_server("east", identifier=7).start()
    admin = Admin(east)
    put(admin, "services/shop/cart", CART)
    put(admin, "nodes/node-a", NODE)
    put(admin, "endpoints/10.1.0.11", ENDPOINT, query="?wait=applied")
    with Client(east) as client:
        before = state_of(client)
        assert len(before) == 3
    east.stop()
    for file in east.directory.glob("store.db*"):
        file.unlink()
    east.start()
    with Client(east) as client:
        eventually(lambda: key_value(client, CANARIES[0]), what="a canary")
        assert state_of(client) == before


@pytest.mark.parametrize("durability", ["memory", "relaxed"])
def test_kills_lose_no_change(make_server, durability):
    """Kills the server again and again while objects change; what REST has then is what the store has."""
    east = make_server("east", identifier=7, options=["--store-durability", durability]).start()
    names = [f"n{number}" for number in range(8)]
    for round in range(4):
        stop = threading.Event()
        writers = [
            threading.Thread(target=change_nodes, args=(east, names[number::2], stop, round), daemon=True)
            for number in range(2)
        ]
        for writer in writers:
            writer.start()
        time.sleep(0.4)
        east.kill()
        stop.set()
        for writer in writers:
            writer.join()
        east.start()
    admin = Admin(east)
    with Client(east) as client:
        wanted = {
            f"cilium/state/nodes/v1/east/{item['metadata']['name']}": item["spec"]["encryptionKey"]
            for item in admin.get("nodes?limit=1000").json["items"]
        }
        eventually(
            lambda: {key: json.loads(value)["EncryptionKey"] for key, value in state_of(client).items()}
            == wanted,
            what="a store that has what REST has",
        )


def change_nodes(east, names, stop, round):
    """Creates, changes and deletes nodes until the server is gone."""
    admin = Admin(east)
    count = 0
    # In the middle of a request, or at the next one, the server is killed.
    with contextlib.suppress(OSError, http.client.HTTPException):
        while not stop.is_set():
            for name in names:
                count += 1
                put(admin, f"nodes/{name}", {"encryptionKey": (round * 60 + count) % 256})
                if count % 3 == 0:
                    admin.delete(f"nodes/{name}")


def test_the_publisher_has_metrics(east):
    admin = Admin(east)
    put(admin, "services/shop/cart", CART, query="?wait=applied")
    samples = east.metrics()
    assert samples["isthmus_publication_writes_total"] >= 1
    assert samples["isthmus_publication_passes_total"] >= 1
    assert samples["isthmus_publication_dirty_objects"] == 0
    assert samples["isthmus_publication_failures_total"] == 0
    assert east.stop(signal.SIGTERM) == 0
