"""Leases: granting, keeping alive, expiring, revoking."""

import queue

import grpc
import pytest

from support.process import eventually
from support.protocol import Client, message, prefix_end, refused
from support.watching import watching


class KeepAlive:
    """The stream that renews leases; one answer for each request, in order."""

    def __init__(self, client):
        self.requests = queue.Queue()
        self.call = client.Lease.LeaseKeepAlive(iter(self.requests.get, None), timeout=20)

    def renew(self, *leases):
        for lease in leases:
            self.requests.put(message("LeaseKeepAliveRequest")(ID=lease))
        return [next(self.call) for _ in leases]

    def end(self):
        self.requests.put(None)
        return list(self.call)


def test_a_lease_has_an_identifier_and_at_least_the_least_time(client):
    chosen = client.Lease.LeaseGrant(TTL=600, ID=4711)
    assert (chosen.ID, chosen.TTL, chosen.error) == (4711, 600, "")
    assert chosen.header.cluster_id != 0 and chosen.header.revision == client.revision()
    given = client.Lease.LeaseGrant(TTL=600)
    assert given.ID > 0 and given.ID != chosen.ID
    for time in (0, -5, 1):
        assert 1 <= client.Lease.LeaseGrant(TTL=time).TTL <= 2
    assert client.Lease.LeaseGrant(TTL=9_000_000_000).TTL == 9_000_000_000


def test_what_cannot_be_granted_is_refused(client):
    client.Lease.LeaseGrant(TTL=600, ID=815)
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "etcdserver: lease already exists"):
        client.Lease.LeaseGrant(TTL=600, ID=815)
    with refused(grpc.StatusCode.OUT_OF_RANGE, "etcdserver: too large lease TTL"):
        client.Lease.LeaseGrant(TTL=9_000_000_001)
    with refused(grpc.StatusCode.NOT_FOUND, "etcdserver: requested lease not found"):
        client.Lease.LeaseRevoke(ID=99_999)


def test_revoking_removes_all_its_keys_in_one_revision(client, key):
    lease = client.Lease.LeaseGrant(TTL=600).ID
    for name in (b"c", b"a", b"b"):
        client.KV.Put(key=key + name, value=b"1", lease=lease)
    client.KV.Put(key=key + b"other", value=b"1")
    before = client.revision()
    with watching(client) as stream:
        stream.create(key, range_end=prefix_end(key), prev_kv=True)
        revoked = client.Lease.LeaseRevoke(ID=lease)
        assert revoked.header.revision == before + 1
        events = stream.next().events
        assert [(event.type, event.kv.key[-1:]) for event in events] == [(1, b"a"), (1, b"b"), (1, b"c")]
        assert {event.kv.mod_revision for event in events} == {before + 1}
        assert [event.prev_kv.lease for event in events] == [lease] * 3
    assert client.KV.Range(key=key, range_end=prefix_end(key)).count == 1
    with refused(grpc.StatusCode.NOT_FOUND, "etcdserver: requested lease not found"):
        client.Lease.LeaseRevoke(ID=lease)


def test_revoking_a_lease_without_keys_takes_no_revision(client):
    lease = client.Lease.LeaseGrant(TTL=600).ID
    before = client.revision()
    assert client.Lease.LeaseRevoke(ID=lease).header.revision == before


def test_an_expired_lease_removes_its_keys_in_one_revision(client, key):
    with watching(client) as stream:
        lease = client.Lease.LeaseGrant(TTL=1).ID
        for name in (b"b", b"a", b"c"):
            client.KV.Put(key=key + name, value=b"1", lease=lease)
        stream.create(key, range_end=prefix_end(key))
        message = stream.next(timeout=15)
        assert [(event.type, event.kv.key[-1:]) for event in message.events] == [
            (1, b"a"),
            (1, b"b"),
            (1, b"c"),
        ]
        revisions = {event.kv.mod_revision for event in message.events}
        assert revisions == {message.header.revision}
    assert client.Lease.LeaseTimeToLive(ID=lease).TTL == -1
    assert client.KV.Range(key=key, range_end=prefix_end(key)).count == 0
    with refused(grpc.StatusCode.NOT_FOUND, "etcdserver: requested lease not found"):
        client.KV.Put(key=key, lease=lease)


def test_a_lease_that_is_kept_alive_outlives_its_time(client, key):
    kept = client.Lease.LeaseGrant(TTL=2).ID
    left = client.Lease.LeaseGrant(TTL=2).ID
    client.KV.Put(key=key + b"kept", lease=kept)
    client.KV.Put(key=key + b"left", lease=left)
    stream = KeepAlive(client)

    def renew():
        assert stream.renew(kept)[0].TTL == 2
        return client.get(key + b"left") is None

    eventually(renew, within=20, what="the end of the lease that nobody renews")
    assert client.get(key + b"kept") == b""
    stream.end()


def test_keeping_alive_answers_each_request_in_order(client):
    first = client.Lease.LeaseGrant(TTL=100).ID
    second = client.Lease.LeaseGrant(TTL=200).ID
    stream = KeepAlive(client)
    answers = stream.renew(second, first, 424_242, second)
    assert [answer.ID for answer in answers] == [second, first, 424_242, second]
    assert [answer.TTL for answer in answers] == [200, 100, 0, 200]
    assert all(answer.header.cluster_id != 0 for answer in answers)
    assert stream.end() == []


def test_the_remaining_time_and_the_keys_can_be_asked(client, key):
    lease = client.Lease.LeaseGrant(TTL=600).ID
    for name in (b"b", b"a"):
        client.KV.Put(key=key + name, lease=lease)
    answer = client.Lease.LeaseTimeToLive(ID=lease)
    assert (answer.ID, answer.grantedTTL, list(answer.keys)) == (lease, 600, [])
    assert 590 <= answer.TTL <= 600
    assert sorted(client.Lease.LeaseTimeToLive(ID=lease, keys=True).keys) == [key + b"a", key + b"b"]
    unknown = client.Lease.LeaseTimeToLive(ID=31_337)
    assert (unknown.ID, unknown.TTL, unknown.grantedTTL) == (31_337, -1, 0)


def test_a_key_belongs_to_the_lease_of_its_last_write(client, key):
    first = client.Lease.LeaseGrant(TTL=600).ID
    second = client.Lease.LeaseGrant(TTL=600).ID
    client.KV.Put(key=key + b"moved", lease=first)
    client.KV.Put(key=key + b"moved", lease=second)
    client.KV.Put(key=key + b"freed", lease=first)
    client.KV.Put(key=key + b"freed")
    client.KV.Put(key=key + b"deleted", lease=first)
    client.KV.DeleteRange(key=key + b"deleted")
    assert list(client.Lease.LeaseTimeToLive(ID=first, keys=True).keys) == []
    assert list(client.Lease.LeaseTimeToLive(ID=second, keys=True).keys) == [key + b"moved"]
    client.Lease.LeaseRevoke(ID=first)
    assert client.KV.Range(key=key, range_end=prefix_end(key)).count == 2


def test_all_leases_are_listed(client):
    wanted = {client.Lease.LeaseGrant(TTL=500 + number).ID for number in range(5)}
    listed = [lease.ID for lease in client.Lease.LeaseLeases().leases]
    assert wanted <= set(listed)
    assert len(listed) == len(set(listed))
    for lease in wanted:
        client.Lease.LeaseRevoke(ID=lease)
    assert not wanted & {lease.ID for lease in client.Lease.LeaseLeases().leases}


def test_a_lease_survives_a_restart_with_its_keys(make_server, key):
    server = make_server().start()
    with Client(server) as client:
        lease = client.Lease.LeaseGrant(TTL=600).ID
        client.KV.Put(key=key, value=b"1", lease=lease)
    server.restart()
    with Client(server) as client:
        answer = client.Lease.LeaseTimeToLive(ID=lease, keys=True)
        assert (answer.grantedTTL, list(answer.keys)) == (600, [key])
        client.Lease.LeaseRevoke(ID=lease)
        assert client.get(key) is None


@pytest.mark.parametrize("count", [300])
def test_many_leases_expire_together(client, key, count):
    leases = [client.Lease.LeaseGrant(TTL=2).ID for _ in range(count)]
    operations = [
        {"request_put": {"key": key + b"%d" % number, "lease": lease}} for number, lease in enumerate(leases)
    ]
    for start in range(0, count, 100):
        client.KV.Txn(success=operations[start : start + 100])
    everything = {"key": key, "range_end": prefix_end(key), "count_only": True}
    assert client.KV.Range(**everything).count == count
    eventually(lambda: client.KV.Range(**everything).count == 0, within=20, what="the end of all leases")
