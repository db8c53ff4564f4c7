"""PyPI's etcd3-py, which speaks only the JSON gateway.

Its module has the name of the gRPC client's, so it lives in a directory of its own and runs as a program.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = Path(sys.prefix) / "gateway-client"

PRELUDE = """
import json, sys, threading
import etcd3
from etcd3 import errors
client = etcd3.Client("127.0.0.1", int(sys.argv[1]), timeout=20)
def tell(value): print(json.dumps(value))
"""


@pytest.fixture
def run(server):
    """Runs a program with the client and returns what it tells."""

    def run(program, port=server.port):
        result = subprocess.run(
            [sys.executable, "-c", PRELUDE + program, str(port)],
            env={"PYTHONPATH": str(PACKAGES)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert result.returncode == 0, result.stderr
        return [json.loads(line) for line in result.stdout.splitlines()]

    return run


def test_keys_are_written_read_and_deleted(run):
    assert run("""
client.put("client/a", "1"); client.put("client/b", "2")
found = client.range("client/", prefix=True, sort_order="DESCEND", sort_target="KEY")
tell([(pair.key.decode(), pair.value.decode()) for pair in found.kvs])
tell(client.delete_range("client/", prefix=True, prev_kv=True).deleted)
tell("kvs" in client.range("client/a"))
""") == [[["client/b", "2"], ["client/a", "1"]], 2, False]


def test_a_transaction_is_decided(run):
    assert run("""
client.put("client/t", "1")
txn = client.Txn()
txn.compare(txn.key("client/t").value == "1")
txn.success(txn.put("client/t", "2"))
txn.failure(txn.range("client/t"))
tell(txn.commit().succeeded)
tell(client.range("client/t").kvs[0].value.decode())
""") == [True, "2"]


def test_a_watcher_hears_of_changes(run):
    assert run("""
revision = client.put("client/w", "0").header.revision
watcher = client.Watcher(key="client/w", start_revision=revision)
heard, done = [], threading.Event()
def note(event):
    heard.append([event.type.value, (event.value or b"").decode()])
    if len(heard) == 3: done.set()
watcher.onEvent(note)
watcher.runDaemon()
client.put("client/w", "1")
client.delete_range("client/w")
assert done.wait(20)
watcher.stop()
tell(heard)
""") == [[["PUT", "0"], ["PUT", "1"], ["DELETE", ""]]]


def test_a_lease_is_kept_and_revoked(run):
    assert run("""
lease = client.Lease(ttl=60)
lease.grant()
client.put("client/l", "1", lease=lease.ID)
tell(lease.keepalive_once().TTL)
tell(client.lease_time_to_live(lease.ID, keys=True).grantedTTL)
lease.revoke()
tell("kvs" in client.range("client/l"))
""") == [60, 60, False]


def test_failures_are_told_by_their_codes(run):
    assert run("""
try:
    client.lease_revoke(12345)
except errors.Etcd3Exception as error:
    tell([type(error).__name__, error.code, error.error])
""") == [["ErrLeaseNotFound", 5, "etcdserver: requested lease not found"]]


def test_members_and_state_are_told(run):
    (members, version) = run("""
tell(len(client.member_list().members))
tell(client.status().version)
""")
    assert members == 1 and version.startswith("3.")


def test_users_log_in(make_server, run):
    server = make_server().start()
    assert run(f"""
client.user_add("root", "secret")
if {server.is_etcd}: client.role_add("root")
client.user_grant_role("root", "root")
client.user_add("reader", "word")
client.role_add("reading")
client.role_grant_permission("reading", key="a", permType=etcd3.models.authpbPermissionType.READ)
client.user_grant_role("reader", "reading")
client.put("a", "1")
client.auth_enable()
client.auth("reader", "word")
tell(client.range("a").kvs[0].value.decode())
try:
    client.put("a", "2")
except errors.Etcd3Exception as error:
    tell([error.code, error.error])
client.auth("root", "secret")
tell([user for user in client.user_list().users])
client.auth_disable()
""", server.port) == ["1", [7, "etcdserver: permission denied"], ["reader", "root"]]
