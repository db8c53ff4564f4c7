"""Compaction: what of the past is gone, and what must stay."""

import grpc
import pytest

from support.protocol import Client, prefix_end, refused

OUT_OF_RANGE = grpc.StatusCode.OUT_OF_RANGE
COMPACTED = "etcdserver: mvcc: required revision has been compacted"
FUTURE = "etcdserver: mvcc: required revision is a future revision"


@pytest.fixture
def history(client, key):
    """Five values of one key; returns their revisions."""
    return [client.KV.Put(key=key, value=b"%d" % number).header.revision for number in range(5)]


def test_the_past_below_the_horizon_is_gone_and_the_rest_stays(client, key, history):
    answer = client.KV.Compact(revision=history[2], physical=True)
    assert answer.header.revision == client.revision()
    for revision in history[:2]:
        with refused(OUT_OF_RANGE, COMPACTED):
            client.KV.Range(key=key, revision=revision)
    for number in (2, 3, 4):
        assert client.get(key, revision=history[number]) == b"%d" % number
    (kv,) = client.KV.Range(key=key).kvs
    assert (kv.create_revision, kv.version) == (history[0], 5)


def test_compaction_only_moves_forward(client, history):
    client.KV.Compact(revision=history[3])
    for revision in (history[3], history[1], 0, -1):
        with refused(OUT_OF_RANGE, COMPACTED):
            client.KV.Compact(revision=revision)
    with refused(OUT_OF_RANGE, FUTURE):
        client.KV.Compact(revision=client.revision() + 1)


def test_the_head_itself_may_be_the_horizon(client, key, history):
    client.KV.Compact(revision=history[4])
    assert client.get(key) == b"4"
    assert client.get(key, revision=history[4]) == b"4"
    with refused(OUT_OF_RANGE, COMPACTED):
        client.KV.Range(key=key, revision=history[3])


def test_keys_that_were_not_touched_stay_readable_at_the_horizon(client, key):
    client.KV.Put(key=key + b"old", value=b"1")
    client.KV.Put(key=key + b"deleted", value=b"2")
    client.KV.DeleteRange(key=key + b"deleted")
    horizon = client.KV.Put(key=key + b"new", value=b"3").header.revision
    client.KV.Put(key=key + b"later", value=b"4")
    client.KV.Compact(revision=horizon, physical=True)
    found = client.KV.Range(key=key, range_end=prefix_end(key), revision=horizon)
    assert [(kv.key[len(key) :], kv.value) for kv in found.kvs] == [(b"new", b"3"), (b"old", b"1")]


def test_a_transaction_that_reads_the_compacted_past_fails_whole(client, key, history):
    client.KV.Compact(revision=history[2])
    head = client.revision()
    operations = [
        {"request_put": {"key": key, "value": b"never"}},
        {"request_range": {"key": key, "revision": history[1]}},
    ]
    with refused(OUT_OF_RANGE, COMPACTED):
        client.KV.Txn(success=operations)
    assert client.revision() == head and client.get(key) == b"4"


def test_a_fresh_store_starts_at_one_and_can_be_compacted_at_zero_once(make_server):
    server = make_server().start()
    with Client(server) as client:
        if not server.is_etcd:
            # Ours writes its heartbeat and configuration at once.
            assert client.revision() >= 1
            return
        assert client.revision() == 1
        client.KV.Compact(revision=0)
        with refused(OUT_OF_RANGE, COMPACTED):
            client.KV.Compact(revision=0)


def test_the_horizon_and_the_revision_survive_a_restart(make_server, key):
    server = make_server().start()
    with Client(server) as client:
        revisions = [client.KV.Put(key=key, value=b"%d" % number).header.revision for number in range(5)]
        # The head is a tombstone, which compaction removes: the revision must not fall back.
        head = client.KV.DeleteRange(key=key).header.revision
        client.KV.Put(key=key + b"other")
        head = client.KV.DeleteRange(key=key + b"other").header.revision
        client.KV.Compact(revision=head, physical=True)
    server.restart()
    with Client(server) as client:
        assert client.revision() >= head
        for revision in revisions:
            with refused(OUT_OF_RANGE, COMPACTED):
                client.KV.Range(key=key, revision=revision)
        assert client.KV.Put(key=key, value=b"6").header.revision > head
