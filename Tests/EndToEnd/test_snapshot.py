"""Snapshots: ours restored by real etcd, real etcd's restored by us, and what is refused."""

import hashlib
import time

import grpc
import pytest

from support.process import eventually
from support.protocol import Client, refused
from support.servers import Etcd34, Etcd35, Isthmus
from support.snapshots import history, restored_etcd, restored_isthmus, save, state, status
from support.users import DENIED, add_role, add_user, login, permission

COMPACTED = grpc.StatusCode.OUT_OF_RANGE, "etcdserver: mvcc: required revision has been compacted"


def fill(client):
    """Writes a history with everything in it; returns the revision at which it may be compacted."""
    lease = client.Lease.LeaseGrant(TTL=3600, ID=0x1234567890).ID
    client.Lease.LeaseGrant(TTL=7200, ID=7)
    for number in range(60):
        client.KV.Put(key=b"a/%03d" % number, value=b"old %d" % number)
    for number in range(0, 60, 3):
        client.KV.Put(key=b"a/%03d" % number, value=b"new", lease=lease)
    client.KV.DeleteRange(key=b"a/010", range_end=b"a/020")
    middle = client.revision()
    client.KV.Put(key=b"large", value=b"\x00\xff" * 400_000)
    client.KV.Put(key=b"empty", value=b"")
    client.KV.Txn(
        success=[
            {"request_put": {"key": b"t/%d" % number, "value": b"v"}} for number in range(20)
        ] + [{"request_delete_range": {"key": b"a/030", "range_end": b"a/040"}}]
    )  # fmt: skip
    client.KV.Put(key=b"a/012", value=b"again")
    client.KV.DeleteRange(key=b"empty")
    return middle


def make_users(client):
    add_role(client, "root")
    add_user(client, "root", "root")
    add_role(
        client,
        "reader",
        permission("READ", b"a/", b"a0"),
        permission("READWRITE", b"large"),
        permission("WRITE", b"z", b"\0"),
    )
    add_user(client, "alice", "reader")
    add_user(client, "bob", "reader", options={"no_password": True})


def test_the_stream_is_the_file_and_its_checksum(client, key):
    client.KV.Put(key=key, value=b"1" * 100_000)
    parts = list(client.Maintenance.Snapshot())
    assert all(0 < len(part.blob) <= 32 * 1024 for part in parts)
    blob = b"".join(part.blob for part in parts[:-1])
    assert len(blob) % 4096 == 0
    assert hashlib.sha256(blob).digest() == parts[-1].blob
    remaining = len(blob)
    for part in parts[:-1]:
        remaining -= len(part.blob)
        assert part.remaining_bytes == remaining
    assert parts[-1].remaining_bytes == 0


@pytest.mark.since(36, "older servers do not say which version made the file")
def test_the_version_of_the_file_is_told(client):
    for part in client.Maintenance.Snapshot():
        assert part.version == "3.6.0"
        assert part.header.cluster_id != 0


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_etcdctl_saves_a_file_that_etcd_finds_in_order(server, client, key, tmp_path, version):
    client.KV.Put(key=key, value=b"1")
    found = status(save(server, tmp_path / "saved.db", version))
    assert found["revision"] == client.revision()
    assert found["totalKey"] > 0


@pytest.mark.parametrize("level", [35, 34])
@pytest.mark.parametrize("compacted", [False, True])
def test_etcd_serves_what_we_saved(make_server, servers, tmp_path, level, compacted):
    ours = make_server().start()
    with Client(ours) as client:
        middle = fill(client)
        make_users(client)
        if compacted:
            client.KV.Compact(revision=middle, physical=True)
        path = save(ours, tmp_path / "saved.db")
        status(path)
        theirs = servers(restored_etcd(path, tmp_path / "restored", level))
        with Client(theirs) as other:
            expected = state(client)
            assert state(other) == expected
            first = middle if compacted else 2
            head = expected["revision"]
            assert history(other, first, head) == history(client, first, head)
            if compacted:
                for each in (client, other):
                    with refused(*COMPACTED):
                        each.KV.Range(key=b"a/000", revision=middle - 1)
            # etcd before 3.6 leaves out what the compaction kept and something later replaced.
            for each in (client, other):
                each.KV.Compact(revision=head, physical=True)
                each.KV.Put(key=b"after", value=b"1")
            assert other.revision() == head + 1
            assert other.Maintenance.HashKV().hash == client.Maintenance.HashKV().hash


def test_hashes_of_every_revision_are_etcds(make_server, servers, tmp_path):
    ours = make_server().start()
    with Client(ours) as client:
        fill(client)
        theirs = servers(restored_etcd(save(ours, tmp_path / "saved.db"), tmp_path / "restored"))
        with Client(theirs) as other:
            for revision in range(2, client.revision() + 1):
                expected = client.Maintenance.HashKV(revision=revision).hash
                assert other.Maintenance.HashKV(revision=revision).hash == expected


@pytest.mark.isthmus_only
def test_an_empty_store_comes_back(make_server, servers, tmp_path):
    ours = make_server().start()
    path = save(ours, tmp_path / "saved.db")
    theirs = servers(restored_etcd(path, tmp_path / "restored"))
    again = servers(restored_isthmus(path, tmp_path / "again"))
    with Client(ours) as client, Client(theirs) as other, Client(again) as third:
        assert state(other) == state(client)
        # Our server writes keys of its own when it starts.
        assert third.revision() >= client.revision()


@pytest.mark.parametrize("source", [Etcd35, Etcd34, Isthmus])
@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.isthmus_only
def test_we_serve_what_was_saved(servers, tmp_path, source, compacted):
    theirs = servers(source(tmp_path / "source").start())
    with Client(theirs) as client:
        middle = fill(client)
        make_users(client)
        if compacted:
            client.KV.Compact(revision=middle, physical=True)
        before = state(client)
        head = before["revision"]
        ours = servers(restored_isthmus(save(theirs, tmp_path / "saved.db"), tmp_path / "restored"))
        with Client(ours) as other:
            after = state(other)
            # A new cluster, whose revisions go on above the saved ones.
            clusters = {each.Maintenance.Status().header.cluster_id for each in (client, other)}
            assert len(clusters) == 2
            assert after["revision"] > head or source is Isthmus
            own = [kv for kv in after["keys"] if kv[0].startswith(b"cilium/")]
            assert all(kv[3] > head for kv in own) or source is Isthmus
            assert [kv for kv in after["keys"] if kv not in own] == [
                kv for kv in before["keys"] if not kv[0].startswith(b"cilium/")
            ]
            for what in ("leases", "roles", "users"):
                assert after[what] == before[what]
            first = middle if compacted else 2
            assert history(other, first, head) == history(client, first, head)
            for revision in range(first + 1, head + 1, 17):
                old = client.KV.Range(key=b"\0", range_end=b"\0", revision=revision).kvs
                new = other.KV.Range(key=b"\0", range_end=b"\0", revision=revision).kvs
                assert list(new) == list(old)
            if compacted:
                with refused(*COMPACTED):
                    other.KV.Range(key=b"a/000", revision=middle - 1)
            else:
                hashes = [each.Maintenance.HashKV(revision=head).hash for each in (client, other)]
                assert hashes[0] == hashes[1]


def test_users_log_in_at_etcd_after_a_restoration(make_server, servers, tmp_path):
    ours = make_server().start()
    with Client(ours) as client:
        client.KV.Put(key=b"a/1", value=b"v")
        make_users(client)
        client.Auth.AuthEnable()
    path = tmp_path / "saved.db"
    save(ours, path, flags=["--user", "root:root"])
    for level in (35, 34):
        theirs = servers(restored_etcd(path, tmp_path / f"restored-{level}", level))
        check_logins(theirs)


@pytest.mark.isthmus_only
@pytest.mark.parametrize("source", [Etcd35, Etcd34])
def test_users_of_etcd_log_in_after_a_restoration(servers, tmp_path, source):
    theirs = servers(source(tmp_path / "source").start())
    with Client(theirs) as client:
        client.KV.Put(key=b"a/1", value=b"v")
        make_users(client)
        client.Auth.AuthEnable()
    path = save(theirs, tmp_path / "saved.db", flags=["--user", "root:root"])
    check_logins(servers(restored_isthmus(path, tmp_path / "restored")))


def check_logins(server):
    with Client(server) as client:
        alice = login(client, "alice", "alice")
        assert client.KV.Range(key=b"a/1", metadata=alice).kvs[0].value == b"v"
        with refused(*DENIED):
            client.KV.Put(key=b"a/1", value=b"w", metadata=alice)
        client.KV.Put(key=b"zzz", value=b"w", metadata=alice)
        root = login(client, "root", "root")
        assert list(client.Auth.UserGet(name="bob", metadata=root).roles) == ["reader"]
        for name in ("alice", "bob"):
            failed = "etcdserver: authentication failed, invalid user ID or password"
            with pytest.raises(grpc.RpcError) as caught:
                client.Auth.Authenticate(name=name, password="wrong")
            assert caught.value.details() == failed or name == "bob"


@pytest.mark.since(36, "older servers refuse without etcd's usual code")
def test_only_root_saves_when_users_count(make_server, tmp_path):
    server = make_server().start()
    with Client(server) as client:
        make_users(client)
        client.Auth.AuthEnable()
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "etcdserver: user name is empty"):
            list(client.Maintenance.Snapshot())
        with refused(*DENIED):
            list(client.Maintenance.Snapshot(metadata=login(client, "alice", "alice")))
        assert list(client.Maintenance.Snapshot(metadata=login(client, "root", "root")))


@pytest.mark.since(36, "older servers refuse without etcd's usual code")
def test_only_administrators_save(secure_server):
    for identity in ("local", "remote"):
        with Client(secure_server, identity) as client, refused(*DENIED):
            list(client.Maintenance.Snapshot())
    with Client(secure_server, "admin") as client:
        assert list(client.Maintenance.Snapshot())


@pytest.mark.isthmus_only
def test_twenty_thousand_keys_come_back(make_server, servers, tmp_path):
    ours = make_server().start()
    with Client(ours) as client:
        for start in range(0, 20_000, 100):
            client.KV.Txn(
                success=[
                    {"request_put": {"key": b"many/%06d" % number, "value": b"x" * (number % 300)}}
                    for number in range(start, start + 100)
                ]
            )
        path = save(ours, tmp_path / "saved.db")
        # The keys that our server writes at start come on top.
        assert status(path)["totalKey"] >= 20_000
        theirs = servers(restored_etcd(path, tmp_path / "restored"))
        again = servers(restored_isthmus(path, tmp_path / "again"))
        request = {"key": b"many/", "range_end": b"many0", "timeout": 60}
        expected = list(client.KV.Range(**request).kvs)
        assert len(expected) == 20_000
        for server in (theirs, again):
            with Client(server) as other:
                assert list(other.KV.Range(**request).kvs) == expected
        with Client(theirs) as other:
            assert other.Maintenance.HashKV().hash == client.Maintenance.HashKV().hash


def test_a_lease_goes_on_after_a_restoration(make_server, servers, tmp_path):
    ours = make_server().start()
    with Client(ours) as client:
        lease = client.Lease.LeaseGrant(TTL=600).ID
        client.KV.Put(key=b"leased", value=b"1", lease=lease)
        theirs = servers(restored_etcd(save(ours, tmp_path / "saved.db"), tmp_path / "restored"))
    with Client(theirs) as other:
        other.Lease.LeaseRevoke(ID=lease)
        assert other.get(b"leased") is None


def test_writes_go_on_while_a_snapshot_is_sent(make_server, tmp_path, servers):
    server = make_server().start()
    with Client(server) as client:
        for number in range(64):
            client.KV.Put(key=b"big/%d" % number, value=bytes(1_000_000))
        head = client.revision()
        stream = client.Maintenance.Snapshot(timeout=120)
        parts = [next(stream)]
        for number in range(64):
            client.KV.Put(key=b"big/%d" % number, value=b"replaced")
        client.KV.Compact(revision=client.revision(), physical=True)
        parts += list(stream)
    path = tmp_path / "saved.db"
    path.write_bytes(b"".join(part.blob for part in parts))
    assert status(path)["revision"] == head


@pytest.mark.isthmus_only
def test_a_client_that_does_not_read_costs_little_and_leaves_at_once(make_server):
    server = make_server().start()
    with Client(server) as client:
        for number in range(60):
            client.KV.Put(key=b"big/%d" % number, value=bytes(1_000_000))
    clients = [Client(server) for _ in range(3)]
    streams = [each.Maintenance.Snapshot(timeout=120) for each in clients[:2]]
    for stream in streams:
        next(stream)
    assert server.metrics()["isthmus_data_snapshots"] == 2
    before = resident(server)
    # As many as are allowed.
    with refused(
        grpc.StatusCode.RESOURCE_EXHAUSTED, "isthmus: 2 snapshots are being sent, as many as are allowed"
    ):
        list(clients[2].Maintenance.Snapshot())
    assert server.metrics()["isthmus_data_refused_snapshots_total"] == 1
    time.sleep(0.5)  # Not to wait for something: if the file were made, this would be time enough to see it.
    assert resident(server) - before < 30 << 20
    for stream in streams:
        stream.cancel()
    eventually(lambda: server.metrics()["isthmus_data_snapshots"] == 0, what="the end of both calls")
    assert list(clients[2].Maintenance.Snapshot(timeout=120))
    for each in clients:
        each.close()


def resident(server):
    with open(f"/proc/{server.process.pid}/statm") as file:
        return int(file.read().split()[1]) * 4096
