"""The lock service as stubs see it; etcdctl's lock, which uses only KV, is in `test_etcdctl_running.py`."""

import grpc
import pytest

from support.coordination import UNKNOWN, contenders, has_joined, lease, lock
from support.frames import RawConnection, request
from support.process import eventually
from support.protocol import Client, message, refused


def test_a_free_lock_is_held_at_once(client, key):
    own = lease(client)
    answer = client.Lock.Lock(name=key, lease=own)
    assert answer.key == b"%s/%x" % (key, own)
    (kv,) = client.KV.Range(key=answer.key).kvs
    assert (kv.value, kv.lease, kv.create_revision) == (b"", own, answer.header.revision)
    assert answer.header.cluster_id and answer.header.member_id and answer.header.raft_term


def test_a_lock_without_a_lease_gets_one_of_a_minute(client, key):
    answer = client.Lock.Lock(name=key)
    (kv,) = client.KV.Range(key=answer.key).kvs
    assert kv.lease != 0 and answer.key == b"%s/%x" % (key, kv.lease)
    status = client.Lease.LeaseTimeToLive(ID=kv.lease)
    assert status.grantedTTL == 60 and 50 < status.TTL <= 60


def test_a_name_may_be_empty(client):
    own = lease(client)
    answer = client.Lock.Lock(name=b"", lease=own)
    assert answer.key == b"/%x" % own
    client.Lock.Unlock(key=answer.key)


@pytest.mark.parametrize("unknown", [12345, -5])
def test_a_lease_has_to_exist(client, key, unknown):
    with refused(UNKNOWN, "etcdserver: requested lease not found"):
        client.Lock.Lock(name=key, lease=unknown)
    with refused(UNKNOWN, "etcdserver: requested lease not found"):
        client.Election.Campaign(name=key, lease=unknown, value=b"v")


def test_locking_again_with_the_same_lease_changes_nothing(client, key):
    own = lease(client)
    first = client.Lock.Lock(name=key, lease=own)
    again = client.Lock.Lock(name=key, lease=own)
    assert again.key == first.key and again.header.revision == client.revision()
    assert len(contenders(client, key)) == 1


def test_locks_are_given_in_the_order_in_which_they_were_asked_for(client, key):
    leases = [lease(client) for _ in range(4)]
    first = client.Lock.Lock(name=key, lease=leases[0])
    waiting = []
    for each in leases[1:]:
        waiting.append(lock(client, key, each))
        has_joined(client, key, each)
    held = first.key
    while waiting:
        assert not any(call.call.done() for call in waiting)
        call = waiting.pop(0)
        unlocked = client.Lock.Unlock(key=held)
        answer = call.result()
        # As of when it was seen to be free, which is not before the unlocking.
        assert answer.header.revision >= unlocked.header.revision
        held = answer.key
    assert contenders(client, key) == [held]


def test_a_lock_is_free_when_its_lease_ends(client, key):
    holder, waiter = lease(client), lease(client)
    client.Lock.Lock(name=key, lease=holder)
    call = lock(client, key, waiter)
    has_joined(client, key, waiter)
    client.Lease.LeaseRevoke(ID=holder)
    assert call.result().key == b"%s/%x" % (key, waiter)


def test_a_waiter_that_is_cancelled_leaves_the_queue_and_is_skipped(client, key):
    leases = [lease(client) for _ in range(3)]
    first = client.Lock.Lock(name=key, lease=leases[0])
    middle = lock(client, key, leases[1])
    has_joined(client, key, leases[1])
    last = lock(client, key, leases[2])
    has_joined(client, key, leases[2])
    middle.call.cancel()
    gone = b"%s/%x" % (key, leases[1])
    eventually(lambda: gone not in contenders(client, key), what="the cancelled waiter's leaving")
    assert not last.call.done()
    client.Lock.Unlock(key=first.key)
    assert last.result().key == b"%s/%x" % (key, leases[2])


def test_a_waiter_whose_deadline_passes_leaves_the_queue(client, key):
    holder, waiter = lease(client), lease(client)
    client.Lock.Lock(name=key, lease=holder)
    with pytest.raises(grpc.RpcError) as error:
        client.Lock.Lock(name=key, lease=waiter, timeout=0.5)
    # Who notices first gives it a code of its own: the client, or the server.
    assert "deadline exceeded" in error.value.details().lower()
    eventually(lambda: contenders(client, key) == [b"%s/%x" % (key, holder)], what="an empty queue")


def test_a_waiter_whose_connection_is_lost_leaves_the_queue(server, client, key):
    holder, waiter = lease(client), lease(client)
    client.Lock.Lock(name=key, lease=holder)
    body = message("v3lockpb.LockRequest")(name=key, lease=waiter).SerializeToString()
    with RawConnection(server) as connection:
        connection.greet()
        connection.send(request(1, b"/v3lockpb.Lock/Lock", body))
        has_joined(client, key, waiter)
    eventually(lambda: contenders(client, key) == [b"%s/%x" % (key, holder)], what="a queue of one")


@pytest.mark.since(35, "older servers give the lock to a waiter that has lost its key")
def test_a_waiter_whose_lease_ended_does_not_get_the_lock(client, key):
    holder, waiter = lease(client), lease(client)
    first = client.Lock.Lock(name=key, lease=holder)
    call = lock(client, key, waiter)
    has_joined(client, key, waiter)
    client.Lease.LeaseRevoke(ID=waiter)
    assert not call.call.done()
    client.Lock.Unlock(key=first.key)
    assert call.error() == (UNKNOWN, "mutex: session is expired")


def test_unlocking_deletes_the_key_and_nothing_else(client, key):
    held = client.Lock.Lock(name=key, lease=lease(client))
    answer = client.Lock.Unlock(key=held.key)
    assert answer.header.revision == held.header.revision + 1
    assert contenders(client, key) == []
    assert client.Lock.Unlock(key=held.key).header.revision == answer.header.revision
    with refused(UNKNOWN, "etcdserver: key is not provided"):
        client.Lock.Unlock(key=b"")


# etcd 3.5 leaves places behind when so many waiters are cancelled at once.
@pytest.mark.isthmus_only
def test_a_thousand_waiting_locks_are_served_one_by_one(server, client, key):
    leases = [lease(client) for _ in range(1000)]
    held = client.Lock.Lock(name=key, lease=lease(client)).key

    def count():
        return client.KV.Range(key=key + b"/", range_end=key + b"0", count_only=True).count

    with Client(server) as first, Client(server) as second:
        by_key = {b"%s/%x" % (key, each): lock(first, key, each) for each in leases[:500]}
        by_key |= {b"%s/%x" % (key, each): lock(second, key, each) for each in leases[500:]}
        eventually(lambda: count() == 1001, within=60, what="a thousand waiters")
        for following in contenders(client, key)[1:21]:
            client.Lock.Unlock(key=held)
            held = by_key[following].result().key
            assert held == following
        for call in by_key.values():
            call.call.cancel()
        eventually(lambda: count() == 1, within=60, what="an empty queue")
    assert contenders(client, key) == [held]


@pytest.mark.isthmus_only
def test_waiting_calls_end_when_the_server_stops(make_server, key):
    server = make_server().start()
    with Client(server) as client:
        client.Lock.Lock(name=key, lease=lease(client))
        waiter = lease(client)
        call = lock(client, key, waiter)
        has_joined(client, key, waiter)
        server.stop()
        assert call.error()[0] == grpc.StatusCode.UNAVAILABLE
