"""Locks, elections and snapshots over the JSON gateway: calls that wait, or answer with a stream."""

import base64
import hashlib

from support.gateway import Stream, call, text


def test_a_lock_is_taken_and_given_back(server, client, key):
    held = call(server, "lock/lock", {"name": text(key)})["key"]
    assert base64.b64decode(held).startswith(key + b"/")
    call(server, "lock/unlock", {"key": held})
    assert client.KV.Range(key=base64.b64decode(held)).count == 0


def test_an_election_is_won_watched_and_resigned(server, key):
    name = text(key)
    leader = call(server, "election/campaign", {"name": name, "value": text(b"one")})["leader"]
    with Stream(server, "election/observe", {"name": name}) as observer:
        assert observer.next()["kv"]["value"] == text(b"one")
        call(server, "election/proclaim", {"leader": leader, "value": text(b"two")})
        assert observer.next()["kv"]["value"] == text(b"two")
    assert call(server, "election/leader", {"name": name})["kv"]["value"] == text(b"two")
    call(server, "election/resign", {"leader": leader})


def test_a_snapshot_is_a_file_with_its_checksum(server):
    parts = []
    with Stream(server, "maintenance/snapshot", {}) as stream:
        while line := stream.line():
            parts.append(base64.b64decode(line["result"].get("blob", "")))
    file = b"".join(parts)
    assert file[-32:] == hashlib.sha256(file[:-32]).digest()
    # The magic number of bbolt's first page.
    assert file[16:20] == bytes.fromhex("edda0ced")
